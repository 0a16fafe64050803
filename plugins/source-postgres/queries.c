/*
 * queries.c - reads the object of queries. The host has checked that it is valid JSON; what is
 * looked at here is that it holds names and texts only.
 */
#include "queries.h"

#include <stdlib.h>
#include <string.h>

#include "common/jsonscan.h"
#include "common/jsontext.h"
#include "common/say.h"

/* NULL when it is no text that C and SQL can hold. */
static char *unescape(const char *data, size_t len)
{
    char *text = malloc(len + 1);
    size_t n = text ? jsontext_unescape(data, len, text) : JSONTEXT_BAD;
    if (n == JSONTEXT_BAD || !n || memchr(text, '\0', n)) {
        free(text);
        return NULL;
    }
    text[n] = '\0';
    return text;
}

static void cut_semicolons(char *text)
{
    size_t n = strlen(text);
    while (n && strchr("; \t\r\n", text[n - 1]))
        text[--n] = '\0';
}

static int add(struct queries *q, const struct jsonscan_member *m)
{
    const struct jsonscan_slice *value = &m->value;
    char **names = realloc(q->names, (q->n + 1) * sizeof *names);
    char **texts = realloc(q->texts, (q->n + 1) * sizeof *texts);
    q->names = names ? names : q->names;
    q->texts = texts ? texts : q->texts;
    if (!names || !texts || *value->data != '"')
        return -1;
    char *name = unescape(m->key.data, m->key.len);
    char *text = unescape(value->data + 1, value->len - 2);
    if (text)
        cut_semicolons(text);
    if (!name || !text || !*text) {
        free(name);
        free(text);
        return -1;
    }
    q->names[q->n] = name;
    q->texts[q->n++] = text;
    return 0;
}

int32_t queries_parse(struct queries *q, const mig_host_t *host, const char *option,
                      const char *json)
{
    struct jsonscan_walk w;
    struct jsonscan_member m;
    int more = 0, failed = 0;
    *q = (struct queries){0};
    if (!json)
        return MIG_OK;
    jsonscan_walk(&w, json, strlen(json));
    while (!failed && (more = jsonscan_next(&w, &m)) == 1)
        failed = add(q, &m);
    if (!failed && more == 0)
        return MIG_OK;
    if (strcmp(option, "query") == 0)
        return say_fail(host, MIG_E_CONFIG, "write it as {\"entity\": \"SELECT ...\", ...}",
                        "option \"query\" is no object of queries");
    return say_fail(host, MIG_E_CONFIG, "write it as {\"entity\": \"table\", ...}",
                    "option \"%s\" is no object of tables", option);
}

void queries_clear(struct queries *q)
{
    for (size_t i = 0; i < q->n; i++) {
        free(q->names[i]);
        free(q->texts[i]);
    }
    free(q->names);
    free(q->texts);
    *q = (struct queries){0};
}

const char *queries_find(const struct queries *q, const char *entity)
{
    for (size_t i = 0; i < q->n; i++)
        if (strcmp(q->names[i], entity) == 0)
            return q->texts[i];
    return NULL;
}

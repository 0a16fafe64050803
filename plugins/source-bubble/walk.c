/*
 * walk.c - the ways of paging: none, offset, page number, cursor, link.
 *
 * Each is followed page by page, because only the page before says which one comes next. A link is
 * taken only to the server that was named, since the key goes with it.
 */
#include "walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/keep.h"
#include "common/option.h"
#include "common/say.h"
#include "parameter.h"

static int32_t read_paging(struct walk *w)
{
    static const char *const names[] = {"none", "offset", "page", "cursor", "link"};
    char *text = option_text(w->s->host, "paging");
    for (int i = 0; text && i < 5; i++)
        if (strcmp(text, names[i]) == 0)
            w->paging = (enum walk_paging)i;
    free(text);
    int by_parameter = w->paging != WALK_NONE && w->paging != WALK_LINK;
    if (by_parameter && !w->parameter)
        return say_fail(w->s->host, MIG_E_CONFIG, "name the parameter of the query",
                        "option \"paging\" needs \"parameter\"");
    if (w->paging >= WALK_CURSOR && !w->next)
        return say_fail(w->s->host, MIG_E_CONFIG, "a dotted path, such as \"meta.next\"",
                        "option \"paging\" needs \"next\": where a page tells the next one");
    return MIG_OK;
}

/* A JSON object of texts, or not set. */
static int32_t read_texts(struct walk *w, const char *name, json_t **out)
{
    int32_t status;
    const char *key;
    json_t *value;
    *out = keep_option_json(w->s->host, name, &status);
    int wrong = *out && !json_is_object(*out);
    json_object_foreach(*out, key, value)
    {
        wrong |= !json_is_string(value);
    }
    return wrong ? say_fail(w->s->host, MIG_E_CONFIG, "write it as {\"name\": \"text\"}",
                            "option \"%s\" is no object of texts", name)
                 : status;
}

int32_t walk_read(struct walk *w, const struct settings *s)
{
    *w = (struct walk){.s = s};
    w->list = option_text(s->host, "records");
    w->next = option_text(s->host, "next");
    w->parameter = option_text(s->host, "parameter");
    w->limit_parameter = option_text(s->host, "limit_parameter");
    int32_t status = read_texts(w, "paths", &w->paths);
    if (status == MIG_OK)
        status = read_texts(w, "query", &w->parameters);
    return status == MIG_OK ? read_paging(w) : status;
}

void walk_clear(struct walk *w)
{
    free(w->list);
    free(w->next);
    free(w->parameter);
    free(w->limit_parameter);
    free(w->path);
    free(w->mark);
    json_decref(w->paths);
    json_decref(w->parameters);
    *w = (struct walk){.s = w->s};
}

int walk_begin(struct walk *w, const char *entity)
{
    const char *path = json_string_value(json_object_get(w->paths, entity));
    free(w->path);
    free(w->mark);
    w->mark = NULL;
    w->path = strdup(path ? path : entity);
    w->before = 0;
    w->number = 1;
    return w->path ? 0 : -1;
}

/* ---- addresses ---------------------------------------------------------------------------- */

/* The option's path with the entity's behind it. */
static int set_path(CURLU *u, const char *more)
{
    char *path = NULL, *whole = NULL;
    int failed = curl_url_get(u, CURLUPART_PATH, &path, 0) != CURLUE_OK;
    if (!failed)
        whole = malloc(strlen(path) + strlen(more) + 2);
    if (whole) {
        char *end = stpcpy(whole, path);
        if (end[-1] != '/')
            *end++ = '/';
        stpcpy(end, more + (*more == '/'));
        failed = curl_url_set(u, CURLUPART_PATH, whole, CURLU_URLENCODE) != CURLUE_OK;
    }
    failed |= !whole;
    free(whole);
    curl_free(path);
    return failed ? -1 : 0;
}

static int set_query(const struct walk *w, CURLU *u)
{
    const char *name;
    json_t *value;
    int failed = 0;
    json_object_foreach(w->parameters, name, value)
    {
        failed |= parameter_add(u, name, json_string_value(value));
    }
    if (w->limit_parameter)
        failed |= parameter_number(u, w->limit_parameter, w->s->page_size);
    if (w->paging == WALK_OFFSET)
        failed |= parameter_number(u, w->parameter, w->before);
    else if (w->paging == WALK_PAGE)
        failed |= parameter_number(u, w->parameter, w->number);
    else if (w->paging == WALK_CURSOR && w->mark)
        failed |= parameter_add(u, w->parameter, w->mark);
    return failed;
}

char *walk_url(const struct walk *w)
{
    CURLU *u = curl_url_dup(w->s->base);
    char *url = NULL;
    int failed = !u || set_path(u, w->path) != 0;
    if (!failed && w->paging == WALK_LINK && w->mark)
        failed = curl_url_set(u, CURLUPART_URL, w->mark, 0) != CURLUE_OK;
    else if (!failed)
        failed = set_query(w, u) != 0;
    if (!failed)
        curl_url_get(u, CURLUPART_URL, &url, 0);
    curl_url_cleanup(u);
    return url;
}

/* ---- the next page ------------------------------------------------------------------------ */

/* A whole address must begin with that of the server. */
static int is_elsewhere(const struct walk *w)
{
    char *url = walk_url(w);
    size_t n = strlen(w->s->server);
    int is = !url || strncmp(url, w->s->server, n) != 0 || url[n] != '/';
    curl_free(url);
    return is;
}

static int by_mark(struct walk *w, const struct page *p)
{
    if (!p->next)
        return 0;
    if (w->mark && strcmp(w->mark, p->next) == 0)
        return -1;
    free(w->mark);
    w->mark = strdup(p->next);
    return w->mark && !(w->paging == WALK_LINK && is_elsewhere(w)) ? 1 : -1;
}

int walk_on(struct walk *w, const struct page *p)
{
    w->before += p->n;
    w->number++;
    if (w->paging == WALK_NONE)
        return 0;
    return w->paging >= WALK_CURSOR ? by_mark(w, p) : p->n > 0;
}

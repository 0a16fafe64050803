/*
 * query.c - the parameters of a search.
 *
 * There is no "at or after": a bound that is wanted itself is asked for by the millisecond before.
 */
#include "query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parameter.h"

const struct page_form query_form = {.list = "response.results",
                                     .cursor = "response.cursor",
                                     .remaining = "response.remaining",
                                     .is_keyed = 1};

char *query_type(const char *entity)
{
    char *type = strdup(entity), *to = type;
    for (const char *p = entity; type && *p; p++)
        if (*p != ' ')
            *to++ = *p >= 'A' && *p <= 'Z' ? (char)(*p | 32) : *p;
    if (type)
        *to = '\0';
    return type;
}

/* A copy of the base with `name` and `more` behind its path. */
static CURLU *at(const struct settings *s, const char *name, const char *more)
{
    CURLU *u = curl_url_dup(s->base);
    char *path = NULL, *escaped = curl_easy_escape(NULL, more, 0), *whole = NULL;
    if (u && escaped && curl_url_get(u, CURLUPART_PATH, &path, 0) == CURLUE_OK)
        whole = malloc(strlen(path) + strlen(name) + strlen(escaped) + 1);
    if (whole)
        stpcpy(stpcpy(stpcpy(whole, path), name), escaped);
    if (!whole || curl_url_set(u, CURLUPART_PATH, whole, 0) != CURLUE_OK) {
        curl_url_cleanup(u);
        u = NULL;
    }
    free(whole);
    curl_free(path);
    curl_free(escaped);
    return u;
}

static void bound(json_t *list, const char *key, const char *kind, int64_t moment)
{
    char text[MOMENT_TEXT];
    if (moment == MOMENT_NONE)
        return;
    moment_format(moment, text);
    json_array_append_new(
        list, json_pack("{ss ss ss}", "key", key, "constraint_type", kind, "value", text));
}

static int add_constraints(CURLU *u, const struct query *q, int64_t above, int64_t below)
{
    json_t *list = json_array();
    bound(list, QUERY_CREATED, "greater than", above);
    bound(list, QUERY_CREATED, "less than", below);
    if (q->since)
        bound(list, q->since, "greater than", q->least - 1);
    if (q->only)
        json_array_append_new(list, json_pack("{ss ss sO}", "key", QUERY_ID, "constraint_type",
                                              "in", "value", q->only));
    char *text = json_dumps(list, JSON_COMPACT | JSON_ENSURE_ASCII);
    int failed = !text || (json_array_size(list) && parameter_add(u, "constraints", text));
    free(text);
    json_decref(list);
    return failed ? -1 : 0;
}

static char *finish(CURLU *u, int failed)
{
    char *url = NULL;
    if (u && !failed)
        curl_url_get(u, CURLUPART_URL, &url, 0);
    curl_url_cleanup(u);
    return url;
}

char *query_page(const struct settings *s, const struct query *q, const struct keyset_request *r)
{
    CURLU *u = at(s, "/obj/", q->type);
    int failed = !u || parameter_add(u, "sort_field", QUERY_CREATED) ||
                 parameter_add(u, "descending", "false") ||
                 parameter_add(u, "additional_sort_fields",
                               "[{\"sort_field\":\"" QUERY_ID "\",\"descending\":false}]") ||
                 parameter_number(u, "limit", r->limit) ||
                 parameter_number(u, "cursor", r->cursor) ||
                 add_constraints(u, q, r->above, r->below);
    return finish(u, failed);
}

char *query_total(const struct settings *s, const struct query *q)
{
    CURLU *u = at(s, "/obj/", q->type);
    int failed = !u || parameter_number(u, "limit", 1) || parameter_number(u, "cursor", 0) ||
                 add_constraints(u, q, MOMENT_NONE, MOMENT_NONE);
    return finish(u, failed);
}

char *query_meta(const struct settings *s)
{
    return finish(at(s, "/meta", ""), 0);
}

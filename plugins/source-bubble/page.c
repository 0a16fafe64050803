/*
 * page.c - cuts a page into things.
 *
 * The things keep their bytes, so that numbers have all their digits. What is around them is
 * read by jansson; each thing is judged by it later, alone, which bounds memory by one record.
 */
#include "page.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "ids.h"
#include "moment.h"
#include "query.h"

static const char cut[] = "the body is cut or is no JSON";
static const char no_list[] = "the JSON is no list of things";

void page_free(struct page *p)
{
    free(p->things);
    *p = (struct page){.n = 0};
}

static int is_whole(const char *body, size_t len)
{
    struct jsonscan scan;
    size_t used;
    jsonscan_begin(&scan);
    return jsonscan_feed(&scan, body, len, &used) == JSONSCAN_MORE && jsonscan_closed(&scan) &&
           scan.parts == 1;
}

/* A count; -1 when it is not there, -2 when it is none. */
static int64_t count_of(const json_t *response, const char *name)
{
    const json_t *value = json_object_get(response, name);
    if (!value || json_is_null(value))
        return -1;
    return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value)
                                                                    : -2;
}

/* The body without its things. */
static const char *read_envelope(struct page *p, const char *body, size_t len,
                                 const struct jsonscan_slice *list)
{
    size_t before = (size_t)(list->data - body) + 1, after = len - (before - 1) - list->len;
    char *text = malloc(before + after + 1);
    if (!text)
        return "no memory";
    memcpy(text, body, before);
    text[before] = ']';
    memcpy(text + before + 1, list->data + list->len, after);
    json_t *json = json_loadb(text, before + 1 + after, JSON_REJECT_DUPLICATES, NULL);
    free(text);
    const json_t *response = json_object_get(json, "response");
    p->cursor = count_of(response, "cursor");
    p->remaining = count_of(response, "remaining");
    int wrong = !json || p->cursor == -2 || p->remaining == -2;
    json_decref(json);
    return wrong ? "the page's own counts are wrong" : NULL;
}

/* Between the quotes of a string without escapes; 0 when the value is none. */
static int plain_string(const struct jsonscan_slice *value, struct jsonscan_slice *out)
{
    if (value->len < 3 || *value->data != '"' || memchr(value->data, '\\', value->len))
        return 0;
    *out = (struct jsonscan_slice){value->data + 1, value->len - 2};
    return 1;
}

static int is_key(const struct jsonscan_member *m, const char *name)
{
    return m->key.len == strlen(name) && memcmp(m->key.data, name, m->key.len) == 0;
}

/* What a thing is told apart and ordered by. */
static const char *read_thing(struct page_thing *t)
{
    struct jsonscan_walk w;
    struct jsonscan_member m;
    struct jsonscan_slice made = {NULL, 0};
    t->made = MOMENT_NONE;
    if (!t->text.len || *t->text.data != '{')
        return "a thing is no JSON object";
    jsonscan_walk(&w, t->text.data, t->text.len);
    while (jsonscan_next(&w, &m) == 1) {
        if (is_key(&m, QUERY_ID))
            plain_string(&m.value, &t->id);
        else if (is_key(&m, QUERY_CREATED) && plain_string(&m.value, &made))
            t->made = moment_parse(made.data, made.len);
    }
    if (!t->id.data || t->id.len > IDS_LONGEST)
        return "a thing has no usable \"" QUERY_ID "\"";
    return t->made == MOMENT_NONE ? "a thing has no usable \"" QUERY_CREATED "\"" : NULL;
}

static const char *add_thing(struct page *p, struct jsonscan_slice text)
{
    if (p->n == p->room) {
        size_t room = p->room ? 2 * p->room : 128;
        struct page_thing *things = realloc(p->things, room * sizeof *things);
        if (!things)
            return "no memory";
        p->things = things;
        p->room = room;
    }
    struct page_thing *t = &p->things[p->n];
    *t = (struct page_thing){.text = text};
    const char *fault = read_thing(t);
    if (!fault && p->n && t->made < t[-1].made)
        fault = "the things are not in the order that was asked for";
    p->n++;
    return fault;
}

static const char *read_things(struct page *p, const struct jsonscan_slice *list)
{
    const char *at = list->data + 1, *end = list->data + list->len;
    if (jsonscan_blank(at, end) == end - 1)
        return NULL;
    while (at < end) {
        struct jsonscan scan;
        size_t used;
        jsonscan_begin(&scan);
        if (jsonscan_feed(&scan, at, (size_t)(end - at), &used) != JSONSCAN_END)
            return cut;
        const char *fault = add_thing(p, jsonscan_trim(at, used));
        if (fault)
            return fault;
        at += used + 1;
    }
    return NULL;
}

const char *page_parse(struct page *p, const char *body, size_t len)
{
    static const char path[] = "response.results";
    struct jsonscan_slice list;
    p->n = 0;
    p->cursor = p->remaining = -1;
    if (!is_whole(body, len))
        return cut;
    if (!jsonscan_path(body, len, path, sizeof path - 1, &list) || *list.data != '[')
        return no_list;
    const char *fault = read_envelope(p, body, len, &list);
    return fault ? fault : read_things(p, &list);
}

/*
 * page.c - cuts a page into things.
 *
 * The things keep their bytes, so that numbers have all their digits. What is around them is
 * read by jansson; each thing is judged by it later, alone, which bounds memory by one record.
 */
#include "page.h"

#include <jansson.h>
#include <stdio.h>
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
    free(p->next);
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

/* The value at a dotted path; NULL: none, or no such path is known. */
static const json_t *value_at(const json_t *json, const char *path)
{
    while (path && json) {
        char name[128];
        size_t n = strcspn(path, ".");
        if (n >= sizeof name)
            return NULL;
        memcpy(name, path, n);
        name[n] = '\0';
        json = json_object_get(json, name);
        path = path[n] ? path + n + 1 : NULL;
        if (!path)
            return json;
    }
    return NULL;
}

/* A count; -1 when it is not there, -2 when it is none. */
static int64_t count_at(const json_t *json, const char *path)
{
    const json_t *value = value_at(json, path);
    if (!value || json_is_null(value))
        return -1;
    return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value)
                                                                    : -2;
}

static char *text_of(const json_t *value)
{
    char digits[32];
    if (json_is_string(value))
        return json_string_length(value) ? strdup(json_string_value(value)) : NULL;
    if (!json_is_integer(value))
        return NULL;
    snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return strdup(digits);
}

/* The body without its things. */
static const char *read_envelope(struct page *p, const struct page_form *form, const char *body,
                                 size_t len, const struct jsonscan_slice *list)
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
    p->cursor = count_at(json, form->cursor);
    p->remaining = count_at(json, form->remaining);
    p->next = text_of(value_at(json, form->next));
    int wrong = !json || p->cursor == -2 || p->remaining == -2;
    json_decref(json);
    return wrong ? "what stands around the things in a page is wrong" : NULL;
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

static const char *add_thing(struct page *p, int is_keyed, struct jsonscan_slice text)
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
    const char *fault = is_keyed ? read_thing(t) : NULL;
    if (!fault && is_keyed && p->n && t->made < t[-1].made)
        fault = "the things are not in the order that was asked for";
    p->n++;
    return fault;
}

static const char *read_things(struct page *p, int is_keyed, const struct jsonscan_slice *list)
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
        const char *fault = add_thing(p, is_keyed, jsonscan_trim(at, used));
        if (fault)
            return fault;
        at += used + 1;
    }
    return NULL;
}

const char *page_parse(struct page *p, const struct page_form *form, const char *body, size_t len)
{
    struct jsonscan_slice list = jsonscan_trim(body, len);
    p->n = 0;
    p->cursor = p->remaining = -1;
    free(p->next);
    p->next = NULL;
    if (!is_whole(body, len))
        return cut;
    if ((*form->list && !jsonscan_path(body, len, form->list, strlen(form->list), &list)) ||
        *list.data != '[')
        return no_list;
    const char *fault = read_envelope(p, form, body, len, &list);
    return fault ? fault : read_things(p, form->is_keyed, &list);
}

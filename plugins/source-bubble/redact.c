/*
 * redact.c - cuts secret members out of the things of a page.
 *
 * What stands around the things is dropped then, too: nobody knows what an API repeats there.
 */
#include "redact.h"

#include <stdlib.h>
#include <string.h>

#include "common/jsontext.h"

static int in_option(const struct settings *s, const char *name, size_t n)
{
    size_t i;
    json_t *one;
    json_array_foreach(s->secret, i, one)
    {
        if (json_string_length(one) == n && memcmp(json_string_value(one), name, n) == 0)
            return 1;
    }
    return 0;
}

static int is_secret(const struct settings *s, const char *entity, const char *name, size_t n)
{
    const mig_host_t *h = s->host;
    return in_option(s, name, n) ||
           (MIG_HAS(h, is_secret) && h->is_secret(h, entity, (mig_str_t){name, n}));
}

/* 1, 0, or -1: no memory. A key may be written with escapes. */
static int cuts(const struct settings *s, const char *entity, const struct jsonscan_slice *key,
                json_t *left_out)
{
    char *name = malloc(key->len + 1);
    if (!name)
        return -1;
    size_t n = jsontext_unescape(key->data, key->len, name);
    int is = n != JSONTEXT_BAD && is_secret(s, entity, name, n);
    if (is) {
        name[n] = '\0';
        json_object_set_new(left_out, name, json_true());
    }
    free(name);
    return is;
}

static int add_thing(const struct settings *s, const char *entity,
                     const struct jsonscan_slice *text, json_t *left_out, struct buf *out,
                     int *any_cut)
{
    struct jsonscan_walk w;
    struct jsonscan_member m;
    int any = 0, failed = buf_add_char(out, '{');
    jsonscan_walk(&w, text->data, text->len);
    while (!failed && jsonscan_next(&w, &m) == 1) {
        int cut = cuts(s, entity, &m.key, left_out);
        *any_cut |= cut;
        if (cut) {
            failed = cut < 0;
            continue;
        }
        failed = (any && buf_add_char(out, ',')) || buf_add_char(out, '"') ||
                 buf_add(out, m.key.data, m.key.len) || buf_add_text(out, "\":") ||
                 buf_add(out, m.value.data, m.value.len);
        any = 1;
    }
    return failed || buf_add_char(out, '}');
}

/* "a.b" -> {"a":{"b":[ and, at the end, ]}} */
static int add_path(struct buf *out, const char *path)
{
    int failed = 0;
    while (*path && !failed) {
        size_t n = strcspn(path, ".");
        failed = buf_add_char(out, '{') || jsontext_quote(out, path, n) || buf_add_char(out, ':');
        path += n + (path[n] == '.');
    }
    return failed || buf_add_char(out, '[');
}

static int end_path(struct buf *out, const char *path)
{
    int failed = buf_add_char(out, ']');
    for (const char *p = path; *p && !failed; p += strcspn(p, "."), p += *p == '.')
        failed = buf_add_char(out, '}');
    return failed;
}

int redact_page(const struct settings *s, const char *entity, const struct page_form *form,
                const struct page *page, const struct buf *body, json_t *left_out, struct buf *out)
{
    int any_cut = 0;
    out->len = 0;
    int failed = add_path(out, form->list);
    for (size_t i = 0; i < page->n && !failed; i++) {
        const struct jsonscan_slice *text = &page->things[i].text;
        failed =
            (i && buf_add_char(out, ',')) ||
            (text->len && *text->data == '{' ? add_thing(s, entity, text, left_out, out, &any_cut)
                                             : buf_add(out, text->data, text->len));
    }
    if (failed || any_cut)
        return failed || end_path(out, form->list) ? -1 : 0;
    out->len = 0;
    return buf_add(out, body->data ? body->data : "", body->len);
}

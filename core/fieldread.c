/* fieldread.c - values of a project file out of JSON nodes: variables replaced, kind and bounds
 * checked. Faults name key, kind and bounds; of values only numbers and words of a fixed list
 * that stand in the file as they are, never what a variable gave. */
#include "fieldread.h"

#include <stdio.h>
#include <string.h>

#include "fieldvalue.h"
#include "url.h"

void fieldread_misfit(struct fields *f, const struct fieldread *v, const char *is)
{
    struct str expected;
    str_init(&expected, 0);
    fields_expected(v->field, &expected);
    jsonfile_fault(f->file, v->node->raw, f->faults, NULL, "\"%s\" is %s, due is %s", v->key, is,
                   expected.data);
    str_clear(&expected);
}

/* The value's kind is right but it does not fit: tell it where it is no secret. */
static void out_of_range(struct fields *f, const struct fieldread *v)
{
    char is[128], words[256];
    const struct field *field = v->field;
    int listed = field->type == FIELD_ENUM || field->type == FIELD_WORD;
    if (v->node->kind != JSONFILE_STRING)
        snprintf(is, sizeof is, "%.*s", v->node->raw_len > 40 ? 40 : (int)v->node->raw_len,
                 v->node->raw);
    else if (v->replaced.names)
        snprintf(is, sizeof is, "another text (from variable %.80s)", v->replaced.names);
    else if (!v->node->text[0])
        snprintf(is, sizeof is, "empty");
    else
        snprintf(is, sizeof is, "\"%.63s\"", v->node->text);
    const char *near = NULL;
    if (listed && !v->replaced.names)
        near = fieldvalue_nearest(v->node->text, field->allowed, words, sizeof words);
    struct str expected;
    str_init(&expected, 0);
    fields_expected(field, &expected);
    const char *fix = near ? arena_printf(f->mem, "did you mean \"%s\"?", near) : NULL;
    jsonfile_fault(f->file, v->node->raw, f->faults, fix, "\"%s\" is %s, due is %s", v->key, is,
                   expected.data);
    str_clear(&expected);
}

const char *fieldread_replace(struct fields *f, const struct jsonfile_node *node, const char *key,
                              struct variables_text *r)
{
    *r = variables_replace(f->variables, node->text);
    if (!r->text)
        jsonfile_fault(f->file, node->raw, f->faults, r->fix, "\"%s\": %s", key, r->fault);
    return r->text;
}

void fieldread_check_url(struct fields *f, const struct fieldread *v, const char *text,
                         const char *(*check)(const char *text))
{
    const char *fault = *text ? check(text) : NULL;
    if (!fault)
        return;
    const char *from = v->replaced.names;
    jsonfile_fault(f->file, v->node->raw, f->faults,
                   "write postgresql://user@host:port/database; the text is not shown because it "
                   "may hold a password",
                   from ? "\"%s\" (variable %s) is no connection URL: %s"
                        : "\"%s\"%s is no connection URL: %s",
                   v->key, from ? from : "", fault);
}

void fieldread_scalar(struct fields *f, struct fieldread *v, void *out)
{
    const char *text;
    if (v->node->kind == JSONFILE_STRING)
        text = fieldread_replace(f, v->node, v->key, &v->replaced);
    else
        text = arena_strndup(f->mem, v->node->raw, v->node->raw_len);
    if (!text)
        return;
    if (v->field->type == FIELD_URL) {
        fieldread_check_url(f, v, text, url_database_fault);
        url_register_secrets(text);
    }
    if (fields_set(f, v->field, text, out) != 0) {
        out_of_range(f, v);
        return;
    }
    if (v->field->type == FIELD_PATH)
        memcpy(&text, (char *)out + v->field->offset, sizeof text);
    struct str masked;
    str_init(&masked, 0);
    if (v->field->type == FIELD_URL)
        url_mask(&masked, text);
    else
        str_add(&masked, v->replaced.secret ? "***" : text);
    settings_add(f->settings, v->key, masked.data,
                 v->replaced.origin ? v->replaced.origin : "project");
    str_clear(&masked);
}

static void add_joined(struct fields *f, const char *key, const char *const *texts, size_t n)
{
    struct str joined;
    str_init(&joined, 0);
    for (size_t i = 0; i < n; i++)
        str_printf(&joined, "%s%s", i ? ", " : "", texts[i]);
    settings_add(f->settings, key, joined.data, "project");
    str_clear(&joined);
}

/* A list of texts, or one text, into *texts; the number of them. Empty ones are faults. */
size_t fieldread_texts(struct fields *f, struct fieldread *v, const char ***texts)
{
    const struct jsonfile_node *one = v->node->kind == JSONFILE_STRING ? v->node : v->node->first;
    size_t room = v->node->kind == JSONFILE_STRING ? 1 : v->node->n, n = 0;
    *texts = arena_alloc(f->mem, (room ? room : 1) * sizeof **texts);
    for (size_t i = 0; i < room; i++, one = one->next) {
        struct variables_text r;
        struct fieldread element = {v->field, one, v->key, {0}};
        const char *text = NULL;
        if (one->kind != JSONFILE_STRING)
            fieldread_misfit(f, &element, jsonfile_kind_name(one));
        else if ((text = fieldread_replace(f, one, v->key, &r)) && !*text)
            fieldread_misfit(f, &element, "an empty text");
        if (text && *text)
            (*texts)[n++] = text;
    }
    add_joined(f, v->key, *texts, n);
    return n;
}

/* "orders" -> stage:orders, "after:x" -> the same, for order only. NULL after a fault. */
static const char *need_feature(struct fields *f, const struct fieldread *v, const char *text)
{
    static const char *const kinds[] = {"stage",     "source",   "transform", "migrator",
                                        "validator", "reporter", "extension", "after"};
    const char *colon = strchr(text, ':');
    if (!colon)
        return arena_printf(f->mem, "stage:%s", text);
    const char *kind = arena_strndup(f->mem, text, (size_t)(colon - text));
    for (size_t i = 0; i + 1 < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kind, kinds[i]) == 0 && colon[1])
            return text;
    const char *near = str_nearest(kind, kinds, sizeof kinds / sizeof *kinds);
    jsonfile_fault(f->file, v->node->raw, f->faults,
                   near ? arena_printf(f->mem, "did you mean \"%s:\"?", near) : NULL,
                   "\"%s\": \"%s\" is no kind of thing to need", v->key, kind);
    return NULL;
}

void fieldread_needs(struct fields *f, struct fieldread *v, void *out)
{
    const char **texts;
    size_t n = fieldread_texts(f, v, &texts), used = 0;
    struct project_need *needs = arena_alloc(f->mem, (n ? n : 1) * sizeof *needs);
    for (size_t i = 0; i < n; i++) {
        int after = strncmp(texts[i], "after:", 6) == 0;
        const char *feature = need_feature(f, v, texts[i] + (after ? 6 : 0));
        if (feature)
            needs[used++] = (struct project_need){feature, !after};
    }
    memcpy((char *)out + v->field->offset, &needs, sizeof needs);
    memcpy((char *)out + v->field->count, &used, sizeof used);
}

/* fields.c - fills a struct from a JSON object by a table of its keys. Knows no key of its own.
 * Faults name key, kind and bounds; of values only numbers and words of a fixed list that stand
 * in the file as they are, never what a variable gave. */
#include "fields.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "fieldvalue.h"
#include "log.h"
#include "str.h"
#include "url.h"

/* One value on its way: its field, its node, its dotted key and its text. */
struct value {
    const struct field *field;
    const struct jsonfile_node *node;
    const char *key;
    struct variables_text replaced;
};

const struct field *fields_find(const struct section *section, const char *key)
{
    for (size_t i = 0; i < section->n; i++)
        if (strcmp(section->fields[i].key, key) == 0)
            return &section->fields[i];
    return NULL;
}

void fields_expected(const struct field *field, struct str *out)
{
    const char *dots = field->allowed ? strstr(field->allowed, "..") : NULL;
    switch (field->type) {
    case FIELD_BOOL:
        str_add(out, "true or false");
        break;
    case FIELD_INT:
    case FIELD_SECONDS:
        str_add(out, "a whole number");
        if (dots)
            str_printf(out, " from %.*s to %s", (int)(dots - field->allowed), field->allowed,
                       dots + 2);
        break;
    case FIELD_ENUM:
    case FIELD_WORD:
        str_add(out, "one of ");
        for (const char *p = field->allowed; *p; p++)
            *p == '|' ? str_add(out, ", ") : str_add_char(out, *p);
        break;
    case FIELD_LIMIT:
        str_add(out, "a whole number, a share such as \"5%\" or null");
        break;
    case FIELD_PERCENT:
        str_add(out, "a share from \"0%\" to \"100%\"");
        break;
    case FIELD_NAME:
        str_add(out, "a name of a-z, 0-9, '_' and '-', at most 63 characters");
        break;
    case FIELD_SCHEMA:
        str_add(out, "a schema name of 1 to 63 bytes");
        break;
    case FIELD_TABLE:
        str_add(out, "a table as \"schema.table\" or \"table\"");
        break;
    case FIELD_TEXTS:
        str_add(out, "a text or a list of texts");
        break;
    case FIELD_NEEDS:
        str_add(out, "a list of texts such as \"stage\", \"after:stage\" or \"transform:name\"");
        break;
    case FIELD_LIST:
        str_add(out, "a list of objects");
        break;
    case FIELD_OPTIONS:
    case FIELD_CONNECTION:
    case FIELD_SECTION:
    case FIELD_MAP:
        str_add(out, "an object");
        break;
    default:
        str_add(out, "a text");
    }
}

static void put(void *out, const void *value, size_t n)
{
    memcpy(out, value, n);
}

static int set_int(const struct field *field, const char *text, void *out)
{
    int64_t number;
    if (fieldvalue_int(text, field->allowed, &number) != 0)
        return -1;
    int small = (int)number;
    if (field->type == FIELD_INT)
        put(out, &number, sizeof number);
    else
        put(out, &small, sizeof small);
    return 0;
}

static int set_text(const struct fields *f, const struct field *field, const char *text, void *out)
{
    int fits = 1;
    const char *value = text;
    switch (field->type) {
    case FIELD_NAME:
        fits = fieldvalue_is_name(text);
        break;
    case FIELD_SCHEMA:
        fits = fieldvalue_is_identifier(text, strlen(text));
        break;
    case FIELD_TABLE:
        fits = fieldvalue_is_table(text);
        break;
    case FIELD_WORD:
        fits = fieldvalue_word(text, field->allowed) >= 0;
        break;
    case FIELD_PATH:
        fits = text[0] != '\0';
        if (text[0] != '/')
            value = arena_printf(f->mem, "%s/%s", f->dir, text);
        break;
    default:
        break;
    }
    if (!fits)
        return -1;
    value = arena_strdup(f->mem, value);
    put(out, &value, sizeof value);
    return 0;
}

int fields_set(const struct fields *f, const struct field *field, const char *text, void *out)
{
    out = (char *)out + field->offset;
    struct limit limit;
    double percent;
    int word;
    switch (field->type) {
    case FIELD_BOOL:
        word = fieldvalue_word(text, "false|true");
        put(out, &word, sizeof word);
        return word < 0 ? -1 : 0;
    case FIELD_ENUM:
        word = fieldvalue_word(text, field->allowed);
        put(out, &word, sizeof word);
        return word < 0 ? -1 : 0;
    case FIELD_INT:
    case FIELD_SECONDS:
        return set_int(field, text, out);
    case FIELD_LIMIT:
        if (fieldvalue_limit(text, &limit) != 0)
            return -1;
        put(out, &limit, sizeof limit);
        return 0;
    case FIELD_PERCENT:
        if (fieldvalue_percent(text, &percent) != 0)
            return -1;
        put(out, &percent, sizeof percent);
        return 0;
    default:
        return set_text(f, field, text, out);
    }
}

static void misfit(struct fields *f, const struct value *v, const char *is)
{
    struct str expected;
    str_init(&expected, 0);
    fields_expected(v->field, &expected);
    jsonfile_fault(f->file, v->node->raw, f->faults, NULL, "\"%s\" is %s, due is %s", v->key, is,
                   expected.data);
    str_clear(&expected);
}

/* The value's kind is right but it does not fit: tell it where it is no secret. */
static void out_of_range(struct fields *f, const struct value *v)
{
    char is[128], words[256];
    const struct field *field = v->field;
    int listed = field->type == FIELD_ENUM || field->type == FIELD_WORD;
    if (v->node->kind != JSONFILE_STRING)
        snprintf(is, sizeof is, "%.*s", v->node->raw_len > 40 ? 40 : (int)v->node->raw_len,
                 v->node->raw);
    else if (listed && !v->replaced.names)
        snprintf(is, sizeof is, "\"%.40s\"", v->node->text);
    else if (v->replaced.names)
        snprintf(is, sizeof is, "another text (from variable %.80s)", v->replaced.names);
    else
        snprintf(is, sizeof is, "%s", v->node->text[0] ? "another text" : "empty");
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

static int kind_fits(const struct field *field, const struct jsonfile_node *node)
{
    switch (field->type) {
    case FIELD_BOOL:
        return node->kind == JSONFILE_BOOL;
    case FIELD_INT:
    case FIELD_SECONDS:
        return node->kind == JSONFILE_NUMBER;
    case FIELD_LIMIT:
        return node->kind == JSONFILE_NUMBER || node->kind == JSONFILE_NULL ||
               (node->kind == JSONFILE_STRING && strchr(node->text, '%'));
    case FIELD_OPTIONS:
    case FIELD_CONNECTION:
    case FIELD_SECTION:
    case FIELD_MAP:
        return node->kind == JSONFILE_OBJECT;
    case FIELD_LIST:
    case FIELD_NEEDS:
        return node->kind == JSONFILE_ARRAY;
    case FIELD_TEXTS:
        return node->kind == JSONFILE_ARRAY || node->kind == JSONFILE_STRING;
    case FIELD_IGNORED:
        return 1;
    default:
        return node->kind == JSONFILE_STRING;
    }
}

/* The text of a string with its variables; NULL after a fault. */
static const char *replace(struct fields *f, const struct jsonfile_node *node, const char *key,
                           struct variables_text *r)
{
    *r = variables_replace(f->variables, node->text);
    if (!r->text)
        jsonfile_fault(f->file, node->raw, f->faults, r->fix, "\"%s\": %s", key, r->fault);
    return r->text;
}

static void check_url(struct fields *f, const struct value *v, const char *text,
                      const char *(*check)(const char *text))
{
    const char *fault = *text ? check(text) : NULL;
    if (!fault)
        return;
    const char *from = v->replaced.names ? v->replaced.names : NULL;
    jsonfile_fault(f->file, v->node->raw, f->faults,
                   "write postgresql://user@host:port/database; the text is not shown because it "
                   "may hold a password",
                   from ? "\"%s\" (variable %s) is no connection URL: %s"
                        : "\"%s\"%s is no connection URL: %s",
                   v->key, from ? from : "", fault);
}

static void read_scalar(struct fields *f, struct value *v, void *out)
{
    const char *text;
    if (v->node->kind == JSONFILE_STRING)
        text = replace(f, v->node, v->key, &v->replaced);
    else
        text = arena_strndup(f->mem, v->node->raw, v->node->raw_len);
    if (!text)
        return;
    if (v->field->type == FIELD_URL) {
        check_url(f, v, text, url_database_fault);
        url_register_secrets(text);
    }
    if (fields_set(f, v->field, text, out) != 0) {
        out_of_range(f, v);
        return;
    }
    if (v->field->type == FIELD_PATH)
        memcpy(&text, (char *)out + v->field->offset, sizeof text);
    settings_add(f->settings, v->key, v->replaced.secret ? "***" : text,
                 v->replaced.origin ? v->replaced.origin : "project");
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
static size_t read_texts(struct fields *f, struct value *v, const char ***texts)
{
    const struct jsonfile_node *one = v->node->kind == JSONFILE_STRING ? v->node : v->node->first;
    size_t room = v->node->kind == JSONFILE_STRING ? 1 : v->node->n, n = 0;
    *texts = arena_alloc(f->mem, (room ? room : 1) * sizeof **texts);
    for (size_t i = 0; i < room; i++, one = one->next) {
        struct variables_text r;
        struct value element = {v->field, one, v->key, {0}};
        const char *text = NULL;
        if (one->kind != JSONFILE_STRING)
            misfit(f, &element, jsonfile_kind_name(one));
        else if ((text = replace(f, one, v->key, &r)) && !*text)
            misfit(f, &element, "an empty text");
        if (text && *text)
            (*texts)[n++] = text;
    }
    add_joined(f, v->key, *texts, n);
    return n;
}

/* "students" -> stage:students, "after:x" -> the same, for order only. NULL after a fault. */
static const char *need_feature(struct fields *f, const struct value *v, const char *text)
{
    static const char *const kinds[] = {"stage",     "source",   "transform", "migrator",
                                        "validator", "reporter", "after"};
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

static void read_needs(struct fields *f, struct value *v, void *out)
{
    const char **texts;
    size_t n = read_texts(f, v, &texts), used = 0;
    struct project_need *needs = arena_alloc(f->mem, (n ? n : 1) * sizeof *needs);
    for (size_t i = 0; i < n; i++) {
        int after = strncmp(texts[i], "after:", 6) == 0;
        const char *feature = need_feature(f, v, texts[i] + (after ? 6 : 0));
        if (feature)
            needs[used++] = (struct project_need){feature, !after};
    }
    put((char *)out + v->field->offset, &needs, sizeof needs);
    put((char *)out + v->field->count, &used, sizeof used);
}

/* What jsonfile_compact() calls for each string of an OPTIONS object. */
struct options_walk {
    struct fields *f;
    const struct value *value;
    int failed;
};

static int ends_with(const char *text, const char *end)
{
    size_t n = text ? strlen(text) : 0, k = strlen(end);
    return n >= k && strcmp(text + n - k, end) == 0;
}

static int is_member(const struct options_walk *w, const struct jsonfile_node *node)
{
    return node->key && jsonfile_get(w->value->node, node->key) == node;
}

static int is_secret_member(const struct options_walk *w, const struct jsonfile_node *node)
{
    return w->value->field->type == FIELD_CONNECTION &&
           (ends_with(node->key, "password") || ends_with(node->key, "secret") ||
            ends_with(node->key, "token") || ends_with(node->key, "api_key"));
}

static const char *replace_option(void *ctx, const struct jsonfile_node *node)
{
    struct options_walk *w = ctx;
    struct value v = *w->value;
    int connection = v.field->type == FIELD_CONNECTION;
    if (connection && w->f->source_url && is_member(w, node) && strcmp(node->key, "url") == 0) {
        w->f->source_urls++;
        return w->f->source_url;
    }
    if (node->key)
        v.key = arena_printf(w->f->mem, "%s.%s", v.key, node->key);
    const char *text = replace(w->f, node, v.key, &v.replaced);
    v.node = node;
    if (!text) {
        w->failed = 1;
        return "";
    }
    if (connection && is_member(w, node) && ends_with(node->key, "url"))
        check_url(w->f, &v, text, url_fault);
    if (connection)
        url_register_secrets(text);
    if (is_secret_member(w, node))
        log_secret(text);
    return text == node->text ? NULL : text;
}

static const char *mask_option(void *ctx, const struct jsonfile_node *node)
{
    struct options_walk *w = ctx;
    if (is_secret_member(w, node))
        return "***";
    if (w->f->source_url && is_member(w, node) && strcmp(node->key, "url") == 0)
        return w->f->source_url;
    struct variables_text r = variables_replace(w->f->variables, node->text);
    struct str masked;
    str_init(&masked, 0);
    url_mask(&masked, r.text ? r.text : "");
    const char *text = r.secret ? "***" : arena_strdup(w->f->mem, masked.data);
    str_clear(&masked);
    return text;
}

static void read_options(struct fields *f, struct value *v, void *out)
{
    struct options_walk walk = {f, v, 0};
    struct str text;
    str_init(&text, 0);
    jsonfile_compact(&text, v->node, replace_option, &walk);
    const char *json = arena_strdup(f->mem, text.data);
    put((char *)out + v->field->offset, &json, sizeof json);
    str_reset(&text);
    if (!walk.failed) {
        jsonfile_compact(&text, v->node, mask_option, &walk);
        settings_add(f->settings, v->key, text.data, "project");
    }
    str_clear(&text);
}

static void read_items(struct fields *f, struct value *v, void *out)
{
    const struct section *section = v->field->section;
    size_t n = v->node->n, i = 0;
    if (n > FIELDS_MAX_ITEMS) {
        jsonfile_fault(f->file, v->node->raw, f->faults, NULL,
                       "\"%s\" has %zu entries, at most %d "
                       "are allowed",
                       v->key, n, FIELDS_MAX_ITEMS);
        return;
    }
    char *items = arena_alloc(f->mem, (n ? n : 1) * section->size);
    for (const struct jsonfile_node *one = v->node->first; one; one = one->next, i++) {
        const struct jsonfile_node *name = jsonfile_get(one, "name");
        const char *label = one->key;
        char *item = items + i * section->size;
        if (!label && name && name->kind == JSONFILE_STRING)
            label = name->text;
        struct value element = {v->field, one, v->key, {0}};
        if (one->key)
            put(item, &one->key, sizeof one->key);
        if (one->kind != JSONFILE_OBJECT) {
            misfit(f, &element, jsonfile_kind_name(one));
            continue;
        }
        fields_read(f, one, section,
                    label ? arena_printf(f->mem, "%s.%s.", v->key, label)
                          : arena_printf(f->mem, "%s.%zu.", v->key, i + 1),
                    item);
    }
    put((char *)out + v->field->offset, &items, sizeof items);
    put((char *)out + v->field->count, &n, sizeof n);
}

static void read_value(struct fields *f, struct value *v, void *out)
{
    const char **texts;
    size_t n;
    switch (v->field->type) {
    case FIELD_IGNORED:
        break;
    case FIELD_TEXTS:
        n = read_texts(f, v, &texts);
        put((char *)out + v->field->offset, &texts, sizeof texts);
        put((char *)out + v->field->count, &n, sizeof n);
        break;
    case FIELD_NEEDS:
        read_needs(f, v, out);
        break;
    case FIELD_OPTIONS:
    case FIELD_CONNECTION:
        read_options(f, v, out);
        break;
    case FIELD_SECTION:
        fields_read(f, v->node, v->field->section, arena_printf(f->mem, "%s.", v->key), out);
        break;
    case FIELD_LIST:
    case FIELD_MAP:
        read_items(f, v, out);
        break;
    default:
        read_scalar(f, v, out);
    }
}

static void set_default(struct fields *f, const struct field *field, const char *key, void *out)
{
    if (field->type == FIELD_SECTION) {
        static const struct jsonfile_node none = {.kind = JSONFILE_OBJECT};
        fields_read(f, &none, field->section, arena_printf(f->mem, "%s.", key), out);
    } else if (field->fallback) {
        if (field->type == FIELD_OPTIONS || field->type == FIELD_CONNECTION)
            put((char *)out + field->offset, &field->fallback, sizeof field->fallback);
        else
            fields_set(f, field, field->fallback, out);
        settings_add(f->settings, key, field->fallback, "default");
    }
}

static void unknown_key(struct fields *f, const struct jsonfile_node *node,
                        const struct section *section, const char *prefix)
{
    const char *names[64];
    size_t n = 0;
    for (; n < section->n && n < 64; n++)
        names[n] = section->fields[n].key;
    const char *near = str_nearest(node->key, names, n);
    jsonfile_fault(f->file, node->place, f->faults,
                   near ? arena_printf(f->mem, "did you mean \"%s\"?", near) : NULL,
                   "unknown key \"%s%s\"", prefix, node->key);
}

void fields_read(struct fields *f, const struct jsonfile_node *object,
                 const struct section *section, const char *prefix, void *out)
{
    for (const struct jsonfile_node *n = object->first; n; n = n->next)
        if (!fields_find(section, n->key))
            unknown_key(f, n, section, prefix);
    for (size_t i = 0; i < section->n; i++) {
        const struct field *field = &section->fields[i];
        const struct jsonfile_node *node = jsonfile_get(object, field->key);
        struct value v = {field, node, arena_printf(f->mem, "%s%s", prefix, field->key), {0}};
        int given = node != NULL;
        if (!node && field->required) {
            jsonfile_fault(f->file, object->raw, f->faults, NULL, "key \"%s\" is missing", v.key);
        } else if (!node) {
            set_default(f, field, v.key, out);
        } else if (!kind_fits(field, node)) {
            misfit(f, &v, jsonfile_kind_name(node));
        } else {
            read_value(f, &v, out);
        }
        if (field->given)
            put((char *)out + field->given, &given, sizeof given);
    }
}

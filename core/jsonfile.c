/* jsonfile.c - JSON text as a tree that knows where each value stands. jansson checks the text
 * first; only then the own scan runs over it, so that the scan may take valid JSON for granted.
 * jansson's messages quote the text around a fault, which may be a secret: only their first part
 * is passed on. Depth is bounded by jansson (2048), size by JSONFILE_MAX. */
#include "jsonfile.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scan {
    struct jsonfile *file;
    const char *p;
    struct faults *faults;
    int duplicates;
};

static struct jsonfile_node *scan_value(struct scan *s);

/* The one whose text the place is in. */
static const struct jsonfile *file_of(const struct jsonfile *file, const char *place)
{
    for (const struct jsonfile *f = file; f; f = f->next)
        if (place >= f->text && place <= f->text + f->len)
            return f;
    return file;
}

void jsonfile_add(struct jsonfile *file, struct jsonfile *other)
{
    other->next = file->next;
    file->next = other;
}

void jsonfile_where(const struct jsonfile *file, const char *place, size_t *line, size_t *column)
{
    file = file_of(file, place);
    *line = 1;
    *column = 1;
    for (const char *p = file->text; p < place; p++) {
        if (*p == '\n') {
            (*line)++;
            *column = 1;
        } else if (((unsigned char)*p & 0xc0) != 0x80) {
            (*column)++;
        }
    }
}

void jsonfile_fault(const struct jsonfile *file, const char *place, struct faults *faults,
                    const char *fix, const char *format, ...)
{
    if (faults->n >= JSONFILE_MAX_FAULTS)
        return;
    struct error err = {0};
    char text[900];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    if (file->name[0]) {
        size_t line, column;
        jsonfile_where(file, place, &line, &column);
        error_set(&err, STATUS_CONFIG, "%s:%zu:%zu: %s", file_of(file, place)->name, line, column,
                  text);
    } else {
        error_set(&err, STATUS_CONFIG, "%s", text);
    }
    if (fix)
        error_fix(&err, "%s", fix);
    faults_add(faults, &err);
}

static const char *skip_space(const char *p)
{
    return p + strspn(p, " \t\r\n");
}

/* Behind the closing quote of the string that starts at p. */
static const char *string_end(const char *p)
{
    for (p++; *p != '"'; p++)
        if (*p == '\\')
            p++;
    return p + 1;
}

static char *decode(struct arena *mem, const char *raw, size_t n)
{
    if (!memchr(raw, '\\', n))
        return arena_strndup(mem, raw + 1, n - 2);
    json_t *value = json_loadb(raw, n, JSON_DECODE_ANY, NULL);
    char *text = arena_strdup(mem, value ? json_string_value(value) : "");
    json_decref(value);
    return text;
}

static void note_duplicate(struct scan *s, json_t *seen, const char *key, const char *place)
{
    const json_t *first = json_object_get(seen, key);
    if (!first) {
        json_object_set_new(seen, key, json_integer(place - s->file->text));
        return;
    }
    s->duplicates = 1;
    if (s->faults->n >= JSONFILE_MAX_FAULTS)
        return;
    size_t line, column;
    jsonfile_where(s->file, s->file->text + json_integer_value(first), &line, &column);
    jsonfile_fault(s->file, place, s->faults, "remove one of the two",
                   "key \"%s\" is given twice, first in line %zu column %zu", key, line, column);
}

static void scan_members(struct scan *s, struct jsonfile_node *parent)
{
    int object = parent->kind == JSONFILE_OBJECT;
    json_t *seen = object ? json_object() : NULL;
    struct jsonfile_node **tail = &parent->first;
    s->p = skip_space(s->p + 1);
    while (*s->p != '}' && *s->p != ']') {
        const char *place = s->p;
        char *key = NULL;
        if (object) {
            s->p = string_end(place);
            key = decode(s->file->mem, place, (size_t)(s->p - place));
            note_duplicate(s, seen, key, place);
            s->p = skip_space(s->p) + 1; /* the colon */
        }
        struct jsonfile_node *node = scan_value(s);
        node->key = key;
        if (object)
            node->place = place;
        *tail = node;
        tail = &node->next;
        parent->n++;
        s->p = skip_space(s->p);
        if (*s->p == ',')
            s->p = skip_space(s->p + 1);
    }
    s->p++;
    json_decref(seen);
}

static struct jsonfile_node *scan_value(struct scan *s)
{
    struct jsonfile_node *node = arena_alloc(s->file->mem, sizeof *node);
    const char *start = skip_space(s->p);
    s->p = start;
    node->raw = node->place = start;
    if (*start == '{' || *start == '[') {
        node->kind = *start == '{' ? JSONFILE_OBJECT : JSONFILE_ARRAY;
        scan_members(s, node);
    } else if (*start == '"') {
        node->kind = JSONFILE_STRING;
        s->p = string_end(start);
        node->text = decode(s->file->mem, start, (size_t)(s->p - start));
    } else {
        node->kind = *start == 'n'                    ? JSONFILE_NULL
                     : *start == 't' || *start == 'f' ? JSONFILE_BOOL
                                                      : JSONFILE_NUMBER;
        s->p += strcspn(start, " \t\r\n,]}");
    }
    node->raw_len = (size_t)(s->p - start);
    return node;
}

/* The first byte that is not UTF-8, or NULL. */
static const char *bad_byte(const char *text, size_t n)
{
    if (str_utf8_ok(text, n))
        return NULL;
    for (const char *end = text + n; text < end;) {
        size_t k = 1;
        while (k <= 4 && (k > (size_t)(end - text) || !str_utf8_ok(text, k)))
            k++;
        if (k > 4)
            return text;
        text += k;
    }
    return NULL;
}

static int syntax_fault(const struct jsonfile *file, const json_error_t *error,
                        struct faults *faults)
{
    /* "... near 'token'": the position is behind the token, the token may be a secret. */
    char text[JSON_ERROR_TEXT_LENGTH];
    snprintf(text, sizeof text, "%s", error->text);
    size_t position = (size_t)error->position, length = strlen(text);
    char *near = strstr(text, " near ");
    if (near) {
        size_t quoted = length - (size_t)(near - text) - strlen(" near ''");
        if (near[6] == '\'' && quoted <= position)
            position -= quoted;
        *near = '\0';
    }
    jsonfile_fault(file, file->text + position, faults, NULL, "no valid JSON: %s", text);
    return STATUS_CONFIG;
}

static size_t bom_length(const char *text, size_t n)
{
    return n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

int jsonfile_blank(const char *text, size_t n)
{
    size_t i = bom_length(text, n);
    while (i < n && strchr(" \t\r\n", text[i]) && text[i])
        i++;
    return i == n;
}

int jsonfile_parse(struct jsonfile *file, const char *name, const char *text, size_t n,
                   struct arena *mem, struct faults *faults)
{
    size_t bom = bom_length(text, n);
    n -= bom;
    memset(file, 0, sizeof *file);
    file->mem = mem;
    file->name = arena_strdup(mem, name);
    file->text = arena_strndup(mem, text + bom, n);
    file->len = n;
    const char *bad = bad_byte(file->text, n);
    if (bad) {
        jsonfile_fault(file, bad, faults, "save the file as UTF-8",
                       *bad ? "byte 0x%02x is not UTF-8" : "NUL byte (0x%02x)",
                       (unsigned)(unsigned char)*bad);
        return STATUS_CONFIG;
    }
    json_error_t error;
    json_t *checked = json_loadb(file->text, n, JSON_DECODE_ANY, &error);
    if (!checked)
        return syntax_fault(file, &error, faults);
    json_decref(checked);
    struct scan s = {.file = file, .p = file->text, .faults = faults};
    file->root = scan_value(&s);
    return s.duplicates ? STATUS_CONFIG : 0;
}

const struct jsonfile_node *jsonfile_get(const struct jsonfile_node *object, const char *key)
{
    if (!object || object->kind != JSONFILE_OBJECT)
        return NULL;
    for (const struct jsonfile_node *n = object->first; n; n = n->next)
        if (strcmp(n->key, key) == 0)
            return n;
    return NULL;
}

const char *jsonfile_kind_name(const struct jsonfile_node *node)
{
    static const char *const names[] = {"null",     "true or false", "a number",
                                        "a string", "a list",        "an object"};
    return names[node->kind];
}

int jsonfile_is_integer(const struct jsonfile_node *node)
{
    if (node->kind != JSONFILE_NUMBER)
        return 0;
    for (size_t i = node->raw[0] == '-'; i < node->raw_len; i++)
        if (node->raw[i] < '0' || node->raw[i] > '9')
            return 0;
    return 1;
}

void jsonfile_quote(struct str *out, const char *text)
{
    json_t *value = json_string(text);
    char *quoted = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
    str_add(out, quoted ? quoted : "\"\"");
    free(quoted);
    json_decref(value);
}

void jsonfile_compact(struct str *out, const struct jsonfile_node *node,
                      const char *(*replace)(void *ctx, const struct jsonfile_node *node),
                      void *ctx)
{
    if (node->kind != JSONFILE_OBJECT && node->kind != JSONFILE_ARRAY) {
        const char *text = replace && node->kind == JSONFILE_STRING ? replace(ctx, node) : NULL;
        if (text)
            jsonfile_quote(out, text);
        else
            str_add_n(out, node->raw, node->raw_len);
        return;
    }
    int object = node->kind == JSONFILE_OBJECT;
    str_add_char(out, object ? '{' : '[');
    for (const struct jsonfile_node *n = node->first; n; n = n->next) {
        if (n != node->first)
            str_add_char(out, ',');
        if (object) {
            jsonfile_quote(out, n->key);
            str_add_char(out, ':');
        }
        jsonfile_compact(out, n, replace, ctx);
    }
    str_add_char(out, object ? '}' : ']');
}

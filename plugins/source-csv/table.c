/*
 * table.c - from records of text to values.
 *
 * Fields stay where they were read; only those with a doubled quote are copied. A record that is
 * not as it should be is refused with its line, and costs no other.
 */
#include "table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/jsontext.h"
#include "common/say.h"

void table_init(struct table *t, const mig_host_t *host, size_t record_limit)
{
    *t = (struct table){.host = host};
    input_init(&t->input, host);
    decode_init(&t->text, &t->input);
    columns_init(&t->columns, host);
    t->reader = (struct reader){.text = &t->text, .record_limit = record_limit};
    buf_init(&t->unquoted, 2 * record_limit);
    /* A byte becomes six at most; each name in the header, one record, comes with every value. */
    buf_init(&t->quoted, 12 * record_limit + 8 * SCAN_FIELDS);
}

void table_close(struct table *t)
{
    free(t->values);
    free(t->is_json);
    t->values = NULL;
    t->is_json = NULL;
    columns_clear(&t->columns);
}

void table_clear(struct table *t)
{
    table_close(t);
    decode_clear(&t->text);
    input_clear(&t->input);
    scan_clear(&t->reader.scan);
    buf_clear(&t->unquoted);
    buf_clear(&t->quoted);
}

/* What is wrong with the record's bytes, or NULL. */
static const char *bad_bytes(const struct reader *r)
{
    if (memchr(r->record, '\0', r->len))
        return "a byte is zero";
    return jsontext_is_utf8(r->record, r->len) ? NULL : "a byte is not valid in its encoding";
}

static int32_t bad_header(struct table *t, const char *text)
{
    return say_fail(
        t->host, MIG_E_SOURCE, "look at the options \"encoding\", \"delimiter\" and \"header\"",
        "file \"%s\", line %" PRIu64 ", the header: %s", t->input.path, t->reader.line, text);
}

/* A field's text, without doubled quotes; lives as long as the record. */
static mig_str_t field_text(struct table *t, const struct scan_field *f)
{
    const struct reader *r = &t->reader;
    if (!f->doubled)
        return (mig_str_t){r->record + f->from, f->len};
    char *to = t->unquoted.data + t->unquoted.len;
    size_t n = scan_unquote(&r->scan, f, r->record, to);
    t->unquoted.len += n;
    return (mig_str_t){to, n};
}

/* Room for all fields twice, so that the texts of values stay where they are while table_raw()
 * looks at all fields. */
static int32_t make_room(struct table *t)
{
    t->unquoted.len = 0;
    return buf_reserve(&t->unquoted, 2 * t->reader.len)
               ? say_fail(t->host, MIG_E_NOMEM, NULL, "no memory for a record")
               : MIG_OK;
}

static int32_t take_header(struct table *t)
{
    const struct scan *s = &t->reader.scan;
    int32_t status = make_room(t);
    for (size_t i = 0; i < s->n_fields && status == MIG_OK; i++) {
        mig_str_t name = field_text(t, &s->fields[i]);
        status = columns_add(&t->columns, name.data, name.len);
    }
    return status;
}

static int32_t read_header(struct table *t, int given)
{
    struct reader *r = &t->reader;
    int32_t status = reader_next(r);
    if (status == MIG_END)
        return say_fail(t->host, MIG_E_SOURCE,
                        "export it again; a file without a header needs the options \"header\" "
                        "and \"columns\"",
                        "file \"%s\" is empty: it has no header", t->input.path);
    if (status != MIG_OK)
        return status;
    const char *bytes = bad_bytes(r);
    if (r->too_long || r->scan.n_fields > SCAN_FIELDS)
        return bad_header(t, "it is too long");
    if (bytes || r->scan.bad_quote)
        return bad_header(t, bytes ? bytes : "a quote stands where none may be");
    if (!given)
        return take_header(t);
    return r->scan.n_fields == t->columns.n
               ? MIG_OK
               : bad_header(t, "it has another number of fields than the option \"columns\"");
}

static int32_t find_columns(struct table *t, const json_t *names, const char *entity)
{
    int32_t status = names ? columns_set(&t->columns, names, entity) : MIG_OK;
    if (status == MIG_OK && !names && !t->has_header)
        status = say_fail(t->host, MIG_E_CONFIG, "add it, or set \"header\" to true",
                          "the option \"columns\" has no names for entity \"%s\"", entity);
    if (status == MIG_OK && t->has_header)
        status = read_header(t, names != NULL);
    return status == MIG_OK ? columns_check(&t->columns, t->input.path) : status;
}

/* Leaves the file open, the open one when it is that. */
static int32_t open_file(struct table *t, const char *path)
{
    return t->input.path && strcmp(t->input.path, path) == 0 ? input_unchanged(&t->input)
                                                             : input_open(&t->input, path);
}

static void mark_json(struct table *t, const char *const *fields, uint32_t n)
{
    size_t k;
    json_t *name;
    for (uint32_t i = 0; i < n; i++) {
        json_array_foreach(t->json_names, k, name)
        {
            if (json_is_string(name) && strcmp(json_string_value(name), fields[i]) == 0)
                t->is_json[i] = 1;
        }
    }
}

int32_t table_open(struct table *t, const char *path, const char *encoding, const char *entity,
                   const json_t *names, const char *const *fields, uint32_t n_fields)
{
    struct reader *r = &t->reader;
    table_close(t);
    r->columns = r->number = 0;
    r->next_line = 1;
    t->fit = 0;
    int32_t status = open_file(t, path);
    if (status == MIG_OK)
        status = decode_begin(&t->text, encoding);
    if (status == MIG_OK)
        status = find_columns(t, names, entity);
    if (status == MIG_OK)
        status = columns_want(&t->columns, path, fields, n_fields);
    if (status != MIG_OK)
        return status;
    r->columns = t->columns.n;
    t->values = calloc(n_fields ? n_fields : 1, sizeof *t->values);
    t->is_json = calloc(n_fields ? n_fields : 1, sizeof *t->is_json);
    if (!t->values || !t->is_json)
        return say_fail(t->host, MIG_E_NOMEM, NULL, "no memory for %u fields", n_fields);
    mark_json(t, fields, n_fields);
    return MIG_OK;
}

static int32_t reject(struct table *t, const char *code, const char *reason)
{
    return say_reject(t->host, code, "record %" PRIu64 " at line %" PRIu64 ": %s", t->reader.number,
                      t->reader.line, reason);
}

static int32_t ragged(struct table *t, size_t has)
{
    return say_reject(t->host, has < t->columns.n ? "too_few_fields" : "too_many_fields",
                      "record %" PRIu64 " at line %" PRIu64 ": it has %zu fields and not %zu",
                      t->reader.number, t->reader.line, has, t->columns.n);
}

/* Refuses the record or finds it fit. */
static int32_t judge(struct table *t)
{
    const struct reader *r = &t->reader;
    if (r->too_long)
        return reject(t, "too_long", "it is longer than the option \"record_limit\" allows");
    const char *bytes = bad_bytes(r);
    if (bytes && t->fails_on_bytes)
        return say_fail(t->host, MIG_E_SOURCE, "look at the option \"encoding\"",
                        "file \"%s\", line %" PRIu64 ": %s", t->input.path, r->line, bytes);
    if (bytes)
        return reject(t, "bad_encoding", bytes);
    if (r->scan.bad_quote)
        return reject(t, "bad_quote",
                      "a quote stands inside a field that has none around it, or "
                      "text behind the quote that closes a field");
    return r->scan.n_fields == t->columns.n ? MIG_OK : ragged(t, r->scan.n_fields);
}

static int is_null(const struct table *t, const struct scan_field *f)
{
    return !f->len && (t->empty == TABLE_ALWAYS || (t->empty == TABLE_UNQUOTED && !f->quoted));
}

/* What only looks like an object or a list stays a text. */
static uint32_t kind_of(const struct table *t, uint32_t field, mig_str_t text)
{
    if (!t->is_json[field] || !text.len || (*text.data != '{' && *text.data != '['))
        return MIG_TEXT;
    json_t *value = json_loadb(text.data, text.len, JSON_DECODE_INT_AS_REAL, NULL);
    json_decref(value);
    return value ? MIG_JSON : MIG_TEXT;
}

static int32_t fill_values(struct table *t)
{
    int32_t status = make_room(t);
    for (uint32_t i = 0; i < t->columns.n_wanted && status == MIG_OK; i++) {
        const struct scan_field *f = &t->reader.scan.fields[t->columns.wanted[i]];
        if (is_null(t, f)) {
            t->values[i] = (mig_value_t){.kind = MIG_NULL};
            continue;
        }
        mig_str_t text = field_text(t, f);
        t->values[i] = (mig_value_t){
            .data = text.data, .len = (uint32_t)text.len, .kind = kind_of(t, i, text)};
    }
    return status;
}

static void count_unread(struct table *t)
{
    const struct columns *c = &t->columns;
    for (uint32_t i = 0; i < c->n_unread; i++)
        c->filled[i] += t->reader.scan.fields[c->unread[i]].len > 0;
}

int32_t table_unread(struct table *t, void *ctx,
                     int32_t (*field)(void *ctx, mig_str_t name, uint64_t filled))
{
    const struct columns *c = &t->columns;
    int32_t status = MIG_OK;
    for (uint32_t i = 0; i < c->n_unread && status == MIG_OK; i++) {
        const char *name = c->names[c->unread[i]];
        status = field(ctx, (mig_str_t){name, strlen(name)}, c->filled[i]);
        c->filled[i] = 0;
    }
    return status;
}

int32_t table_next(struct table *t)
{
    t->fit = 0;
    int32_t status = reader_next(&t->reader);
    if (status == MIG_OK)
        status = judge(t);
    if (status == MIG_OK)
        status = fill_values(t);
    t->fit = status == MIG_OK;
    if (t->fit)
        count_unread(t);
    return status;
}

static int add_members(struct table *t)
{
    struct buf *out = &t->quoted;
    size_t values = t->unquoted.len;
    int failed = buf_add_char(out, '{');
    for (size_t i = 0; i < t->columns.n && !failed; i++) {
        const struct scan_field *f = &t->reader.scan.fields[i];
        mig_str_t text = field_text(t, f);
        failed =
            (i && buf_add_char(out, ',')) ||
            jsontext_quote(out, t->columns.names[i], strlen(t->columns.names[i])) ||
            buf_add_char(out, ':') ||
            (is_null(t, f) ? buf_add_text(out, "null") : jsontext_quote(out, text.data, text.len));
    }
    t->unquoted.len = values;
    return failed || buf_add_char(out, '}');
}

int32_t table_raw(struct table *t, mig_str_t *out)
{
    const struct reader *r = &t->reader;
    *out = (mig_str_t){"", 0};
    if (r->too_long || !r->number)
        return MIG_OK;
    t->quoted.len = 0;
    if (t->fit ? add_members(t) : jsontext_quote(&t->quoted, r->record, r->len))
        return say_fail(t->host, MIG_E_NOMEM, NULL, "no memory for a record");
    *out = (mig_str_t){t->quoted.data, t->quoted.len};
    return MIG_OK;
}

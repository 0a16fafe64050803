/*
 * json.c - the unit "json": a source that reads JSON files.
 *
 * Ties the parts together: catalog (where an entity is), reader (one record after the other),
 * verdict (is it valid), values for the host. Records stay where they were read: values are
 * slices of the window, and only strings with escapes are copied, to `unescaped`. Memory is
 * bounded by the record limit, never by the file.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog.h"
#include "common/option.h"
#include "common/say.h"
#include "common/verdict.h"

struct json {
    const mig_host_t *host;
    struct catalog catalog;
    struct input input;
    struct fields fields;
    struct reader reader;
    char *entity; /* the open one, NULL: none; owned */
    struct catalog_place place;
    size_t record_limit, value_limit;
    int allow_empty, resumed, fit;
    mig_value_t *values;       /* of the current record; owned */
    struct buf unescaped;      /* its strings that had escapes */
    struct buf quoted;         /* raw() of a record that is not valid JSON */
    char text[FILES_IDENTITY]; /* of position() and identity() */
};

static int32_t json_close(void *self)
{
    struct json *j = self;
    free(j->entity);
    free(j->values);
    free(j->reader.raw);
    j->entity = NULL;
    j->values = NULL;
    j->reader.raw = NULL;
    return MIG_OK;
}

static void json_destroy(void *self)
{
    struct json *j = self;
    if (!j)
        return;
    json_close(j);
    catalog_clear(&j->catalog);
    input_clear(&j->input);
    fields_clear(&j->fields);
    buf_clear(&j->unescaped);
    buf_clear(&j->quoted);
    free(j);
}

static int32_t json_create(const mig_host_t *host, void **self)
{
    struct json *j = calloc(1, sizeof *j);
    *self = j;
    if (!j)
        return say_fail(host, MIG_E_NOMEM, NULL, "no memory for a source");
    j->host = host;
    input_init(&j->input, host);
    fields_init(&j->fields, host);
    j->record_limit = option_number(host, "record_limit", (size_t)16 << 20);
    j->value_limit = option_number(host, "value_limit", (size_t)256 << 10);
    j->allow_empty = option_flag(host, "allow_empty");
    buf_init(&j->unescaped, j->record_limit);
    buf_init(&j->quoted, 6 * j->record_limit + 2);
    return catalog_init(&j->catalog, host);
}

static int32_t json_ping(void *self)
{
    struct json *j = self;
    return files_ping(&j->catalog.files);
}

static int32_t json_entities(void *self, void *ctx, int32_t (*row)(void *ctx, const char *entity))
{
    struct json *j = self;
    return catalog_entities(&j->catalog, &j->input, ctx, row);
}

static int32_t json_identity(void *self, const char *entity, mig_str_t *out)
{
    struct json *j = self;
    int32_t status = files_identity(&j->catalog.files, &j->input, entity, j->text);
    *out = (mig_str_t){j->text, status == MIG_OK ? strlen(j->text) : 0};
    return status;
}

/* "offset number", both decimal, as json_position() wrote it. */
static int32_t go_on(struct json *j, mig_str_t position)
{
    uint64_t offset, number;
    char text[64];
    if (position.len >= sizeof text)
        return say_fail(j->host, MIG_E_BUG, NULL, "a position is no position of this source");
    memcpy(text, position.data, position.len);
    text[position.len] = '\0';
    if (sscanf(text, "%" SCNu64 " %" SCNu64, &offset, &number) != 2 || offset < j->place.from ||
        offset > j->place.to)
        return say_fail(j->host, MIG_E_BUG, NULL, "a position is no position of this source");
    input_seek(&j->input, offset, j->place.to);
    j->reader.number = number;
    j->reader.state = READER_BEHIND;
    j->resumed = 1;
    return MIG_OK;
}

static int32_t json_open(void *self, const char *entity, const char *const *fields,
                         uint32_t n_fields, const char *const *key_fields, uint32_t n_key_fields,
                         mig_str_t position)
{
    struct json *j = self;
    (void)key_fields; /* a file has an order of its own */
    (void)n_key_fields;
    json_close(j);
    int32_t status = catalog_find(&j->catalog, &j->input, entity, &j->place);
    if (status == MIG_OK)
        status = fields_set(&j->fields, fields, n_fields);
    if (status != MIG_OK)
        return status;
    size_t n = n_fields ? n_fields : 1;
    j->entity = strdup(entity);
    j->values = calloc(n, sizeof *j->values);
    j->reader = (struct reader){.in = &j->input,
                                .fields = &j->fields,
                                .form = j->place.form,
                                .record_limit = j->record_limit,
                                .raw = calloc(n, sizeof *j->reader.raw)};
    j->resumed = j->fit = 0;
    if (!j->entity || !j->values || !j->reader.raw)
        return say_fail(j->host, MIG_E_NOMEM, NULL, "no memory for %u fields", n_fields);
    return position.len ? go_on(j, position) : MIG_OK;
}

static int32_t at_end(struct json *j)
{
    int32_t status = input_unchanged(&j->input);
    if (status != MIG_OK)
        return status;
    if (j->reader.number == 0 && !j->allow_empty)
        return say_fail(j->host, MIG_E_SOURCE, "set the option \"allow_empty\" where this is right",
                        "entity \"%s\" in file \"%s\" has no record", j->entity, j->input.path);
    if (j->reader.number > 0 && !j->resumed)
        fields_warn(&j->fields, j->entity);
    return MIG_END;
}

static int32_t reject(struct json *j, const char *code, const char *reason, size_t at)
{
    const struct reader *r = &j->reader;
    return say_reject(j->host, code, "record %" PRIu64 " at byte %" PRIu64 ": %s", r->number,
                      r->offset + at, reason);
}

/* Refuses the record or finds it fit. */
static int32_t judge(struct json *j)
{
    const struct reader *r = &j->reader;
    struct verdict v;
    if (r->fault == READER_TOO_LONG)
        return reject(j, "too_long", "it is longer than the option \"record_limit\" allows", 0);
    if (verdict_find(r->text, r->len, j->value_limit, &v) != MIG_OK)
        return say_fail(j->host, MIG_E_NOMEM, NULL, "no memory to parse a record");
    if (v.cut && r->fault == READER_CUT)
        return input_broken(&j->input, r->offset, "the file ends inside the record of this line",
                            "the file is cut: export it again");
    if (v.code)
        return reject(j, v.code, v.reason, v.at);
    /* What jansson takes for one object is one to the scanner too. */
    return r->is_object ? MIG_OK : reject(j, "bad_json", "not valid JSON", 0);
}

static int32_t fill_values(struct json *j)
{
    const struct reader *r = &j->reader;
    if (buf_reserve(&j->unescaped, r->len))
        return say_fail(j->host, MIG_E_NOMEM, NULL, "no memory for a record");
    char *scratch = j->unescaped.data;
    for (size_t i = 0; i < j->fields.n_wanted; i++) {
        const struct jsonscan_slice *raw = &r->raw[i];
        j->values[i] = (mig_value_t){.kind = MIG_ABSENT};
        if (!raw->data)
            continue;
        if (jsontext_value(raw->data, raw->len, &scratch, &j->values[i]) != 0)
            return reject(j, "bad_json", "not valid JSON", 0);
    }
    return MIG_OK;
}

static int32_t json_next(void *self, mig_record_t *rec, mig_wait_t *wait)
{
    struct json *j = self;
    (void)wait; /* a file never waits */
    j->fit = 0;
    int32_t status = reader_next(&j->reader);
    if (status == MIG_END)
        return at_end(j);
    if (status == MIG_OK)
        status = judge(j);
    if (status == MIG_OK)
        status = fill_values(j);
    if (status != MIG_OK)
        return status;
    j->fit = 1;
    fields_count(&j->fields);
    rec->values = j->values;
    rec->n_values = (uint32_t)j->fields.n_wanted;
    return MIG_OK;
}

/* A text that is not valid JSON is given as a JSON string of what was read. */
static int32_t json_raw(void *self, mig_str_t *out)
{
    struct json *j = self;
    const struct reader *r = &j->reader;
    *out = (mig_str_t){r->text ? r->text : "", r->text ? r->len : 0};
    if (j->fit || !out->len)
        return MIG_OK;
    j->quoted.len = 0;
    if (jsontext_quote(&j->quoted, r->text, r->len))
        return say_fail(j->host, MIG_E_NOMEM, NULL, "no memory for a record");
    *out = (mig_str_t){j->quoted.data, j->quoted.len};
    return MIG_OK;
}

static int32_t json_position(void *self, mig_str_t *out)
{
    struct json *j = self;
    *out = (mig_str_t){"", 0};
    if (!j->entity || !j->reader.number)
        return MIG_OK;
    int n = snprintf(j->text, sizeof j->text, "%" PRIu64 " %" PRIu64, reader_at(&j->reader),
                     j->reader.number);
    *out = (mig_str_t){j->text, (size_t)n};
    return MIG_OK;
}

static int32_t json_unread(void *self, void *ctx,
                           int32_t (*field)(void *ctx, mig_str_t name, uint64_t filled))
{
    struct json *j = self;
    return fields_unread(&j->fields, ctx, field);
}

static int64_t json_progress(void *self)
{
    struct json *j = self;
    uint64_t whole = j->place.to - j->place.from;
    if (!j->entity || !whole)
        return -1;
    /* 2^44 bytes times 10^6 still fit. */
    return (int64_t)((input_at(&j->input) - j->place.from) * 1000000 / whole);
}

static const mig_option_t options[] = {
    {"file", MIG_OPT_PATH, 0, NULL, NULL, "One file with all entities: {\"people\": [...], ...}."},
    {"files", MIG_OPT_JSON, 0, NULL, NULL, "A file for each entity: {\"people\": \"p.json\"}."},
    {"dir", MIG_OPT_PATH, 0, ".", NULL, "Where relative paths of \"files\" start."},
    {"format", MIG_OPT_TEXT, 0, "auto", "auto|document|array|ndjson|object",
     "What the files hold; \"auto\" looks at name and first bytes."},
    {"root", MIG_OPT_TEXT, 0, NULL, NULL,
     "Dotted path of the object with the entities; with \"files\": of the list."},
    {"allow_empty", MIG_OPT_BOOL, 0, "false", NULL, "Take an entity without records for right."},
    {"record_limit", MIG_OPT_INT, 0, "16777216", "1024..1073741824",
     "Longest record in bytes; a longer one is rejected."},
    {"value_limit", MIG_OPT_INT, 0, "262144", "16..100000000",
     "Most values in one record, nested ones too; about 250 bytes of memory each."},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const mig_source_ops_t ops = {
    .size = sizeof(mig_source_ops_t),
    .ping = json_ping,
    .entities = json_entities,
    .identity = json_identity,
    .open = json_open,
    .next = json_next,
    .raw = json_raw,
    .position = json_position,
    .close = json_close,
    .progress = json_progress,
    .unread = json_unread,
};

static const mig_unit_t unit = {
    .size = sizeof(mig_unit_t),
    .kind = MIG_SOURCE,
    .name = "json",
    .summary = "Reads JSON documents, lists and lines record by record.",
    .options = options,
    .create = json_create,
    .destroy = json_destroy,
    .ops = &ops,
};

static const mig_unit_t *const units[] = {&unit, NULL};

extern MIG_EXPORT const mig_plugin_t mighost_plugin;
const mig_plugin_t mighost_plugin = {
    .magic = MIG_MAGIC,
    .abi_major = MIG_ABI_MAJOR,
    .abi_minor = MIG_ABI_MINOR,
    .size = sizeof(mig_plugin_t),
    .id = "org.mighost.source-json",
    .version = "0.1.0",
    .units = units,
};

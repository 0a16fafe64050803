/*
 * csv.c - the unit "csv": a source that reads CSV files, an entity each.
 *
 * Ties the parts together: files (which one), decode (as UTF-8), reader and scan (one record after
 * the other), columns (what its fields are called), table (their values). Memory is bounded by the
 * record limit, never by the file.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/files.h"
#include "common/keep.h"
#include "common/option.h"
#include "common/say.h"
#include "table.h"

struct csv {
    const mig_host_t *host;
    struct files files;
    struct table table;
    json_t *columns; /* entity -> list of names, or NULL; owned */
    json_t *json;    /* the same of the option "json" */
    char *encoding;  /* owned */
    char *entity;    /* the open one, NULL: none; owned */
    int allow_empty;
    char text[FILES_IDENTITY]; /* of position() and identity() */
};

static int32_t csv_close(void *self)
{
    struct csv *c = self;
    free(c->entity);
    c->entity = NULL;
    table_close(&c->table);
    return MIG_OK;
}

static void csv_destroy(void *self)
{
    struct csv *c = self;
    if (!c)
        return;
    csv_close(c);
    table_clear(&c->table);
    files_clear(&c->files);
    json_decref(c->columns);
    json_decref(c->json);
    free(c->encoding);
    free(c);
}

static int is_option(const mig_host_t *host, const char *name, const char *value)
{
    mig_value_t v;
    return host->option(host, name, &v) == MIG_OK && v.kind == MIG_TEXT && v.len == strlen(value) &&
           memcmp(v.data, value, v.len) == 0;
}

/* One ASCII character that ends no line; '\0' for "". */
static int32_t read_character(const mig_host_t *host, const char *name, char *out)
{
    char *text = option_text(host, name);
    if (!text)
        return say_fail(host, MIG_E_NOMEM, NULL, "no memory for options");
    size_t n = strlen(text);
    unsigned char c = (unsigned char)*text;
    free(text);
    if (n > 1 || c > 0x7f || c == '\n' || c == '\r')
        return say_fail(host, MIG_E_CONFIG, "a tab is written as \"\\t\"",
                        "option \"%s\" must be one ASCII character, and no line break", name);
    *out = (char)c;
    return MIG_OK;
}

static int32_t read_characters(const mig_host_t *host, struct scan *scan)
{
    char delimiter, quote;
    int32_t status = read_character(host, "delimiter", &delimiter);
    if (status == MIG_OK)
        status = read_character(host, "quote", &quote);
    if (status != MIG_OK)
        return status;
    if (!delimiter || delimiter == quote)
        return say_fail(host, MIG_E_CONFIG, "write \"delimiter\": \";\" or the like",
                        "option \"delimiter\" must be a character, and not that of \"quote\"");
    scan_init(scan, delimiter, quote);
    return MIG_OK;
}

static int32_t read_names(struct csv *c, const char *option, json_t **out)
{
    int32_t status;
    *out = keep_option_json(c->host, option, &status);
    if (*out && !json_is_object(*out))
        return say_fail(c->host, MIG_E_CONFIG, "write it as {\"entity\": [\"name\", ...], ...}",
                        "option \"%s\" is no object", option);
    return status;
}

static int32_t csv_create(const mig_host_t *host, void **self)
{
    struct csv *c = calloc(1, sizeof *c);
    *self = c;
    if (!c)
        return say_fail(host, MIG_E_NOMEM, NULL, "no memory for a source");
    c->host = host;
    table_init(&c->table, host, option_number(host, "record_limit", (size_t)16 << 20));
    c->table.has_header = option_flag(host, "header");
    c->table.fails_on_bytes = is_option(host, "bad_bytes", "fail");
    c->table.empty = is_option(host, "empty_is_null", "always")  ? TABLE_ALWAYS
                     : is_option(host, "empty_is_null", "never") ? TABLE_NEVER
                                                                 : TABLE_UNQUOTED;
    c->allow_empty = option_flag(host, "allow_empty");
    c->encoding = option_text(host, "encoding");
    if (!c->encoding)
        return say_fail(host, MIG_E_NOMEM, NULL, "no memory for options");
    int32_t status = files_init(&c->files, host);
    if (status == MIG_OK)
        status = read_names(c, "columns", &c->columns);
    if (status == MIG_OK)
        status = read_names(c, "json", &c->json);
    return status == MIG_OK ? read_characters(host, &c->table.reader.scan) : status;
}

static int32_t csv_ping(void *self)
{
    struct csv *c = self;
    return files_ping(&c->files);
}

static int32_t csv_entities(void *self, void *ctx, int32_t (*row)(void *ctx, const char *entity))
{
    struct csv *c = self;
    if (c->files.files)
        return files_list(&c->files, ctx, row);
    char *name = files_stem(&c->files);
    int32_t status = name ? row(ctx, name) : say_fail(c->host, MIG_E_NOMEM, NULL, "no memory");
    free(name);
    return status;
}

static int32_t csv_identity(void *self, const char *entity, mig_str_t *out)
{
    struct csv *c = self;
    int32_t status = files_identity(&c->files, &c->table.input, entity, c->text);
    *out = (mig_str_t){c->text, status == MIG_OK ? strlen(c->text) : 0};
    return status;
}

/* "piece skip number line", decimal, as csv_position() wrote it. */
static int32_t go_on(struct csv *c, mig_str_t position)
{
    struct reader *r = &c->table.reader;
    uint64_t piece, skip;
    char text[FILES_IDENTITY];
    int32_t status = MIG_END;
    if (position.len < sizeof text) {
        memcpy(text, position.data, position.len);
        text[position.len] = '\0';
        if (sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &piece, &skip, &r->number,
                   &r->next_line) == 4)
            status = decode_go(&c->table.text, piece, skip);
    }
    if (status != MIG_END)
        return status;
    return say_fail(c->host, MIG_E_BUG, NULL, "a position is no position of this source");
}

static int32_t csv_open(void *self, const char *entity, const char *const *fields,
                        uint32_t n_fields, const char *const *key_fields, uint32_t n_key_fields,
                        mig_str_t position)
{
    struct csv *c = self;
    (void)key_fields; /* a file has an order of its own */
    (void)n_key_fields;
    csv_close(c);
    int32_t status = c->files.file ? files_check_stem(&c->files, entity) : MIG_OK;
    if (status != MIG_OK)
        return status;
    char *path = files_path(&c->files, entity);
    if (!path)
        return MIG_E_SOURCE;
    c->table.json_names = json_object_get(c->json, entity);
    status = table_open(&c->table, path, c->encoding, entity, json_object_get(c->columns, entity),
                        fields, n_fields);
    free(path);
    if (status != MIG_OK)
        return status;
    c->entity = strdup(entity);
    if (!c->entity)
        return say_fail(c->host, MIG_E_NOMEM, NULL, "no memory for a name");
    return position.len ? go_on(c, position) : MIG_OK;
}

static int32_t at_end(struct csv *c)
{
    const struct table *t = &c->table;
    int32_t status = input_unchanged(&c->table.input);
    if (status != MIG_OK)
        return status;
    if (t->reader.number == 0 && !c->allow_empty)
        return say_fail(c->host, MIG_E_SOURCE, "set the option \"allow_empty\" where this is right",
                        "entity \"%s\" in file \"%s\" has no record", c->entity, t->input.path);
    return MIG_END;
}

static int32_t csv_next(void *self, mig_record_t *rec, mig_wait_t *wait)
{
    struct csv *c = self;
    (void)wait; /* a file never waits */
    int32_t status = table_next(&c->table);
    if (status == MIG_END)
        return at_end(c);
    if (status == MIG_OK) {
        rec->values = c->table.values;
        rec->n_values = c->table.columns.n_wanted;
    }
    return status;
}

static int32_t csv_raw(void *self, mig_str_t *out)
{
    struct csv *c = self;
    return table_raw(&c->table, out);
}

static int32_t csv_position(void *self, mig_str_t *out)
{
    struct csv *c = self;
    const struct reader *r = &c->table.reader;
    uint64_t piece, skip;
    *out = (mig_str_t){"", 0};
    if (!c->entity || !r->number)
        return MIG_OK;
    decode_place(&c->table.text, &piece, &skip);
    int n = snprintf(c->text, sizeof c->text, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, piece,
                     skip, r->number, r->next_line);
    *out = (mig_str_t){c->text, (size_t)n};
    return MIG_OK;
}

static int32_t csv_unread(void *self, void *ctx,
                          int32_t (*field)(void *ctx, mig_str_t name, uint64_t filled))
{
    struct csv *c = self;
    return table_unread(&c->table, ctx, field);
}

static int64_t csv_progress(void *self)
{
    struct csv *c = self;
    const struct input *in = &c->table.input;
    uint64_t whole = c->entity ? (uint64_t)in->opened.st_size : 0;
    /* 2^44 bytes times 10^6 still fit. */
    return whole ? (int64_t)(input_at(in) * 1000000 / whole) : -1;
}

static const mig_option_t options[] = {
    {"file", MIG_OPT_PATH, 0, NULL, NULL, "One file; its entity is named as the file."},
    {"files", MIG_OPT_JSON, 0, NULL, NULL, "A file for each entity: {\"people\": \"p.csv\"}."},
    {"dir", MIG_OPT_PATH, 0, ".", NULL, "Where relative paths of \"files\" start."},
    {"header", MIG_OPT_BOOL, 0, "true", NULL, "The first record of a file names the columns."},
    {"columns", MIG_OPT_JSON, 0, NULL, NULL,
     "Names of the columns, instead of the header's: {\"people\": [\"id\", \"name\"]}."},
    {"json", MIG_OPT_JSON, 0, NULL, NULL,
     "Columns whose objects and lists are JSON and no texts: {\"people\": [\"address\"]}."},
    {"delimiter", MIG_OPT_TEXT, 0, ",", NULL, "One character between fields."},
    {"quote", MIG_OPT_TEXT, 0, "\"", NULL, "One character around fields; \"\" for none."},
    {"encoding", MIG_OPT_TEXT, 0, "auto", "auto|utf-8|utf-16le|utf-16be|latin1|windows-1252",
     "What the files are written in; \"auto\": what their byte order mark says, else UTF-8."},
    {"bad_bytes", MIG_OPT_TEXT, 0, "reject", "reject|fail",
     "A record with bytes that its encoding lacks, or a zero byte, is rejected or ends the run."},
    {"empty_is_null", MIG_OPT_TEXT, 0, "unquoted", "unquoted|always|never",
     "Which empty fields are NULL and not an empty text."},
    {"allow_empty", MIG_OPT_BOOL, 0, "false", NULL, "Take an entity without records for right."},
    {"record_limit", MIG_OPT_INT, 0, "16777216", "1024..1073741824",
     "Longest record in bytes of UTF-8; a longer one is rejected."},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const mig_source_ops_t ops = {
    .size = sizeof(mig_source_ops_t),
    .ping = csv_ping,
    .entities = csv_entities,
    .identity = csv_identity,
    .open = csv_open,
    .next = csv_next,
    .raw = csv_raw,
    .position = csv_position,
    .close = csv_close,
    .progress = csv_progress,
    .unread = csv_unread,
};

static const mig_unit_t unit = {
    .size = sizeof(mig_unit_t),
    .kind = MIG_SOURCE,
    .name = "csv",
    .summary = "Reads CSV files record by record.",
    .options = options,
    .create = csv_create,
    .destroy = csv_destroy,
    .ops = &ops,
};

static const mig_unit_t *const units[] = {&unit, NULL};

extern MIG_EXPORT const mig_plugin_t mighost_plugin;
const mig_plugin_t mighost_plugin = {
    .magic = MIG_MAGIC,
    .abi_major = MIG_ABI_MAJOR,
    .abi_minor = MIG_ABI_MINOR,
    .size = sizeof(mig_plugin_t),
    .id = "org.mighost.source-csv",
    .version = "0.1.0",
    .units = units,
};

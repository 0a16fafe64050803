/*
 * map.c - the migrator "map": one record of the source to one row of one table, or to a row for
 * each element of a list in it, by the field pipelines of the project file. Entities that need no
 * more need no C.
 *
 * describe() turns the options into indexes and handles of the host; record() then only copies
 * slices and calls transforms: it allocates nothing itself. Values stay absent, NULL or a value
 * all the way.
 */
#include <mighost/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/jsonscan.h"
#include "common/jsontext.h"
#include "common/keep.h"
#include "common/option.h"
#include "mapping.h"

/* Between the parts of a composite key, as everywhere in mighost. */
#define KEY_PART_SEPARATOR '\x1f'

struct map {
    const mig_host_t *host;
    struct mapping mapping;
    uint32_t table;
    mig_value_t *inputs; /* of the column at hand; mapping.max_inputs of them */
    mig_value_t element; /* of the list, that the row at hand is made for */
    mig_value_t number;  /* of that element */
};

/* ---- describe ------------------------------------------------------------------------- */

static int32_t bind_inputs(struct map *m, struct mapping_column *c)
{
    int32_t rc = MIG_OK;
    for (uint32_t i = 0; i < c->n_inputs && rc == MIG_OK; i++)
        rc = m->host->reads(m->host, c->inputs[i].field, &c->inputs[i].index);
    return rc;
}

/* One that is unknown or refuses its options does not hide the next one's fault: the host
 * collects what they say. */
static int32_t bind_steps(struct map *m, struct mapping_column *c)
{
    int32_t worst = MIG_OK;
    for (uint32_t i = 0; i < c->n_steps; i++) {
        struct mapping_step *s = &c->steps[i];
        int32_t rc = m->host->transform(m->host, s->use, s->options, &s->handle);
        if (rc != MIG_OK)
            worst = rc;
    }
    return worst;
}

/* For who looks the mapping over: fields with their paths, and the steps. */
static int32_t tell_made(struct map *m, const struct mapping_column *c)
{
    const mig_host_t *h = m->host;
    if (!MIG_HAS(h, made_of))
        return MIG_OK;
    const char **names = h->alloc(h, (c->n_inputs + 1) * sizeof *names);
    for (uint32_t i = 0; i < c->n_inputs; i++) {
        const struct mapping_input *in = &c->inputs[i];
        size_t room = strlen(in->field) + in->path_len + 2;
        char *name = h->alloc(h, room);
        (void)snprintf(name, room, "%s%s%s", in->field, in->path ? "." : "",
                       in->path ? in->path : "");
        names[i] = name;
    }
    return h->made_of(h, m->table, c->index, names, c->n_inputs, c->made);
}

static int32_t tell_ignored(struct map *m)
{
    const mig_host_t *h = m->host;
    int32_t rc = MIG_OK;
    for (uint32_t i = 0; i < m->mapping.n_ignored && rc == MIG_OK && MIG_HAS(h, ignores); i++)
        rc = h->ignores(h, m->mapping.ignored[i]);
    return rc;
}

static int32_t bind_columns(struct map *m)
{
    const mig_host_t *h = m->host;
    int32_t worst = MIG_OK;
    for (uint32_t i = 0; i < m->mapping.n_columns; i++) {
        struct mapping_column *c = &m->mapping.columns[i];
        int32_t rc = bind_inputs(m, c);
        if (rc == MIG_OK)
            rc = h->column(h, m->table, c->name, &c->index);
        if (rc == MIG_OK)
            rc = tell_made(m, c);
        if (rc == MIG_OK && c->key_stage != NULL)
            rc = h->entity(h, c->key_stage, &c->entity);
        if (rc == MIG_OK && c->key_stage != NULL && MIG_HAS(h, takes_key))
            rc = h->takes_key(h, m->table, c->index, c->entity);
        int32_t steps = bind_steps(m, c);
        worst = rc != MIG_OK ? rc : steps != MIG_OK ? steps : worst;
    }
    return worst;
}

static int32_t parse(struct map *m)
{
    const mig_host_t *h = m->host;
    int32_t rc;
    json_t *ignore = NULL;
    json_t *fields = keep_option_json(h, "fields", &rc);
    if (rc == MIG_OK)
        ignore = keep_option_json(h, "ignore", &rc);
    char *each = option_text(h, "each");
    if (rc == MIG_OK) {
        struct faultlist faults = {0};
        mapping_parse(h, fields, ignore, each, &m->mapping, &faults);
        rc = faultlist_end(&faults, h, "correct \"fields\" in the options of this stage");
    }
    free(each);
    json_decref(fields);
    json_decref(ignore);
    return rc;
}

static int32_t map_describe(void *self)
{
    struct map *m = self;
    const mig_host_t *h = m->host;
    mig_value_t table;
    int32_t rc = parse(m);
    if (rc == MIG_OK)
        rc = h->option(h, "table", &table);
    if (rc == MIG_OK)
        rc = h->writes(h, keep_text(h, table.data, table.len), &m->table);
    if (rc != MIG_OK)
        return rc;
    m->inputs = h->alloc(h, m->mapping.max_inputs * sizeof *m->inputs);
    if (m->mapping.each.field != NULL)
        rc = h->reads(h, m->mapping.each.field, &m->mapping.each.index);
    if (rc == MIG_OK)
        rc = tell_ignored(m);
    return rc == MIG_OK ? bind_columns(m) : rc;
}

/* ---- record --------------------------------------------------------------------------- */

/* One member out of a field that holds JSON. What is not there is absent. */
static int32_t read_path(const struct map *m, const struct mapping_input *in, mig_value_t *value)
{
    const mig_host_t *h = m->host;
    if (value->kind == MIG_ABSENT || value->kind == MIG_NULL)
        return MIG_OK;
    if (value->kind != MIG_JSON)
        return h->reject(h, in->field, "bad_type",
                         "the mapping takes a member out of this field, but it holds no JSON "
                         "object or array");
    struct jsonscan_slice found;
    if (!jsonscan_path(value->data, value->len, in->path, in->path_len, &found)) {
        value->kind = MIG_ABSENT;
        return MIG_OK;
    }
    /* Only strings with escapes need room of their own. */
    char *scratch = *found.data == '"' ? h->alloc(h, found.len) : NULL;
    if (jsontext_value(found.data, found.len, &scratch, value) != 0)
        return h->reject(h, in->field, "bad_json", "the field holds broken JSON");
    return MIG_OK;
}

static int32_t read_field(const struct map *m, const struct mapping_input *in,
                          const mig_record_t *rec, mig_value_t *out)
{
    if (in->index >= rec->n_values)
        return m->host->fail(m->host, MIG_E_BUG, "the record has fewer fields than declared", NULL);
    *out = rec->values[in->index];
    return in->path != NULL ? read_path(m, in, out) : MIG_OK;
}

static int32_t read_fields(const struct map *m, const struct mapping_column *c,
                           const mig_record_t *rec)
{
    int32_t rc = MIG_OK;
    for (uint32_t i = 0; i < c->n_inputs && rc == MIG_OK; i++)
        rc = read_field(m, &c->inputs[i], rec, &m->inputs[i]);
    return rc;
}

/* Fills m->inputs; `n` is how many. */
static int32_t read_source(const struct map *m, const struct mapping_column *c,
                           const mig_record_t *rec, uint32_t *n)
{
    *n = 1;
    if (c->source == MAPPING_FIELDS) {
        *n = c->n_inputs;
        return read_fields(m, c, rec);
    }
    m->inputs[0] = c->source == MAPPING_ELEMENT  ? m->element
                   : c->source == MAPPING_NUMBER ? m->number
                                                 : c->value;
    if (c->source == MAPPING_RECORD_KEY) {
        if (rec->key.len > UINT32_MAX)
            return m->host->reject(m->host, NULL, "too_long", "the source key is too long");
        m->inputs[0] = (mig_value_t){rec->key.data, (uint32_t)rec->key.len, MIG_TEXT};
    }
    return MIG_OK;
}

/* The parts of a composite source key as one text; a part that is missing leaves no key. */
static int32_t join_key(const struct map *m, const struct mapping_column *c, uint32_t n)
{
    size_t len = n - 1;
    for (uint32_t i = 0; i < n; i++) {
        if (m->inputs[i].kind == MIG_ABSENT || m->inputs[i].kind == MIG_NULL) {
            m->inputs[0].kind = m->inputs[i].kind;
            return MIG_OK;
        }
        len += m->inputs[i].len;
    }
    if (len > UINT32_MAX)
        return m->host->reject(m->host, c->name, "too_long", "the composite key is too long");
    char *text = m->host->alloc(m->host, len + 1);
    char *end = text;
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0)
            *end++ = KEY_PART_SEPARATOR;
        memcpy(end, m->inputs[i].data, m->inputs[i].len);
        end += m->inputs[i].len;
    }
    m->inputs[0] = (mig_value_t){text, (uint32_t)len, MIG_TEXT};
    return MIG_OK;
}

static int32_t set_value(const struct map *m, const struct mapping_column *c,
                         const mig_record_t *rec, mig_value_t *out)
{
    const mig_host_t *h = m->host;
    uint32_t n;
    int32_t rc = read_source(m, c, rec, &n);
    for (uint32_t i = 0; i < c->n_steps && rc == MIG_OK; i++) {
        mig_value_t result = {.kind = MIG_ABSENT};
        int is_last = i + 1 == c->n_steps && c->key_stage == NULL;
        if (is_last && MIG_HAS(h, apply_to))
            rc = h->apply_to(h, c->steps[i].handle, m->table, c->index, m->inputs, n, &result);
        else
            rc = h->apply(h, c->steps[i].handle, c->name, m->inputs, n, &result);
        m->inputs[0] = result;
        n = 1;
    }
    if (rc == MIG_OK && c->key_stage != NULL) {
        rc = n > 1 ? join_key(m, c, n) : MIG_OK;
        return rc != MIG_OK ? rc : h->key(h, c->entity, &m->inputs[0], out);
    }
    *out = m->inputs[0];
    return rc;
}

static int32_t add_row(const struct map *m, const mig_record_t *rec)
{
    mig_value_t *row = m->host->row(m->host, m->table);
    for (uint32_t i = 0; i < m->mapping.n_columns; i++) {
        const struct mapping_column *c = &m->mapping.columns[i];
        int32_t rc = set_value(m, c, rec, &row[c->index]);
        if (rc != MIG_OK)
            return rc;
    }
    return m->host->emit(m->host, m->table);
}

/* The next element of a JSON list, whose text is valid; `at` moves behind it. 0 at the end. */
static int next_element(const char **at, const char *end, struct jsonscan_slice *out)
{
    struct jsonscan scan;
    size_t used;
    jsonscan_begin(&scan);
    (void)jsonscan_feed(&scan, *at + 1, (size_t)(end - *at - 1), &used);
    *out = jsonscan_trim(*at + 1, used);
    *at += used + 1;
    return out->len > 0;
}

static int32_t add_rows(struct map *m, const mig_record_t *rec, const mig_value_t *list)
{
    const mig_host_t *h = m->host;
    const char *at = list->data, *end = at + list->len;
    struct jsonscan_slice text;
    int32_t rc = MIG_OK;
    char *digits = h->alloc(h, 24);
    for (size_t n = 1; rc == MIG_OK && *at != ']' && next_element(&at, end, &text); n++) {
        char *scratch = *text.data == '"' ? h->alloc(h, text.len) : NULL;
        if (jsontext_value(text.data, text.len, &scratch, &m->element) != 0)
            return h->reject(h, m->mapping.each.field, "bad_json", "the field holds broken JSON");
        int len = snprintf(digits, 24, "%zu", n);
        m->number = (mig_value_t){digits, (uint32_t)len, MIG_NUMBER};
        rc = add_row(m, rec);
    }
    return rc;
}

static int32_t map_record(void *self, const mig_record_t *rec)
{
    struct map *m = self;
    const struct mapping_input *each = &m->mapping.each;
    mig_value_t list;
    if (each->field == NULL)
        return add_row(m, rec);
    int32_t rc = read_field(m, each, rec, &list);
    if (rc != MIG_OK || list.kind == MIG_ABSENT || list.kind == MIG_NULL)
        return rc;
    if (list.kind != MIG_JSON || *list.data != '[')
        return m->host->reject(m->host, each->field, "bad_type",
                               "a row is made for each element of this field, but it is no list");
    return add_rows(m, rec, &list);
}

/* ---- the unit ------------------------------------------------------------------------- */

static int32_t map_create(const mig_host_t *host, void **self)
{
    struct map *m = calloc(1, sizeof *m);
    if (m == NULL)
        return host->fail(host, MIG_E_NOMEM, "out of memory", NULL);
    m->host = host;
    *self = m;
    return MIG_OK;
}

static void map_destroy(void *self)
{
    free(self);
}

static const mig_option_t OPTIONS[] = {
    {"table", MIG_OPT_TEXT, MIG_OPTF_REQUIRED, NULL, NULL,
     "The target table, \"table\" or \"schema.table\"."},
    {"fields", MIG_OPT_JSON, MIG_OPTF_REQUIRED, NULL, NULL,
     "Target column -> source field, or a list: source, then transforms."},
    {"each", MIG_OPT_TEXT, 0, NULL, NULL,
     "A source field with a list: a row is made for each of its elements."},
    {"ignore", MIG_OPT_JSON, 0, NULL, NULL, "Source fields that are left out on purpose."},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const mig_migrator_ops_t OPS = {
    .size = sizeof(mig_migrator_ops_t),
    .describe = map_describe,
    .record = map_record,
};

static const mig_unit_t UNIT = {
    .size = sizeof(mig_unit_t),
    .kind = MIG_MIGRATOR,
    .name = "map",
    .summary = "One row of one table for each record, or each element of a list in it, by field "
               "pipelines of the project file.",
    .options = OPTIONS,
    .create = map_create,
    .destroy = map_destroy,
    .ops = &OPS,
};

static const mig_unit_t *const UNITS[] = {&UNIT, NULL};

MIG_EXPORT const mig_plugin_t mighost_plugin = {
    .magic = MIG_MAGIC,
    .abi_major = MIG_ABI_MAJOR,
    .abi_minor = MIG_ABI_MINOR,
    .size = sizeof(mig_plugin_t),
    .id = "org.mighost.migrator-map",
    .version = "0.1",
    .units = UNITS,
};

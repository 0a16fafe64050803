/* deferred_rows.c - rows that wait for values. Nothing here knows how a record became rows, nor how
 * a chunk travels. */
#include "deferred_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "staging.h"

struct deferred_rows_row {
    size_t table; /* of the migrator */
    int64_t id;
    mig_value_t *values;
    size_t n;
};

struct deferred_rows_record {
    struct deferred_rows_about about;
    size_t rows, values; /* behind its last one */
};

void deferred_rows_init(struct deferred_rows *h)
{
    memset(h, 0, sizeof *h);
    h->mem = arena_new();
}

void deferred_rows_begin(struct deferred_rows *h)
{
    for (size_t i = 0; i < h->n_values; i++)
        deferred_free(h->values[i]);
    arena_wipe(h->mem);
    h->n_records = h->n_rows = h->n_values = h->n_added = 0;
    atomic_store(&h->left, 0);
}

void deferred_rows_clear(struct deferred_rows *h)
{
    if (!h->mem)
        return;
    deferred_rows_begin(h);
    free(h->records);
    free(h->rows);
    free(h->values);
    arena_free(h->mem);
    memset(h, 0, sizeof *h);
}

size_t deferred_rows_bytes(const struct deferred_rows *h)
{
    return arena_size(h->mem) + h->n_rows * sizeof *h->rows;
}

/* ---- making ---------------------------------------------------------------------------- */

static void *grow(void *list, size_t n, size_t *capacity, size_t size)
{
    if (n < *capacity)
        return list;
    *capacity = *capacity ? *capacity * 2 : 64;
    return arena_heap(list, *capacity * size);
}

/* Of the record at hand, for this column and no other. */
static int is_own(const struct deferred_rows *h, const mig_value_t *v, size_t table, size_t column)
{
    for (size_t i = h->n_added; i < h->n_values; i++)
        if ((const char *)h->values[i] == v->data)
            return h->values[i]->table == table && h->values[i]->column == column;
    return 0;
}

int32_t deferred_rows_row(struct deferred_rows *h, struct unit *migrator, size_t table, int64_t id)
{
    const struct host_table *t = &migrator->tables[table];
    mig_value_t *values = arena_alloc(h->mem, (t->n_columns + 1) * sizeof *values);
    for (size_t i = 0; i < t->n_columns; i++) {
        values[i] = t->row[i];
        if (values[i].kind == MIG_AWAITED && !is_own(h, &values[i], table, i))
            return migrator->table.fail(&migrator->table, MIG_E_BUG,
                                        "emits a value of apply_to() in another column", NULL);
        if (values[i].kind > MIG_NULL && values[i].kind != MIG_AWAITED && values[i].len)
            values[i].data = arena_strndup(h->mem, values[i].data, values[i].len);
    }
    h->rows = grow(h->rows, h->n_rows, &h->rows_capacity, sizeof *h->rows);
    h->rows[h->n_rows++] = (struct deferred_rows_row){table, id, values, t->n_columns};
    return MIG_OK;
}

mig_value_t deferred_rows_value(struct deferred_rows *h, const struct host_value *v, mig_str_t key,
                                const unsigned char *mark)
{
    h->values = grow(h->values, h->n_values, &h->values_capacity, sizeof *h->values);
    struct deferred_value *x = h->values[h->n_values] = deferred_value(v, key, NULL);
    x->has_mark = mark != NULL;
    if (mark)
        memcpy(x->mark, mark, sizeof x->mark);
    return (mig_value_t){(const char *)h->values[h->n_values++], 0, MIG_AWAITED};
}

void deferred_rows_keep(struct deferred_rows *h, struct deferred *l,
                        const struct deferred_rows_about *about)
{
    h->records = grow(h->records, h->n_records, &h->records_capacity, sizeof *h->records);
    struct deferred_rows_record *r = &h->records[h->n_records++];
    *r = (struct deferred_rows_record){*about, h->n_rows, h->n_values};
    r->about.key = arena_strdup(h->mem, about->key);
    r->about.final_key = arena_strdup(h->mem, about->final_key);
    if (about->raw.len)
        r->about.raw.data = arena_strndup(h->mem, about->raw.data, about->raw.len);
    atomic_fetch_add(&h->left, h->n_values - h->n_added);
    for (; h->n_added < h->n_values; h->n_added++)
        deferred_add(l, h->values[h->n_added], &h->left);
}

int32_t deferred_rows_refuse(struct deferred_rows *h, struct unit *migrator)
{
    struct host *host = migrator->host;
    const struct host_outcome behind = host->outcome;
    for (size_t i = h->n_added; i < h->n_values; i++) {
        const struct deferred_value *v = h->values[i];
        const mig_transform_ops_t *ops = v->transform->def->unit->ops;
        const char *name = migrator->tables[v->table].columns[v->column];
        mig_value_t out = {.kind = MIG_ABSENT};
        if (MIG_HAS(ops, quick))
            continue;
        memset(&host->outcome, 0, sizeof host->outcome);
        host->field = name;
        int32_t got = call_slow(v->transform, v->in, v->n_in, &out);
        if (got == MIG_REJECT)
            host_refuse(host, name);
        if (got != MIG_OK)
            return got == MIG_REJECT ? MIG_OK : got;
    }
    host->outcome = behind;
    return MIG_OK;
}

void deferred_rows_drop(struct deferred_rows *h)
{
    while (h->n_values > h->n_added)
        deferred_free(h->values[--h->n_values]);
    h->n_rows = h->n_records ? h->records[h->n_records - 1].rows : 0;
}

int deferred_rows_is_ready(struct deferred_rows *h)
{
    return atomic_load(&h->left) == 0;
}

/* ---- settling -------------------------------------------------------------------------- */

static void refuse(const struct deferred_rows_into *into, const struct deferred_rows_about *about,
                   const struct host_outcome *o)
{
    struct chunk *c = into->chunk;
    chunk_left(c)[about->record] = 1;
    chunk_reject(c, &(struct chunk_reject){.record = about->record,
                                           .outcome = o->kind,
                                           .number = about->number,
                                           .key = about->key,
                                           .final_key = about->final_key,
                                           .table = o->table,
                                           .field = o->field,
                                           .code = o->code,
                                           .reason = o->reason,
                                           .raw = about->raw});
}

/* The first refusal among the values [from, to), NULL: none. */
static const struct host_outcome *refusal(const struct deferred_rows *h, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (h->values[i]->outcome)
            return h->values[i]->outcome;
    return NULL;
}

static void put_values(struct deferred_rows_row *row)
{
    for (size_t i = 0; i < row->n; i++)
        if (row->values[i].kind == MIG_AWAITED)
            row->values[i] = ((const struct deferred_value *)row->values[i].data)->out;
}

/* 1: it was refused. */
static int encode_row(struct deferred_rows_row *row, const struct deferred_rows_about *about,
                      const struct deferred_rows_into *into)
{
    const struct job_stage *st = into->chunk->stage;
    size_t index = st->tables[row->table];
    const struct job_table *t = &into->job->tables[index];
    const struct catalog_column *column = NULL;
    struct encode_fault fault = {0};
    put_values(row);
    const struct staged_encode encode = {.table = t,
                                         .values = row->values,
                                         .from = into->from[row->table],
                                         .id = row->id,
                                         .record = STAGING_RECORD(into->chunk->no, about->record),
                                         .key = {about->key, strlen(about->key)}};
    if (staged_encode(&into->chunk->rows[index], &encode, about->record, &fault, &column) == 0)
        return 0;
    struct host_outcome o = {.kind = MIG_REJECT};
    snprintf(o.table, sizeof o.table, "%s.%s", t->t->schema, t->t->name);
    snprintf(o.field, sizeof o.field, "%s", column ? column->name : "");
    snprintf(o.code, sizeof o.code, "%s", fault.code);
    snprintf(o.reason, sizeof o.reason, "%s", fault.reason);
    refuse(into, about, &o);
    return 1;
}

static void keep_mark(const struct deferred_value *v, struct chunk *c)
{
    if (v->has_mark && v->returned == MIG_OK && v->out.kind == MIG_TEXT)
        chunk_memo(c, v->mark, (mig_str_t){v->out.data, v->out.len});
}

static int failed_value(const struct deferred_rows *h, struct error *err)
{
    for (size_t i = 0; i < h->n_values; i++) {
        const struct deferred_value *v = h->values[i];
        if (v->returned == MIG_E_CANCELLED && !(v->failure && v->failure->code))
            return error_set(err, STATUS_INTERRUPTED, "stopped while values were computed");
        if (v->returned >= 0)
            continue;
        *err = *v->failure;
        return err->code;
    }
    return 0;
}

int deferred_rows_settle(struct deferred_rows *h, const struct deferred_rows_into *into,
                         uint64_t *rejected, struct error *err)
{
    size_t row = 0, value = 0;
    int code = failed_value(h, err);
    for (size_t i = 0; !code && i < h->n_values; i++)
        keep_mark(h->values[i], into->chunk);
    for (size_t i = 0; !code && i < h->n_records; i++) {
        const struct deferred_rows_record *r = &h->records[i];
        const struct host_outcome *o = refusal(h, value, r->values);
        int refused = o != NULL;
        if (o)
            refuse(into, &r->about, o);
        size_t first = row;
        for (; row < r->rows && !refused; row++)
            refused = encode_row(&h->rows[row], &r->about, into);
        row = r->rows;
        into->chunk->made += refused ? 0 : (int64_t)(row - first);
        value = r->values;
        *rejected += (uint64_t)refused;
    }
    return code;
}

/* stream.c - one pass over an open entity, or over a part of it: reads records, has the migrator
 * make rows of them and hands chunks to chunk_send.c. Which stage comes when, and from where, is
 * load.c's. A record is all or nothing: when one of its rows is refused, the rows before it are
 * taken back. */
#include "stream.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "call.h"
#include "chunk_send.h"
#include "counted.h"
#include "deferred_chunk.h"
#include "digest.h"
#include "facts.h"
#include "fault.h"
#include "feed.h"
#include "hostrepairs.h"
#include "staging.h"
#include "waits.h"

/* A chunk ends here whatever its record count, so that memory does not grow with the source. Two
 * are in memory: one is filled while the other is sent. */
#define CHUNK_BYTES ((size_t)800 << 10)
#define ADVANCE_EVERY 64            /* records between two looks at what the target can take */
#define KEY_BYTES ((size_t)1 << 16) /* of a source key, at most */

struct stream {
    struct state *s;
    struct job *job;
    const struct load_options *options;
    struct job_stage *stage;
    struct chunk chunks[2], *chunk; /* chunk: the one that is being filled */
    struct chunk_send send;
    struct deferred_chunk deferred; /* chunks of a stage with slow transforms */
    size_t *marks;                  /* rows per table before the current record */
    size_t **from;           /* per migrator table: job column -> index of the row's values */
    struct digest_uuid *own; /* makes the stage's own keys; NULL: kept ones, or not known yet */
    struct str key;
    uint32_t row_seq; /* rows of the chunk, numbers _mig_id */
    int own_keys;     /* the first table's key is the stage's own key */
    uint64_t read, rejected;
    char snapshot[FEED_SNAPSHOT_SIZE]; /* that it reads; "": the source has none */
    struct counted counted;
    struct timespec told;
    char cause[224]; /* of the first reject of the pass, for people */
};

/* NULL: it is not known yet. */
static const char *own_key(const struct stream *l, char out[37])
{
    if (project_ids_wait(l->stage->p->ids))
        return NULL;
    if (!l->own)
        return l->key.data;
    if (l->job->host->own_key)
        return l->job->host->own_key;
    digest_uuid5(l->own, l->key.data, l->key.len, out);
    return out;
}

/* ---- one record ------------------------------------------------------------------------ */

static void keep_reject(struct stream *l, const mig_record_t *record)
{
    const struct host_outcome *o = &l->job->host->outcome;
    struct chunk_reject r = {.record = l->chunk->records,
                             .outcome = o->kind,
                             .number = record->number,
                             .table = o->table,
                             .field = o->field,
                             .code = o->code,
                             .reason = o->reason};
    char uuid[37];
    if (l->key.len) {
        r.key = l->key.data;
        r.final_key = own_key(l, uuid);
    }
    /* Fields of class secret are never kept: redrive reads the record from the source. */
    if (!job_is_secret(l->stage))
        r.raw = feed_raw(l->stage);
    chunk_reject(l->chunk, &r);
    if (o->kind == MIG_REJECT)
        l->rejected++;
    if (o->kind == MIG_REJECT && !l->cause[0])
        snprintf(l->cause, sizeof l->cause, "%s%s%s", o->code, o->field[0] ? " in " : "", o->field);
}

static void set_outcome(struct host *h, const char *table, const char *field, const char *code,
                        const char *reason)
{
    struct host_outcome *o = &h->outcome;
    if (o->kind)
        return;
    o->kind = MIG_REJECT;
    snprintf(o->table, sizeof o->table, "%s", table);
    snprintf(o->field, sizeof o->field, "%s", field);
    snprintf(o->code, sizeof o->code, "%s", code);
    snprintf(o->reason, sizeof o->reason, "%s", reason);
}

static int is_own_key(const struct stream *l, const mig_value_t *v)
{
    char uuid[37];
    const char *key = own_key(l, uuid);
    if (!key)
        return v->kind == MIG_KEY && token_is_of(v, l->stage->p->name) &&
               token_text(v).len == strlen(l->stage->p->name) + 1 + l->key.len;
    return v->len == strlen(key) && memcmp(v->data, key, strlen(key)) == 0;
}

/* Is the first table's key the stage's own key? Only then can replace tell by the key of a
 * rejected record that its live row is to stay, and source keys in order prove that keys differ. */
static void look_at_key(struct stream *l, const struct job_table *t, const mig_value_t *values,
                        const size_t *from)
{
    int is_own = 0;
    for (size_t i = 0; l->own_keys && t->match && t->match->n == 1 && i < t->n_columns; i++)
        if (from[i] != SIZE_MAX && str_equal(t->columns[i]->name, t->match->columns[0]))
            is_own = is_own_key(l, &values[from[i]]);
    l->own_keys = is_own;
    keyorder_row(&l->chunk->order, l->chunk->records, is_own);
}

static int32_t emit(void *ctx, size_t table)
{
    struct stream *l = ctx;
    const struct job_stage *st = l->stage;
    size_t index = st->tables[table];
    const struct job_table *t = &l->job->tables[index];
    const struct host_table *declared = &st->migrator->tables[table];
    struct encode_fault fault = {0};
    const struct catalog_column *column = NULL;
    struct staged_encode row = {
        .table = t,
        .values = declared->row,
        .from = l->from[table],
        .id = STAGING_RECORD(l->chunk->no, ++l->row_seq),
        .record = STAGING_RECORD(l->chunk->no, l->chunk->records),
        .key = {l->key.data, l->key.len},
    };
    if (call_row(st->migrator, declared->row, declared->n_columns) != MIG_OK)
        return MIG_E_BUG;
    int32_t fits = waits_row(st->migrator, table);
    if (fits != MIG_OK)
        return fits;
    if (table == 0)
        look_at_key(l, t, declared->row, l->from[0]);
    if (l->row_seq >= STAGING_ROWS_MAX) {
        set_outcome(l->job->host, "", "", "too_many_rows", "the record makes too many rows");
        return MIG_REJECT;
    }
    if (l->deferred.values)
        return deferred_rows_row(deferred_chunk_held(&l->deferred, l->chunk), st->migrator, table,
                                 row.id);
    if (staged_encode(&l->chunk->rows[index], &row, l->chunk->records, &fault, &column) == 0)
        return MIG_OK;
    char name[160];
    snprintf(name, sizeof name, "%s.%s", t->t->schema, t->t->name);
    set_outcome(l->job->host, name, column ? column->name : "", fault.code, fault.reason);
    return MIG_REJECT;
}

/* A key is needed while the record is at work: of duplicates, of what refers to it. */
static int is_key_column(const struct stream *l, const struct host_value *v)
{
    const struct job_table *t = &l->job->tables[l->stage->tables[v->table]];
    const char *name = l->stage->migrator->tables[v->table].columns[v->column];
    for (size_t i = 0; t->match && i < t->match->n; i++)
        if (str_equal(t->match->columns[i], name))
            return 1;
    return 0;
}

static int32_t await(void *ctx, const struct host_value *v, mig_value_t *out)
{
    struct stream *l = ctx;
    if (is_key_column(l, v))
        return MIG_LATER;
    return deferred_chunk_value(&l->deferred, l->chunk, v, out);
}

/* The record's rows are complete and wait for their values; or it has none to keep. */
static void hold_record(struct stream *l, const mig_record_t *record, int made)
{
    struct deferred_rows *h = deferred_chunk_held(&l->deferred, l->chunk);
    char uuid[37];
    if (!made) {
        deferred_rows_drop(h);
        return;
    }
    struct deferred_rows_about about = {.record = l->chunk->records,
                                        .number = record->number,
                                        .key = l->key.data,
                                        .final_key = own_key(l, uuid)};
    if (!job_is_secret(l->stage))
        about.raw = feed_raw(l->stage);
    deferred_rows_keep(h, l->deferred.values, &about);
}

static int refuse_first(struct stream *l, struct error *err)
{
    struct unit *migrator = l->stage->migrator;
    int32_t got = deferred_rows_refuse(deferred_chunk_held(&l->deferred, l->chunk), migrator);
    return got < 0 ? host_error(migrator, got, "record", err) : 0;
}

static int one_record(struct stream *l, mig_record_t *record, int32_t got, struct error *err)
{
    struct host *host = l->job->host;
    for (size_t i = 0; i < l->job->n_tables; i++)
        l->marks[i] = l->chunk->rows[i].n;
    uint32_t rows_before = l->row_seq;
    l->chunk->records++;
    record->number = ++l->read;
    str_reset(&l->key);
    int code = 0;
    if (got == MIG_OK && !feed_key(l->stage, record, &l->key)) {
        str_reset(&l->key);
        set_outcome(host, "", l->stage->p->key[0], "no_key",
                    "the record has no usable source key, so that it cannot be told apart");
    } else if (got == MIG_OK) {
        record->key = host->key = (mig_str_t){l->key.data, l->key.len};
        keyorder_key(&l->chunk->order, l->key.data, l->key.len);
        highwater_raise(l->stage, record, &l->chunk->mark);
        int32_t made = call_record(l->stage->migrator, record);
        if (made < 0)
            code = host_error(l->stage->migrator, made, "record", err);
        else if (made != MIG_OK && !host->outcome.kind)
            set_outcome(host, "", "", "unspecified", "the migrator refused the record");
        if (!code && l->deferred.values && host->outcome.kind)
            code = refuse_first(l, err);
    } else if (!host->outcome.kind) {
        set_outcome(host, "", "", "broken_record", "the source cannot read the record");
    }
    int refused = host->outcome.kind != 0;
    if (!code && refused) {
        l->row_seq = rows_before;
        for (size_t i = 0; i < l->job->n_tables; i++)
            staged_truncate(&l->chunk->rows[i], l->marks[i]);
        keep_reject(l, record);
    }
    if (l->deferred.values)
        hold_record(l, record, !code && !refused);
    else
        l->chunk->made += l->row_seq - rows_before;
    host_record_done(host);
    return code;
}

/* ---- one chunk ------------------------------------------------------------------------- */

static void tell(struct stream *l, int now)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    if (!l->options->progress || (!now && t.tv_sec == l->told.tv_sec))
        return;
    l->told = t;
    l->options->progress(l->options->ctx, &(struct load_progress){.stage = l->stage->p->name,
                                                                  .read = l->read,
                                                                  .rejected = l->rejected,
                                                                  .parts = feed_progress(l->stage),
                                                                  .cause = l->cause});
}

static void tell_now(void *ctx)
{
    tell(ctx, 0);
}

/* The chunk that waits for values goes on its way. */
static int send_deferred(struct stream *l, struct error *err)
{
    const struct deferred_chunk_into into = {&l->send, l->from, &l->rejected, tell_now, l};
    return deferred_chunk_send(&l->deferred, &into, err);
}

static int is_full(struct stream *l)
{
    size_t bytes =
        chunk_bytes(l->chunk) + deferred_rows_bytes(deferred_chunk_held(&l->deferred, l->chunk));
    return l->chunk->records >= l->job->project->batch_size || bytes >= CHUNK_BYTES ||
           deferred_chunk_is_full(&l->deferred, l->chunk);
}

/* Fills the chunk. 1: the entity is at its end, 0: there is more, else -status. */
static int fill(struct stream *l, struct error *err)
{
    mig_record_t record = {.size = sizeof record};
    while (!is_full(l)) {
        l->job->host->in_record = 1;
        int32_t got = feed_next(l->stage, &record, &l->send, &l->key);
        int code = 0;
        if (got == MIG_OK)
            counted_record(&l->counted, &record);
        if (got == MIG_OK || got == MIG_REJECT)
            code = one_record(l, &record, got, err);
        else if (got < 0)
            code = host_error(l->stage->source, got, "next", err);
        l->job->host->in_record = 0;
        if (code)
            return -code;
        if (got == MIG_END)
            return 1;
        if (l->chunk->records % ADVANCE_EVERY == 0)
            chunk_send_advance(&l->send);
        if ((l->chunk->records & 0x3ff) == 0)
            tell(l, 0);
        if (deferred_chunk_is_ready(&l->deferred) && (code = send_deferred(l, err)))
            return -code;
        if (host_is_cancelled())
            break;
    }
    return 0;
}

/* Waits for the chunk before, whose rows are durable then. */
static int finish_chunk(struct stream *l, struct error *err)
{
    int any = l->send.c != NULL;
    int code = chunk_send_finish(&l->send, err);
    if (!code && any && fault_point("chunk.after_commit"))
        code = error_set(err, STATUS_TEMPORARY, "fault point chunk.after_commit");
    return code;
}

/* The filled chunk goes on its way; the other one, which has arrived, is filled next. */
static int send_chunk(struct stream *l, struct error *err)
{
    chunk_seal(l->chunk, l->job->host, feed_position(l->stage), feed_progress(l->stage),
               l->own_keys);
    if (fault_point("chunk.read"))
        return error_set(err, STATUS_TEMPORARY, "fault point chunk.read");
    int code = counted_seal(&l->counted, l->chunk, !pg_takes_all_text(l->s->pg), err);
    if (!code)
        code = send_deferred(l, err);
    if (!code)
        code = finish_chunk(l, err);
    if (code || !l->chunk->records)
        return code;
    if (l->deferred.values)
        l->deferred.waits = l->chunk;
    else
        chunk_send_begin(&l->send, l->chunk);
    l->chunk = l->chunk == &l->chunks[0] ? &l->chunks[1] : &l->chunks[0];
    return 0;
}

static int all_chunks(struct stream *l, const struct stream_from *from, struct error *err)
{
    int code = 0, end = 0;
    for (int64_t k = from->chunks + 1; !code && !end && !host_is_cancelled(); k++) {
        chunk_begin(l->chunk, l->stage, from->base + k, l->read + 1, feed_position(l->stage));
        l->chunk->snapshot = l->snapshot;
        deferred_chunk_begin(&l->deferred, l->chunk);
        l->row_seq = 0;
        hostrepairs_chunk(l->job->host);
        end = fill(l, err);
        code = end < 0 ? -end : send_chunk(l, err);
        tell(l, 1);
    }
    /* What is under way is not lost to a source that failed. */
    struct error late = {0};
    int sent = send_deferred(l, code ? &late : err);
    if (!sent)
        sent = finish_chunk(l, code ? &late : err);
    if (!code)
        code = sent;
    return code || end ? code
                       : error_set(err, STATUS_INTERRUPTED, "stopped while loading stage %s",
                                   l->stage->p->name);
}

/* ---- one pass ------------------------------------------------------------------------- */

static void map_columns(struct stream *l)
{
    const struct job_stage *st = l->stage;
    size_t n = st->migrator->n_tables;
    l->from = arena_alloc(l->job->mem, (n + 1) * sizeof *l->from);
    for (size_t m = 0; m < n; m++) {
        const struct job_table *t = &l->job->tables[st->tables[m]];
        l->from[m] = arena_alloc(l->job->mem, (t->n_columns + 1) * sizeof **l->from);
        for (size_t i = 0; i < t->n_columns; i++)
            l->from[m][i] = SIZE_MAX;
        for (size_t i = 0; i < st->migrator->tables[m].n_columns; i++)
            l->from[m][st->columns[m][i]] = i;
    }
}

struct stream *stream_new(struct state *s, struct job *job, const struct load_options *options)
{
    struct stream *l = arena_alloc(job->mem, sizeof *l);
    l->s = s;
    l->job = job;
    l->options = options;
    l->marks = arena_alloc(job->mem, (job->n_tables + 1) * sizeof *l->marks);
    chunk_init(&l->chunks[0], job);
    chunk_init(&l->chunks[1], job);
    deferred_chunk_init(&l->deferred, s, job, l->chunks);
    chunk_send_init(&l->send, s, job);
    l->chunk = &l->chunks[0];
    str_init(&l->key, KEY_BYTES);
    return l;
}

void stream_clear(struct stream *l)
{
    chunk_send_clear(&l->send);
    chunk_clear(&l->chunks[0]);
    chunk_clear(&l->chunks[1]);
    deferred_chunk_clear(&l->deferred);
    counted_clear(&l->counted);
    str_clear(&l->key);
}

int stream_run(struct stream *l, struct job_stage *st, const struct stream_from *from,
               struct error *err)
{
    if (l->stage != st) {
        l->stage = st;
        map_columns(l);
    }
    l->own = st->p->ids == ID_UUID5 ? digest_uuid_new(l->job->project->name, st->p->name) : NULL;
    l->own_keys = 1;
    l->read = from->read;
    l->rejected = from->rejected;
    l->cause[0] = '\0';
    l->send.lost = 0;
    counted_begin(&l->counted, st);
    st->migrator->emit = emit;
    st->migrator->emit_ctx = l;
    hostrepairs_stage(l->job->host);
    l->job->host->stage = st->p->name;
    l->job->host->secret = job_is_secret(st);
    int code = deferred_chunk_start(&l->deferred, st, err);
    st->migrator->await = l->deferred.values ? await : NULL;
    if (!code)
        code = feed_snapshot(st, l->snapshot, err);
    if (!code)
        code = feed_open(st, from->position, from->read, err);
    if (!code) {
        code = all_chunks(l, from, err);
        if (!code && !st->spool)
            code = facts_take(l->job, st, err);
        feed_close(st);
    }
    deferred_chunk_end(&l->deferred);
    st->migrator->await = NULL;
    l->job->host->secret = 0;
    digest_uuid_free(l->own);
    return code;
}

int stream_own_keys(const struct stream *l)
{
    return l->own_keys;
}

int stream_lost(const struct stream *l)
{
    return l->send.lost;
}

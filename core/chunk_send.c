/* chunk_send.c - the one transaction that makes a chunk durable, sent while the next chunk is read.
 * A chunk stays in memory until its COMMIT is known, so that the whole transaction can be repeated;
 * a lost reply to COMMIT is settled by looking for the chunk's own row. */
#include "chunk_send.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backoff.h"
#include "digest.h"
#include "isolate.h"
#include "log.h"
#include "memo.h"
#include "plural.h"
#include "sql.h"
#include "staging.h"
#include "waiting.h"

void chunk_send_init(struct chunk_send *x, struct state *s, const struct job *job)
{
    memset(x, 0, sizeof *x);
    x->s = s;
    x->job = job;
    x->script = pg_script_new(s->pg);
}

void chunk_send_clear(struct chunk_send *x)
{
    pg_script_free(x->script);
    free(x->rejects.data);
    free(x->memos.data);
    free(x->repaired.data);
    memset(x, 0, sizeof *x);
}

/* ---- rejects and counts ---------------------------------------------------------------- */

static void add_text(struct encode_buffer *out, const char *text)
{
    size_t n = text ? strlen(text) : 0;
    /* What a broken source gave may not be text at all: then it is not kept. */
    if (!text || !str_utf8_ok(text, n)) {
        encode_int32(out, -1);
        return;
    }
    encode_int32(out, (int32_t)n);
    encode_bytes(out, text, n);
}

static void add_int8(struct encode_buffer *out, int64_t v)
{
    encode_int32(out, 8);
    encode_int64(out, v);
}

/* The record as it was read may hold characters that the target's encoding lacks. */
static void add_raw(struct encode_buffer *out, const mig_str_t *raw, int as_ascii)
{
    struct str text;
    if (!as_ascii || !raw->len || !str_utf8_ok(raw->data, raw->len)) {
        add_text(out, raw->len ? raw->data : NULL);
        return;
    }
    str_init(&text, 0);
    str_add_ascii(&text, raw->data, raw->len);
    add_text(out, text.data);
    str_clear(&text);
}

static void encode_reject(struct encode_buffer *out, const struct chunk *c, const struct state *s,
                          const struct chunk_reject *r)
{
    encode_int16(out, 13);
    add_int8(out, s->run);
    add_int8(out, STAGING_RECORD(c->no, r->record));
    add_text(out, c->stage->p->name);
    add_int8(out, (int64_t)r->number);
    add_text(out, r->key);
    add_text(out, r->final_key);
    encode_int32(out, 2);
    encode_int16(out, (int16_t)r->outcome);
    add_text(out, "load");
    add_text(out, r->table && r->table[0] ? r->table : NULL);
    add_text(out, r->field && r->field[0] ? r->field : NULL);
    add_text(out, r->code);
    add_text(out, r->reason);
    add_raw(out, &r->raw, !pg_takes_all_text(s->pg));
}

static void add_rejects(struct chunk_send *x)
{
    const struct chunk *c = x->c;
    struct encode_buffer *out = &x->rejects;
    if (!c->n_rejects)
        return;
    char sql[512];
    snprintf(sql, sizeof sql,
             "COPY %s.reject (run, record, stage, number, key, final_key, outcome, step, "
             "table_name, field, code, reason, raw) FROM STDIN (FORMAT binary)",
             x->s->q);
    out->len = 0;
    encode_bytes(out, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0", 19);
    for (size_t i = 0; i < c->n_rejects; i++)
        encode_reject(out, c, x->s, &c->rejects[i]);
    encode_int16(out, -1);
    pg_script_copy(x->script, sql);
    pg_script_data(x->script, out->data, out->len);
    pg_script_copy_end(x->script, (int64_t)c->n_rejects);
}

static void add_memos(struct chunk_send *x)
{
    struct encode_buffer *out = &x->memos;
    struct str sql;
    if (!x->c->n_memos)
        return;
    str_init(&sql, 0);
    memo_copy_sql(x->s, &sql);
    out->len = 0;
    encode_bytes(out, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0", 19);
    for (size_t i = 0; i < x->c->n_memos; i++) {
        const struct chunk_memo *m = &x->c->memos[i];
        encode_int16(out, 2);
        encode_int32(out, (int32_t)sizeof m->bytes);
        encode_bytes(out, m->bytes, sizeof m->bytes);
        encode_int32(out, (int32_t)m->value.len);
        encode_bytes(out, m->value.data, m->value.len);
    }
    encode_int16(out, -1);
    pg_script_copy(x->script, sql.data);
    pg_script_data(x->script, out->data, out->len);
    pg_script_copy_end(x->script, (int64_t)x->c->n_memos);
    str_clear(&sql);
}

/* As COPY: keys of records are not for the server's log of statements. */
static void add_repaired(struct chunk_send *x)
{
    const struct chunk *c = x->c;
    struct encode_buffer *out = &x->repaired;
    char sql[300];
    if (!c->n_repaired)
        return;
    snprintf(sql, sizeof sql,
             "COPY %s.repaired (run, chunk, stage, key, field, rule) FROM STDIN (FORMAT binary)",
             x->s->q);
    out->len = 0;
    encode_bytes(out, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0", 19);
    for (size_t i = 0; i < c->n_repaired; i++) {
        const struct host_repair *r = &c->repairs[c->repaired[i].repair];
        encode_int16(out, 6);
        add_int8(out, x->s->run);
        add_int8(out, c->no);
        add_text(out, c->stage->p->name);
        add_text(out, c->repaired[i].key);
        add_text(out, r->field);
        add_text(out, r->rule);
    }
    encode_int16(out, -1);
    pg_script_copy(x->script, sql);
    pg_script_data(x->script, out->data, out->len);
    pg_script_copy_end(x->script, (int64_t)c->n_repaired);
}

static void add_repairs(const struct chunk *c, const struct state *s, struct str *sql)
{
    for (size_t i = 0; i < c->n_repairs; i++) {
        if (!c->repairs[i].count) /* of an earlier chunk */
            continue;
        str_printf(sql, "INSERT INTO %s.repair VALUES (%lld, %lld, ", s->q, (long long)s->run,
                   (long long)c->no);
        const char *const texts[] = {c->stage->p->name, c->repairs[i].field, c->repairs[i].rule};
        for (int k = 0; k < 3; k++) {
            sql_literal(sql, texts[k]);
            str_add(sql, ", ");
        }
        str_printf(sql, "%llu);", (unsigned long long)c->repairs[i].count);
    }
}

static void add_counts(const struct chunk *c, const struct state *s, int64_t rows, struct str *sql)
{
    int64_t skipped = 0, rejected = 0;
    for (size_t i = 0; i < c->n_rejects; i++)
        *(c->rejects[i].outcome == MIG_SKIP ? &skipped : &rejected) += 1;
    char mark[32], keys[64];
    highwater_sql(c->mark.known, c->mark.value, mark);
    keyorder_sql(&c->order, keys);
    str_printf(sql,
               "INSERT INTO %s.chunk (run, no, first_record, read, loaded, skipped, rejected,"
               " rows, share, mark, keys, stage, position_before, position_after, snapshot,"
               " filled) VALUES (%lld, %lld,"
               " %llu, %u, %lld, %lld, %lld, %lld, nullif(%lld, -1) / 1e6, %s, %s, ",
               s->q, (long long)s->run, (long long)c->no, (unsigned long long)c->first_number,
               c->records, (long long)(c->records - skipped - rejected), (long long)skipped,
               (long long)rejected, (long long)rows, (long long)c->parts, mark, keys);
    sql_literal(sql, c->stage->p->name);
    str_add(sql, ", ");
    sql_literal(sql, c->position_before);
    str_add(sql, ", ");
    sql_literal(sql, c->position_after);
    str_printf(sql, ", nullif('%s', ''), ", c->snapshot);
    sql_literal(sql, c->filled);
    str_add(sql, ");");
}

/* With the chunk that showed it: who goes on behind it does not see it again. */
static void add_own_keys(const struct chunk *c, const struct state *s, struct str *sql)
{
    if (c->own_keys)
        return;
    str_printf(sql,
               "UPDATE %s.run_stage SET own_keys = false WHERE run = %lld AND own_keys AND name = ",
               s->q, (long long)s->run);
    sql_literal(sql, c->stage->p->name);
    str_add_char(sql, ';');
}

/* ---- the transaction ------------------------------------------------------------------- */

static int64_t add_tables(struct chunk_send *x)
{
    int64_t rows = 0;
    for (size_t i = 0; i < x->c->n_tables; i++)
        rows += staged_add(x->script, &x->job->tables[i], &x->c->rows[i], x->c->left);
    return rows;
}

/* Nobody waits for the disk here; the end of the stage does. A crash of the server may cost the
 * last chunks, whole ones and in order: that is looked for whenever the connection was lost. */
static void start(struct chunk_send *x)
{
    struct state *s = x->s;
    struct str sql;
    char epoch[32];
    str_init(&sql, 0);
    pg_script_reset(x->script);
    snprintf(epoch, sizeof epoch, "%lld", (long long)s->epoch);
    state_begin_sql(s, "SET LOCAL synchronous_commit = off;", &sql);
    pg_script_sql(x->script, sql.data, epoch);
    int64_t rows = add_tables(x);
    add_rejects(x);
    add_memos(x);
    add_repaired(x);
    str_reset(&sql);
    add_repairs(x->c, s, &sql);
    add_counts(x->c, s, rows, &sql);
    add_own_keys(x->c, s, &sql);
    if (!s->worker) /* the run's own process tells for all: no row that all wait for */
        state_heartbeat_sql(s, "load", &sql);
    pg_script_sql(x->script, sql.data, NULL);
    pg_script_point(x->script, "chunk.before_commit");
    pg_script_commit(x->script, x->job->project->timeouts.commit);
    error_clear(&x->err);
    x->code = PG_SCRIPT_BUSY;
    if (rows != x->c->made) /* else a row could be lost that the accounts call migrated */
        x->code =
            error_set(&x->err, STATUS_BUG, "chunk %lld sends %lld %s, and its records made %lld",
                      (long long)x->c->no, (long long)rows, plural(rows, "row", "rows"),
                      (long long)x->c->made);
    str_clear(&sql);
}

int chunk_send_is_busy(const struct chunk_send *x)
{
    return x->c && x->code == PG_SCRIPT_BUSY;
}

void chunk_send_begin(struct chunk_send *x, struct chunk *c)
{
    x->c = c;
    x->lost = 0;
    start(x);
    chunk_send_advance(x);
}

void chunk_send_advance(struct chunk_send *x)
{
    if (chunk_send_is_busy(x))
        x->code = pg_script_run(x->script, &x->err);
}

int chunk_send_events(struct chunk_send *x, int *fd, short *events)
{
    if (chunk_send_is_busy(x))
        return pg_script_events(x->script, fd, events);
    *fd = -1; /* poll() passes over it */
    *events = 0;
    return 1000;
}

/* What became of a COMMIT that nobody answered, and of the chunks before: a server that crashed may
 * have lost the last of them. The old transaction has ended. */
static int find_chunk(struct chunk_send *x, int *there, struct error *err)
{
    const struct chunk *c = x->c;
    int64_t before = STAGING_CHUNK_NUMBER(c->no) - 1;
    if (pg_begin(x->s->pg, "READ ONLY", err))
        return err->code;
    struct pg_result *res =
        pg_queryf(x->s->pg, err,
                  "SELECT count(*) FILTER (WHERE no = %lld), count(*) FILTER (WHERE no < %lld) FROM"
                  " %s.chunk WHERE run = %lld AND no > %lld AND no <= %lld",
                  (long long)c->no, (long long)c->no, x->s->q, (long long)x->s->run,
                  (long long)(c->no - before - 1), (long long)c->no);
    if (res) {
        *there = pg_get_int(res, 0, 0) > 0;
        x->lost = pg_get_int(res, 0, 1) < before;
    }
    pg_free(res);
    pg_rollback(x->s->pg);
    if (res && x->lost)
        error_set(err, STATUS_TEMPORARY, "the target crashed and lost the last chunks of stage %s",
                  c->stage->p->name);
    return err->code;
}

struct refused {
    struct chunk *c;
    const struct job_table *table;
    const char *project;
};

/* The target key that goes with a source key: replace must know which live rows are to stay. */
static const char *final_key(const struct refused *x, const char *key, char out[37])
{
    const struct project_stage *p = x->c->stage->p;
    if (project_ids_wait(p->ids))
        return NULL; /* lookup.c knows it, where an earlier run gave one */
    if (p->ids != ID_UUID5)
        return key;
    struct digest_uuid *own = digest_uuid_new(x->project, p->name);
    digest_uuid5(own, key, strlen(key), out);
    digest_uuid_free(own);
    return out;
}

static int64_t rows_of(const struct chunk *c, uint32_t record)
{
    int64_t n = 0;
    for (size_t i = 0; i < c->n_tables; i++)
        for (size_t k = 0; k < c->rows[i].n; k++)
            n += c->rows[i].rows[k].record == record;
    return n;
}

static void refused_row(void *ctx, const struct isolate_refusal *r)
{
    struct refused *x = ctx;
    char name[160], reason[200], uuid[37];
    if (x->c->left[r->record])
        return;
    x->c->left[r->record] = 1;
    x->c->made -= rows_of(x->c, r->record);
    snprintf(name, sizeof name, "%s.%s", x->table->t->schema, x->table->t->name);
    snprintf(reason, sizeof reason, "the server refuses the value (SQLSTATE %s)", r->sqlstate);
    chunk_reject(x->c, &(struct chunk_reject){.record = r->record,
                                              .outcome = MIG_REJECT,
                                              .number = x->c->first_number + r->record - 1,
                                              .key = r->key,
                                              .final_key = final_key(x, r->key, uuid),
                                              .table = name,
                                              .field = r->column,
                                              .code = "refused_value",
                                              .reason = reason});
}

/* The encoders let a value through that the server does not take: find its record, so that
 * only this one is lost to the chunk. */
static int isolate(struct chunk *c, struct state *s, const struct job *job, struct error *err)
{
    char *left = chunk_left(c);
    int code = state_begin(s, err);
    for (size_t i = 0; !code && i < c->n_tables; i++) {
        struct refused x = {c, &job->tables[i], job->project->name};
        code = isolate_rows(s, &job->tables[i], &c->rows[i], left, refused_row, &x, err);
    }
    pg_rollback(s->pg);
    return code;
}

/* ---- as often as it takes -------------------------------------------------------------- */

static int take_out_refused(struct chunk_send *x, struct error *err)
{
    size_t before = x->c->n_rejects;
    error_clear(err);
    int code = isolate(x->c, x->s, x->job, err);
    if (!code && x->c->n_rejects == before) /* refused together, taken alone */
        code = error_set(err, STATUS_BUG, "the server refuses a chunk but none of its rows");
    return code;
}

/* Before the next try. `in_doubt` stays set until it is known what became of a COMMIT, over failed
 * attempts to reconnect too: sent again meanwhile, the chunk could be there twice. */
static int find_out(struct chunk_send *x, int *in_doubt, int *there, struct error *err)
{
    if (!*in_doubt && !pg_lost(x->s->pg))
        return 0;
    int code = state_reconnect(x->s, NULL, err);
    if (!code)
        code = find_chunk(x, there, err);
    if (!code)
        *in_doubt = 0;
    return code;
}

/* The transaction that is under way, to its end. */
static int to_end(struct chunk_send *x, struct error *err)
{
    waiting_begin(WAITING_STATEMENT, "COPY into the staging tables");
    for (chunk_send_advance(x); x->code == PG_SCRIPT_BUSY; chunk_send_advance(x)) {
        struct pollfd fd;
        int ms = pg_script_events(x->script, &fd.fd, &fd.events);
        poll(&fd, 1, ms);
    }
    waiting_end();
    if (x->code)
        *err = x->err;
    int code = x->code;
    x->code = 0;
    if (code)
        pg_rollback(x->s->pg);
    /* The fence said no: who has the run, and why, says the run row. */
    if (code == STATUS_BUSY) {
        error_clear(err);
        code = state_begin(x->s, err);
        pg_rollback(x->s->pg);
        if (!code) /* ours after all: the chunk is still to be sent */
            code = error_set(err, STATUS_TEMPORARY, "the run's row was not seen");
    }
    return code;
}

/* `code`: how the try before ended. Another one, after what has to be known first. */
static int once_more(struct chunk_send *x, int code, int *in_doubt, struct error *err)
{
    int there = 0;
    if (code == STATUS_INVALID)
        code = take_out_refused(x, err);
    else
        code = find_out(x, in_doubt, &there, err);
    if (code || there)
        return code;
    start(x);
    code = to_end(x, err);
    *in_doubt = code == STATUS_UNKNOWN;
    return code;
}

int chunk_send_finish(struct chunk_send *x, struct error *err)
{
    if (!x->c)
        return 0;
    int code = to_end(x, err), in_doubt = code == STATUS_UNKNOWN;
    for (int64_t n = 0; code; code = once_more(x, code, &in_doubt, err)) {
        if (code == STATUS_INVALID)
            continue;
        if (x->lost || (code != STATUS_TEMPORARY && code != STATUS_UNKNOWN))
            break;
        err->code = code = STATUS_TEMPORARY; /* in doubt too: who resumes looks for the row */
        /* Of a part nothing has to be found out: who claims it next loads it anew. */
        if (x->s->part && (in_doubt || pg_lost(x->s->pg)))
            break;
        if (host_is_cancelled())
            code = STATUS_INTERRUPTED;
        if (host_is_cancelled() || n >= x->job->project->retries)
            break;
        log_write(LOG_WARNING, "chunk %lld: %s; trying again", (long long)x->c->no, err->what);
        error_clear(err);
        backoff_wait(n++);
    }
    x->c = NULL;
    return code;
}

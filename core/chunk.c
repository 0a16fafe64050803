/* chunk.c - one chunk on its way and the one transaction that makes it durable.
 * The chunk stays in memory until its COMMIT is known, so that the whole transaction can be
 * repeated; a lost reply to COMMIT is settled by looking for the chunk's own row. */
#include "chunk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "digest.h"
#include "fault.h"
#include "log.h"
#include "sql.h"

void chunk_init(struct chunk *c, const struct job *job)
{
    memset(c, 0, sizeof *c);
    c->mem = arena_new();
    c->n_tables = job->n_tables;
    c->rows = arena_heap(NULL, (job->n_tables + 1) * sizeof *c->rows);
    memset(c->rows, 0, (job->n_tables + 1) * sizeof *c->rows);
}

void chunk_clear(struct chunk *c)
{
    for (size_t i = 0; i < c->n_tables; i++)
        staging_clear(&c->rows[i]);
    free(c->rows);
    free(c->rejects);
    free(c->left);
    arena_free(c->mem);
    memset(c, 0, sizeof *c);
}

void chunk_begin(struct chunk *c, const struct job_stage *stage, int64_t no, uint64_t first_number,
                 mig_str_t position)
{
    arena_reset(c->mem);
    for (size_t i = 0; i < c->n_tables; i++) {
        if (c->stage != stage) /* else memory would grow with the number of stages */
            staging_clear(&c->rows[i]);
        staging_truncate(&c->rows[i], 0);
    }
    c->stage = stage;
    c->no = no;
    c->first_number = first_number;
    c->records = 0;
    c->n_rejects = 0;
    if (c->left)
        memset(c->left, 0, c->left_capacity);
    c->position_before = arena_strndup(c->mem, position.len ? position.data : "", position.len);
    c->position_after = "";
}

size_t chunk_bytes(const struct chunk *c)
{
    size_t n = arena_size(c->mem);
    for (size_t i = 0; i < c->n_tables; i++)
        n += c->rows[i].data.len + c->rows[i].n * sizeof *c->rows[i].rows;
    return n;
}

void chunk_reject(struct chunk *c, const struct chunk_reject *r)
{
    if (c->n_rejects == c->capacity) {
        c->capacity = c->capacity ? c->capacity * 2 : 64;
        c->rejects = arena_heap(c->rejects, c->capacity * sizeof *c->rejects);
    }
    struct chunk_reject *copy = &c->rejects[c->n_rejects++];
    *copy = *r;
    copy->key = arena_strdup(c->mem, r->key);
    copy->final_key = arena_strdup(c->mem, r->final_key);
    copy->table = arena_strdup(c->mem, r->table);
    copy->field = arena_strdup(c->mem, r->field);
    copy->code = arena_strdup(c->mem, r->code);
    copy->reason = arena_strdup(c->mem, r->reason);
    if (r->raw.len)
        copy->raw.data = arena_strndup(c->mem, r->raw.data, r->raw.len);
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

static void encode_reject(struct encode_buffer *out, const struct chunk *c, int64_t run,
                          const struct chunk_reject *r)
{
    encode_int16(out, 13);
    add_int8(out, run);
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
    add_text(out, r->raw.len ? r->raw.data : NULL);
}

static int send_rejects(const struct chunk *c, struct state *s, struct error *err)
{
    if (!c->n_rejects)
        return 0;
    char sql[512];
    snprintf(sql, sizeof sql,
             "COPY %s.reject (run, record, stage, number, key, final_key, outcome, step, "
             "table_name, field, code, reason, raw) FROM STDIN (FORMAT binary)",
             s->q);
    int code = pg_copy_begin(s->pg, sql, err);
    struct encode_buffer out = {0};
    encode_bytes(&out, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0", 19);
    for (size_t i = 0; i < c->n_rejects; i++)
        encode_reject(&out, c, s->run, &c->rejects[i]);
    encode_int16(&out, -1);
    int64_t counted = 0;
    if (!code)
        code = pg_copy_write(s->pg, out.data, out.len, err);
    if (!code)
        code = pg_copy_end(s->pg, &counted, err);
    free(out.data);
    if (!code && counted != (int64_t)c->n_rejects)
        code = error_set(err, STATUS_BUG, "%lld of %zu rejects were kept", (long long)counted,
                         c->n_rejects);
    return code;
}

static int send_repairs(const struct chunk *c, struct state *s, const struct host *host,
                        struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < host->n_repairs; i++) {
        struct str sql;
        str_init(&sql, 0);
        str_printf(&sql, "INSERT INTO %s.repair VALUES (%lld, %lld, ", s->q, (long long)s->run,
                   (long long)c->no);
        const char *const texts[] = {c->stage->p->name, host->repairs[i].field,
                                     host->repairs[i].rule};
        for (int k = 0; k < 3; k++) {
            sql_literal(&sql, texts[k]);
            str_add(&sql, ", ");
        }
        str_printf(&sql, "%llu)", (unsigned long long)host->repairs[i].count);
        code = pg_exec(s->pg, err, sql.data);
        str_clear(&sql);
    }
    return code;
}

static int send_counts(const struct chunk *c, struct state *s, int64_t rows, struct error *err)
{
    int64_t skipped = 0, rejected = 0;
    for (size_t i = 0; i < c->n_rejects; i++)
        *(c->rejects[i].outcome == MIG_SKIP ? &skipped : &rejected) += 1;
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "INSERT INTO %s.chunk (run, no, first_record, read, loaded, skipped, rejected,"
               " rows, stage, position_before, position_after) VALUES (%lld, %lld, %llu, %u,"
               " %lld, %lld, %lld, %lld, ",
               s->q, (long long)s->run, (long long)c->no, (unsigned long long)c->first_number,
               c->records, (long long)(c->records - skipped - rejected), (long long)skipped,
               (long long)rejected, (long long)rows);
    sql_literal(&sql, c->stage->p->name);
    str_add(&sql, ", ");
    sql_literal(&sql, c->position_before);
    str_add(&sql, ", ");
    sql_literal(&sql, c->position_after);
    str_add_char(&sql, ')');
    int code = pg_exec(s->pg, err, sql.data);
    str_clear(&sql);
    return code;
}

/* With the chunk that showed it: who goes on behind it does not see it again. */
static int send_own_keys(const struct chunk *c, struct state *s, struct error *err)
{
    if (c->own_keys)
        return 0;
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "UPDATE %s.run_stage SET own_keys = false WHERE run = %lld AND own_keys AND name = ",
               s->q, (long long)s->run);
    sql_literal(&sql, c->stage->p->name);
    int code = pg_exec(s->pg, err, sql.data);
    str_clear(&sql);
    return code;
}

/* ---- the transaction ------------------------------------------------------------------- */

static int attempt(struct chunk *c, struct state *s, const struct job *job, struct error *err)
{
    int64_t rows = 0;
    int code = state_begin(s, err);
    for (size_t i = 0; !code && i < c->n_tables; i++)
        code = staging_send(s, &job->tables[i], &c->rows[i], c->left, &rows, err);
    if (!code)
        code = send_rejects(c, s, err);
    if (!code)
        code = send_repairs(c, s, job->host, err);
    if (!code)
        code = send_counts(c, s, rows, err);
    if (!code)
        code = send_own_keys(c, s, err);
    if (!code)
        code = state_heartbeat(s, err);
    if (!code && fault_point("chunk.before_commit"))
        code = error_set(err, STATUS_TEMPORARY, "fault point chunk.before_commit");
    if (!code)
        code = pg_commit(s->pg, job->project->timeouts.commit, err);
    if (code)
        pg_rollback(s->pg);
    return code;
}

/* What became of a COMMIT that nobody answered. The old transaction has ended. */
static int find_chunk(const struct chunk *c, struct state *s, int *there, struct error *err)
{
    if (pg_begin(s->pg, "READ ONLY", err))
        return err->code;
    struct pg_result *res =
        pg_queryf(s->pg, err, "SELECT count(*) FROM %s.chunk WHERE run = %lld AND no = %lld", s->q,
                  (long long)s->run, (long long)c->no);
    if (res)
        *there = pg_get_int(res, 0, 0) > 0;
    pg_free(res);
    pg_rollback(s->pg);
    return res ? 0 : err->code;
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
    if (p->ids != ID_UUID5)
        return key;
    struct digest_uuid *own = digest_uuid_new(x->project, p->name);
    digest_uuid5(own, key, strlen(key), out);
    digest_uuid_free(own);
    return out;
}

static void refused_row(void *ctx, const struct staging_refusal *r)
{
    struct refused *x = ctx;
    char name[160], reason[200], uuid[37];
    if (x->c->left[r->record])
        return;
    x->c->left[r->record] = 1;
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
    if (c->left_capacity < c->records + 1) {
        c->left = arena_heap(c->left, c->records + 1);
        c->left_capacity = c->records + 1;
        memset(c->left, 0, c->left_capacity);
    }
    int code = state_begin(s, err);
    for (size_t i = 0; !code && i < c->n_tables; i++) {
        struct refused x = {c, &job->tables[i], job->project->name};
        code = staging_isolate(s, &job->tables[i], &c->rows[i], c->left, refused_row, &x, err);
    }
    pg_rollback(s->pg);
    return code;
}

static void back_off(int64_t attempt_no)
{
    long ms = 100L << (attempt_no < 6 ? attempt_no : 6);
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* One more try. `in_doubt` stays set until it is known what became of a COMMIT, over failed
 * attempts to reconnect too: sent again meanwhile, the chunk could be there twice. */
static int try_once(struct chunk *c, struct state *s, const struct job *job, int *in_doubt,
                    struct error *err)
{
    int code = 0, there = 0;
    if (*in_doubt || pg_lost(s->pg))
        code = state_reconnect(s, NULL, err);
    if (!code && *in_doubt)
        code = find_chunk(c, s, &there, err);
    if (code || there)
        return code;
    *in_doubt = 0;
    code = attempt(c, s, job, err);
    *in_doubt = code == STATUS_UNKNOWN;
    return code;
}

static int take_out_refused(struct chunk *c, struct state *s, const struct job *job,
                            struct error *err)
{
    size_t before = c->n_rejects;
    error_clear(err);
    int code = isolate(c, s, job, err);
    if (!code && c->n_rejects == before) /* refused together, taken alone */
        code = error_set(err, STATUS_BUG, "the server refuses a chunk but none of its rows");
    return code;
}

int chunk_commit(struct chunk *c, struct state *s, const struct job *job, struct error *err)
{
    int in_doubt = 0;
    for (int64_t n = 0;;) {
        int code = try_once(c, s, job, &in_doubt, err);
        if (code == STATUS_INVALID) {
            code = take_out_refused(c, s, job, err);
            if (!code)
                continue;
        }
        if (code != STATUS_TEMPORARY && code != STATUS_UNKNOWN)
            return code;
        err->code = STATUS_TEMPORARY; /* in doubt too: who resumes looks for the chunk's row */
        if (host_is_cancelled())
            return STATUS_INTERRUPTED;
        if (n >= job->project->retries)
            return STATUS_TEMPORARY;
        log_write(LOG_WARNING, "chunk %lld: %s; trying again", (long long)c->no, err->what);
        error_clear(err);
        back_off(n++);
    }
}

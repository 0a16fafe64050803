/* gone.c - keys that were read against keys that are there: an anti-join in the target, where the
 * former are. */
#include "gone.h"

#include <stdio.h>
#include <string.h>

#include "call.h"
#include "feed.h"
#include "resume.h"
#include "sql.h"

#define BATCH_BYTES ((size_t)64 << 10)

struct search {
    struct state *s;
    const struct job *job;
    struct job_stage *st;
    struct str lines;
    char table[200]; /* of the keys that are there; within the transaction */
};

/* 1: the source says that it is as it was. */
static int is_unchanged(struct search *x, struct error *err)
{
    struct resume_point at = {0};
    uint64_t written = 1, records = 0;
    char sql[300];
    const char *const params[] = {x->st->p->name};
    if (resume_count(x->s, x->st, &at, err) || pg_begin(x->s->pg, "READ ONLY", err))
        return 0;
    snprintf(sql, sizeof sql,
             "SELECT coalesce(snapshot, '') FROM %s.run_stage WHERE run = %lld AND name = $1",
             x->s->q, (long long)x->s->run);
    struct pg_result *res = pg_query(x->s->pg, err, sql, 1, params);
    pg_rollback(x->s->pg);
    int32_t got = MIG_END;
    if (res && pg_rows(res) && pg_get(res, 0, 0)[0])
        got = call_unchanged(x->st, pg_get(res, 0, 0), &written, &records);
    pg_free(res);
    if (got < 0)
        host_error(x->st->source, got, "unchanged", err);
    return got == MIG_OK && !written && records == at.read;
}

static int send_keys(struct search *x, struct error *err)
{
    char sql[250];
    int64_t rows;
    snprintf(sql, sizeof sql, "COPY %s FROM STDIN", x->table);
    int code = pg_copy_begin(x->s->pg, sql, err);
    if (!code)
        code = pg_copy_write(x->s->pg, x->lines.data, x->lines.len, err);
    if (!code)
        code = pg_copy_end(x->s->pg, &rows, err);
    str_reset(&x->lines);
    return code;
}

static int read_keys(struct search *x, struct error *err)
{
    mig_record_t record = {.size = sizeof record};
    struct str key;
    int code = feed_open(x->st, "", 0, err);
    if (code)
        return code;
    str_init(&key, 0);
    for (int32_t got = MIG_OK; !code && got != MIG_END;) {
        got = feed_next_alone(x->st, &record);
        if (got == MIG_OK && feed_key(x->st, &record, &key))
            sql_copy_field(&x->lines, key.data, '\n');
        else if (got < 0)
            code = host_error(x->st->source, got, "next", err);
        host_record_done(x->st->source->host);
        if (!code && (x->lines.len >= BATCH_BYTES || got == MIG_END))
            code = send_keys(x, err);
    }
    feed_close(x->st);
    str_clear(&key);
    return code;
}

/* All of the entity, its key alone, from the source itself. */
static int read_present(struct search *x, struct error *err)
{
    struct job_stage *st = x->st, whole = *st;
    size_t *index = arena_alloc(x->job->mem, (st->p->n_key + 1) * sizeof *index);
    for (size_t i = 0; i < st->p->n_key; i++)
        index[i] = i;
    st->fields = (const char **)st->p->key;
    st->n_fields = st->p->n_key;
    st->key_index = index;
    st->wanted = NULL;
    st->high = NULL;
    st->spool = NULL;
    int code = read_keys(x, err);
    *st = whole;
    return code;
}

/* A record may have rows in some of the stage's tables only, or none, as one that was rejected. */
static void missing(const struct search *x, int most, struct str *sql)
{
    const struct job_stage *st = x->st;
    str_add(sql, "SELECT k FROM (");
    for (size_t m = 0; m < st->migrator->n_tables; m++)
        str_printf(
            sql, "SELECT _mig_key COLLATE \"C\" AS k FROM %s WHERE _mig_record >> 52 = %zu UNION ",
            x->job->tables[st->tables[m]].staging, st->no);
    str_printf(sql,
               "SELECT key COLLATE \"C\" FROM %s.reject WHERE run = %lld AND stage = ", x->s->q,
               (long long)x->s->run);
    sql_literal(sql, st->p->name);
    str_printf(sql,
               " AND key IS NOT NULL) r WHERE NOT EXISTS (SELECT FROM %s t WHERE t.key = r.k)"
               " LIMIT %d",
               x->table, most);
}

static int compare(struct search *x, int most, void *ctx,
                   int32_t (*gone)(void *ctx, int32_t removed, mig_str_t key), struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    missing(x, most, &sql);
    struct pg_result *res = pg_query_str(x->s->pg, &sql, err);
    for (int i = 0; res && i < pg_rows(res); i++)
        gone(ctx, 1, (mig_str_t){pg_get(res, i, 0), strlen(pg_get(res, i, 0))});
    pg_free(res);
    return err->code;
}

int gone_find(struct state *s, const struct job *job, struct job_stage *st, int most, void *ctx,
              int32_t (*gone)(void *ctx, int32_t removed, mig_str_t key), struct error *err)
{
    struct search x = {.s = s, .job = job, .st = st};
    if (is_unchanged(&x, err) || err->code)
        return err->code;
    snprintf(x.table, sizeof x.table, "%s.present_%lld", s->q, (long long)s->run);
    str_init(&x.lines, 0);
    int code = state_begin(s, err);
    if (!code)
        code = pg_execf(s->pg, err, "CREATE TABLE %s (key text COLLATE \"C\")", x.table);
    if (!code)
        code = read_present(&x, err);
    if (!code)
        code = pg_execf(s->pg, err, "ANALYZE %s", x.table);
    if (!code)
        code = compare(&x, most, ctx, gone, err);
    pg_rollback(s->pg); /* the table has served */
    str_clear(&x.lines);
    return code;
}

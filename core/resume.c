/* resume.c - where a stage's load goes on after it was stopped. A chunk that committed counts;
 * whether it may stay depends on the stage's hash and on the source's identity. */
#include "resume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "highwater.h"
#include "snapshots.h"
#include "sql.h"
#include "staging.h"

static int source_identity(struct job_stage *st, struct str *out, struct error *err)
{
    mig_str_t text = {NULL, 0};
    int32_t got = call_identity(st, &text);
    if (got != MIG_OK)
        return host_error(st->source, got, "identity", err);
    str_reset(out);
    str_add_n(out, text.len ? text.data : "", text.len);
    return 0;
}

int resume_forget(struct state *s, const struct job *job, const struct job_stage *st, int64_t from,
                  int64_t to, struct error *err)
{
    long long run = s->run, first = STAGING_RECORD(from, 0), end = STAGING_RECORD(to, 0);
    int code = 0;
    for (size_t m = 0; !code && m < st->migrator->n_tables; m++)
        code =
            pg_execf(s->pg, err, "DELETE FROM %s WHERE _mig_record >= %lld AND _mig_record < %lld",
                     job->tables[st->tables[m]].staging, first, end);
    if (!code)
        code = pg_execf(s->pg, err,
                        "DELETE FROM %s.chunk WHERE run = %lld AND no >= %lld AND no < %lld; DELETE"
                        " FROM %s.repair WHERE run = %lld AND chunk >= %lld AND chunk < %lld;"
                        " DELETE FROM %s.repaired WHERE run = %lld AND chunk >= %lld AND chunk <"
                        " %lld;"
                        " DELETE FROM %s.reject WHERE run = %lld AND record >= %lld AND record <"
                        " %lld",
                        s->q, run, (long long)from, (long long)to, s->q, run, (long long)from,
                        (long long)to, s->q, run, (long long)from, (long long)to, s->q, run, first,
                        end);
    return code;
}

/* Everything that this stage brought into the run is forgotten. */
static int forget_stage(struct state *s, const struct job *job, const struct job_stage *st,
                        struct error *err)
{
    int64_t from = STAGING_CHUNK(st->no, 0), to = STAGING_CHUNK(st->no + 1, 0);
    int code = resume_forget(s, job, st, from, to, err);
    return code ? code
                : pg_execf(s->pg, err,
                           "DELETE FROM %s.part WHERE run = %lld AND no >= %lld AND no < %lld",
                           s->q, (long long)s->run, (long long)from, (long long)to);
}

static void bound_sql(const struct job_stage *st, char out[32])
{
    highwater_sql(st->high && st->high->has_since, st->high ? st->high->since : 0, out);
}

/* `before`: the state of the source in which the stage was read, empty where that is not known. */
static int read_resume(struct state *s, const struct job_stage *st, const char *identity,
                       struct resume_point *at, struct str *before, int *same, struct error *err)
{
    char run[32], since[32];
    snprintf(run, sizeof run, "%lld", (long long)s->run);
    bound_sql(st, since);
    const char *const params[] = {run, st->p->name, st->hash, identity};
    char sql[1400];
    snprintf(sql, sizeof sql,
             "SELECT t.done, t.hash = $3 AND t.identity = $4 AND t.since IS NOT DISTINCT FROM"
             " %s::bigint, c.n, c.read, c.rejected,"
             " coalesce((SELECT position_after FROM %s.chunk WHERE run = $1 AND stage = $2 ORDER BY"
             " no DESC LIMIT 1), ''), EXISTS (SELECT FROM %s.part WHERE run = $1 AND stage = $2),"
             " coalesce(t.snapshot, '')"
             " FROM %s.run_stage t LEFT JOIN (SELECT count(*) AS n,"
             " coalesce(sum(read), 0) AS read, coalesce(sum(rejected), 0) AS rejected FROM"
             " %s.chunk WHERE run = $1 AND stage = $2) c ON true WHERE t.run = $1 AND t.name = $2",
             since, s->q, s->q, s->q, s->q);
    struct pg_result *res = pg_query(s->pg, err, sql, 4, params);
    if (!res)
        return err->code;
    *same = pg_rows(res) ? pg_get(res, 0, 1)[0] == 't' : 0;
    if (*same) {
        at->done = pg_get(res, 0, 0)[0] == 't';
        at->chunks = pg_get_int(res, 0, 2);
        at->read = (uint64_t)pg_get_int(res, 0, 3);
        at->rejected = (uint64_t)pg_get_int(res, 0, 4);
        free(at->position);
        at->position = strdup(pg_get(res, 0, 5));
        at->parts = pg_get(res, 0, 6)[0] == 't';
        str_reset(before);
        str_add(before, pg_get(res, 0, 7));
    }
    pg_free(res);
    return 0;
}

/* The one column of the target that holds the stage's keys, as "schema"."table"."column"; nothing
 * where there is none: references into it tell which record is meant. */
static void key_column(const struct job *job, const struct job_stage *st, struct str *out)
{
    const struct job_table *t = &job->tables[st->tables[0]];
    const struct catalog_key *key = job_find_stage_key(job, st);
    if (!key || key->n != 1)
        return;
    sql_table(out, t->t->schema, t->t->name);
    str_add_char(out, '.');
    sql_ident(out, key->columns[0]);
}

static int begin_stage_row(struct state *s, const struct job *job, const struct job_stage *st,
                           const char *identity, const char *snapshot, struct error *err)
{
    char run[32], no[32], since[32], sql[800];
    struct str column;
    str_init(&column, 0);
    key_column(job, st, &column);
    snprintf(run, sizeof run, "%lld", (long long)s->run);
    snprintf(no, sizeof no, "%zu", st->no);
    bound_sql(st, since);
    const char *const params[] = {run, no, st->p->name, st->hash, identity, column.data, snapshot};
    snprintf(sql, sizeof sql,
             "INSERT INTO %s.run_stage VALUES ($1, $2, $3, $4, $5, false, NULL, true, NULL, $6, %s,"
             " nullif($7, '')) ON CONFLICT (run, name) DO UPDATE SET no = $2, hash = $4, identity "
             "= $5, done ="
             " false, seconds = NULL, own_keys = true, key_column = $6, since = excluded.since, "
             "snapshot = excluded.snapshot",
             s->q, since);
    struct pg_result *res = pg_query(s->pg, err, sql, 7, params);
    str_clear(&column);
    pg_free(res);
    return res ? 0 : err->code;
}

/* Nothing, where it is not known that all of the stage is in one state. */
static int keep_snapshot(struct state *s, const struct job_stage *st, const char *snapshot,
                         struct error *err)
{
    char run[32], sql[300];
    snprintf(run, sizeof run, "%lld", (long long)s->run);
    snprintf(sql, sizeof sql,
             "UPDATE %s.run_stage SET snapshot = nullif($3, '') WHERE run = $1 AND name = $2",
             s->q);
    const char *const params[] = {run, st->p->name, snapshot};
    struct pg_result *res = pg_query(s->pg, err, sql, 3, params);
    pg_free(res);
    return res ? 0 : err->code;
}

/* ---- all together ---------------------------------------------------------------------- */

struct find {
    struct str identity, before, now;
    int same, changed;
};

static int look(struct find *f, struct state *s, struct job_stage *st, struct resume_point *at,
                struct error *err)
{
    int code = state_begin(s, err);
    if (!code)
        code = read_resume(s, st, f->identity.data, at, &f->before, &f->same, err);
    if (code) {
        pg_rollback(s->pg);
        return code;
    }
    code = state_commit(s, err);
    if (!code)
        code = snapshots_now(st, &f->now, err);
    if (!code && f->same && (at->done || at->chunks))
        code = snapshots_compare(st, f->before.data, f->now.data, at, &f->changed, err);
    else
        at->same_state = 1;
    return code;
}

static int settle(const struct find *f, struct state *s, const struct job *job,
                  struct job_stage *st, struct resume_point *at, int fresh, struct error *err)
{
    if (!fresh)
        return keep_snapshot(s, st, at->same_state ? f->now.data : "", err);
    free(at->position);
    *at = (struct resume_point){.position = strdup(""), .records = -1};
    int code = forget_stage(s, job, st, err);
    return code ? code : begin_stage_row(s, job, st, f->identity.data, f->now.data, err);
}

int resume_find(struct state *s, const struct job *job, struct job_stage *st, int forced,
                struct resume_point *at, int *fresh, struct error *err)
{
    struct find f = {0};
    str_init(&f.identity, 0);
    str_init(&f.before, 0);
    str_init(&f.now, 0);
    int code = source_identity(st, &f.identity, err);
    if (!code)
        code = look(&f, s, st, at, err);
    int usable = f.same && !forced && !f.changed &&
                 (at->done || !at->chunks || at->position[0] || at->parts);
    *fresh = !usable;
    if (!code)
        code = state_begin(s, err);
    if (!code)
        code = settle(&f, s, job, st, at, *fresh, err);
    if (!code)
        code = state_commit(s, err);
    else
        pg_rollback(s->pg);
    str_clear(&f.identity);
    str_clear(&f.before);
    str_clear(&f.now);
    return code;
}

int resume_count(struct state *s, const struct job_stage *st, struct resume_point *at,
                 struct error *err)
{
    const char *const params[] = {st->p->name};
    char sql[300];
    snprintf(sql, sizeof sql,
             "SELECT count(*), coalesce(sum(read), 0), coalesce(sum(rejected), 0) FROM %s.chunk"
             " WHERE run = %lld AND stage = $1",
             s->q, (long long)s->run);
    if (pg_begin(s->pg, "READ ONLY", err))
        return err->code;
    struct pg_result *res = pg_query(s->pg, err, sql, 1, params);
    if (res) {
        at->chunks = pg_get_int(res, 0, 0);
        at->read = (uint64_t)pg_get_int(res, 0, 1);
        at->rejected = (uint64_t)pg_get_int(res, 0, 2);
    }
    pg_free(res);
    pg_rollback(s->pg);
    return err->code;
}

/* rollback.c - takes a published run back. The statements are undo.c's; here are the refusals,
 * the transaction and the proof. When other sessions changed the tables (other rows than the
 * run's) since the fingerprint before publish was taken, which is outside its locks, that of the
 * whole tables cannot be as before; then the rows of the run are compared with their
 * before-images, and the report says that the proof was limited. */
#include "rollback.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "backoff.h"
#include "fault.h"
#include "fingerprint.h"
#include "log.h"
#include "match.h"
#include "ran.h"
#include "sql.h"
#include "staging.h"
#include "undo.h"
#include "undo_drift.h"

static double since(const struct timespec *t)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - t->tv_sec) + (double)(now.tv_nsec - t->tv_nsec) / 1e9;
}

static int check_state(struct state *s, struct error *err)
{
    if (state_undoable(s->at))
        return 0;
    error_set(err, STATUS_REFUSED, "run %lld is %s, there is nothing to undo", (long long)s->run,
              state_text(s->at));
    error_fix(err, s->at == RUN_FINALIZED ? "its undo ended with --finalize; restore a backup"
                                          : "see the runs with --status");
    return STATUS_REFUSED;
}

static int check_later(struct state *s, struct error *err)
{
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "SELECT r.id, string_agg(DISTINCT b.schema_name || '.' || b.table_name, ', ') FROM"
        " %s.run_table a JOIN %s.run_table b ON b.oid = a.oid AND b.run > a.run JOIN %s.run r ON"
        " r.id = b.run WHERE a.run = %lld AND r.state IN ('partly', 'published', 'done') AND "
        "b.inserted +"
        " b.updated + b.deleted > 0 GROUP BY r.id ORDER BY r.id DESC",
        s->q, s->q, s->q, (long long)s->run);
    if (!res)
        return err->code;
    if (pg_rows(res)) {
        struct str order;
        str_init(&order, 0);
        for (int i = 0; i < pg_rows(res); i++)
            str_printf(&order, "%s, ", pg_get(res, i, 0));
        error_set(err, STATUS_REFUSED, "a later run changed the same tables (%s)",
                  pg_get(res, 0, 1));
        error_fix(err, "roll back in this order: %s%lld", order.data, (long long)s->run);
        str_clear(&order);
    }
    pg_free(res);
    return err->code;
}

static int check_drift(struct state *s, const struct job *job, struct error *err)
{
    struct str queries, found;
    str_init(&queries, 0);
    str_init(&found, 0);
    int code = undo_drift_queries(s, job, &queries, err);
    for (char *p = queries.data, *end; !code && (end = strchr(p, '\n')); p = end + 1) {
        *end = '\0';
        struct pg_result *res = pg_query(s->pg, err, p, 0, NULL);
        if (!res)
            code = err->code;
        else if (pg_get_int(res, 0, 1))
            str_printf(&found, "%s%s rows of %s", found.len ? ", " : "", pg_get(res, 0, 1),
                       pg_get(res, 0, 0));
        pg_free(res);
    }
    if (!code && found.len) {
        code = error_set(err, STATUS_REFUSED, "rows changed since run %lld was published: %s",
                         (long long)s->run, found.data);
        error_why(err, "undoing them would overwrite later work");
        error_fix(err, "set these rows back by hand, or restore the run's backup");
    }
    str_clear(&queries);
    str_clear(&found);
    return code;
}

static int lock(struct state *s, const struct job *job, struct error *err)
{
    struct pg_result *res = pg_queryf(
        s->pg, err, "SELECT state FROM %s.run WHERE id = %lld FOR UPDATE", s->q, (long long)s->run);
    if (!res)
        return err->code;
    state_parse(pg_get(res, 0, 0), &s->at);
    pg_free(res);
    int code = check_state(s, err);
    for (size_t i = 0; !code && i < job->n_tables; i++)
        code = pg_execf(s->pg, err, "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE",
                        job->tables[i].t->quoted);
    return code;
}

/* One number from a query that begins with SELECT count(*); it must be 0. */
static int none(struct state *s, struct str *sql, const struct job_table *t, const char *what,
                struct error *err)
{
    struct pg_result *res = pg_query(s->pg, err, sql->data, 0, NULL);
    str_clear(sql);
    if (!res)
        return err->code;
    long long bad = (long long)pg_get_int(res, 0, 0);
    pg_free(res);
    return bad ? error_set(err, STATUS_INVALID, "%lld rows of %s.%s %s", bad, t->t->schema,
                           t->t->name, what)
               : 0;
}

static void row_of(const struct job_table *t, const char *alias, struct str *sql)
{
    for (size_t i = 0; i < t->t->n_columns; i++) {
        str_printf(sql, "%s%s.", i ? ", " : "ROW(", alias);
        sql_ident(sql, t->t->columns[i].name);
    }
    str_add_char(sql, ')');
}

/* What was updated or deleted is as its before-image has it, in all columns. */
static int prove_restored(struct state *s, const struct job_table *t, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "SELECT count(*) FROM %s b LEFT JOIN %s l ON ", t->before, t->t->quoted);
    match_condition(t->match, "b", "l", &sql);
    str_add(&sql, " WHERE l.ctid IS NULL OR NOT record_image_eq(");
    row_of(t, "b", &sql);
    str_add(&sql, ", ");
    row_of(t, "l", &sql);
    str_add_char(&sql, ')');
    return none(s, &sql, t, "are not as they were", err);
}

static int prove_removed(struct state *s, const struct job_table *t, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "SELECT count(*) FROM %s s JOIN %s l ON ", t->staging, t->t->quoted);
    match_condition(t->match, "s", "l", &sql);
    str_printf(&sql,
               " WHERE s._mig_state = 0 AND NOT EXISTS (SELECT FROM %s m WHERE m._mig_id ="
               " s._mig_id)",
               t->match_table);
    return none(s, &sql, t, "are still there", err);
}

/* The run's own rows, in all columns. */
static int prove_rows(struct state *s, const struct job *job, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        const struct job_table *t = &job->tables[i];
        if (!t->match)
            continue;
        code = prove_restored(s, t, err);
        if (!code)
            code = prove_removed(s, t, err);
    }
    return code;
}

static int prove(struct state *s, const struct job *job, struct rollback_result *out,
                 struct error *err)
{
    struct str different;
    struct timespec begun;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    str_init(&different, 0);
    int code = fingerprint_text(s, "before", out->before, err);
    out->nothing = !code && !out->before[0];
    if (code || out->nothing)
        return code;
    code = fingerprint_take(s, job, "undone", err);
    int same = code ? 0 : fingerprint_same(s, "before", "undone", &different, err);
    if (!code && same < 0)
        code = -same;
    if (!code && !same) {
        log_write(LOG_INFO,
                  "others changed these tables too, so that the run's rows are compared"
                  " one by one: %s",
                  different.data);
        code = prove_rows(s, job, err);
    }
    out->proven = same;
    if (!code)
        code = fingerprint_text(s, "undone", out->undone, err);
    str_clear(&different);
    out->proof_seconds = since(&begun);
    return code;
}

static int check_altered(struct state *s, const struct job *job, struct error *err)
{
    for (size_t i = 0; i < job->n_tables; i++) {
        const struct job_table *t = &job->tables[i];
        struct str sql;
        str_init(&sql, 0);
        undo_drift_columns(t, &sql);
        struct pg_result *res = pg_query(s->pg, err, sql.data, 0, NULL);
        str_clear(&sql);
        if (!res)
            return err->code;
        int64_t n = pg_get_int(res, 0, 1);
        pg_free(res);
        if (!n)
            continue;
        error_set(err, STATUS_REFUSED, "columns of %s.%s were altered since run %lld", t->t->schema,
                  t->t->name, (long long)s->run);
        error_fix(err, "alter the table back, or restore the run's backup");
        return STATUS_REFUSED;
    }
    return 0;
}

/* A key that is taken or a parent that is gone: the application went on from what the run left. */
static int undo_part(struct state *s, char *sql, size_t from, size_t to, double *seconds,
                     struct error *err)
{
    char behind = sql[to];
    struct timespec begun;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    sql[to] = '\0';
    int code = pg_exec(s->pg, err, sql + from);
    sql[to] = behind;
    *seconds = since(&begun);
    if (!code || strncmp(pg_sqlstate(s->pg), "23", 2) != 0)
        return code;
    error_clear(err);
    error_set(err, STATUS_REFUSED, "rows of run %lld cannot come back: constraint %s of %s",
              (long long)s->run, pg_failed_constraint(s->pg), pg_failed_table(s->pg));
    error_why(err, "later work took their keys, or removed what they refer to");
    error_fix(err, "set these rows back by hand, or restore the run's backup");
    return STATUS_REFUSED;
}

/* What stands before the tables, each of them, last ones first, and what stands behind. */
static int undo(struct state *s, const struct job *job, double *seconds, struct error *err)
{
    size_t n = job->n_tables;
    size_t *marks = arena_alloc(job->mem, (n + 1) * sizeof *marks);
    double other;
    struct str sql;
    str_init(&sql, 0);
    int code = undo_statements(s, job, 0, &sql, marks, err);
    if (!code)
        code = undo_part(s, sql.data, 0, marks[n], &other, err);
    for (size_t i = n; !code && i-- > 0;)
        code = undo_part(s, sql.data, marks[i + 1], marks[i], &seconds[i], err);
    if (!code)
        code = undo_part(s, sql.data, marks[0], sql.len, &other, err);
    str_clear(&sql);
    return code;
}

/* What comes back is what was kept, or nothing. A run that was killed before it was verified has
 * nothing to compare with. */
static int check_images(struct state *s, const struct job *job, struct error *err)
{
    char taken[65];
    struct str different;
    str_init(&different, 0);
    int code = fingerprint_text(s, "images", taken, err), same = 1;
    if (!code && taken[0])
        code = fingerprint_take_images(s, job, "images undone", err);
    if (!code && taken[0])
        same = fingerprint_same(s, "images", "images undone", &different, err);
    if (!code && same < 0)
        code = -same;
    if (!code && !same) {
        code = error_set(err, STATUS_REFUSED,
                         "the rows that run %lld kept of %s are no longer as it kept them",
                         (long long)s->run, different.data);
        error_fix(err, "restore the run's backup");
    }
    str_clear(&different);
    return code;
}

static int transaction(struct state *s, const struct job *job, struct rollback_result *out,
                       double *seconds, struct error *err)
{
    int code = lock(s, job, err);
    if (!code)
        code = staging_tune(s, job, err);
    if (!code)
        code = check_later(s, err);
    if (!code)
        code = check_altered(s, job, err);
    if (!code)
        code = check_drift(s, job, err);
    if (!code)
        code = check_images(s, job, err);
    if (!code && fault_point("rollback.checked"))
        code = error_set(err, STATUS_TEMPORARY, "fault point rollback.checked");
    if (!code)
        code = undo(s, job, seconds, err);
    if (!code && fault_point("rollback.table"))
        code = error_set(err, STATUS_TEMPORARY, "fault point rollback.table");
    if (!code)
        code = prove(s, job, out, err);
    if (!code && fault_point("rollback.before_commit"))
        code = error_set(err, STATUS_TEMPORARY, "fault point rollback.before_commit");
    s->committing = pg_backend_pid(s->pg);
    if (!code)
        code = pg_commit(s->pg, 0, err);
    if (code == STATUS_UNKNOWN)
        code = state_settle(s, RUN_ROLLED_BACK, 1, err);
    return code;
}

/* `seconds`: per table, of its own statements. */
static void tell(struct state *s, const struct job *job, const double *seconds)
{
    struct error err = {0};
    if (pg_begin(s->pg, "READ ONLY", &err))
        return;
    struct pg_result *res =
        pg_queryf(s->pg, &err,
                  "SELECT schema_name || '.' || table_name, inserted, updated, deleted, no FROM"
                  " %s.run_table WHERE run = %lld ORDER BY no DESC",
                  s->q, (long long)s->run);
    for (int i = 0; res && i < pg_rows(res); i++) {
        size_t no = (size_t)pg_get_int(res, i, 4);
        log_write(LOG_INFO,
                  "%s: %s inserted rows removed, %s updated and %s deleted ones restored, %.3f s",
                  pg_get(res, i, 0), pg_get(res, i, 1), pg_get(res, i, 2), pg_get(res, i, 3),
                  no && no <= job->n_tables ? seconds[no - 1] : 0);
    }
    pg_free(res);
    pg_rollback(s->pg);
}

int rollback_run(struct state *s, const struct project *project, struct rollback_result *out,
                 struct error *err)
{
    struct timespec begun;
    struct job job = {0};
    double *seconds = NULL;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    memset(out, 0, sizeof *out);
    out->run = s->run;
    int code = check_state(s, err);
    if (!code && fault_point("rollback.begin"))
        code = error_set(err, STATUS_TEMPORARY, "fault point rollback.begin");
    for (int64_t n = 0; !code; n++) {
        code = pg_begin(s->pg, "ISOLATION LEVEL READ COMMITTED", err);
        if (!code && !job.mem)
            code = ran_load(s, project, &job, err);
        if (!code && !seconds)
            seconds = arena_alloc(job.mem, (job.n_tables + 1) * sizeof *seconds);
        if (!code)
            code = transaction(s, &job, out, seconds, err);
        if (!code)
            break;
        pg_rollback(s->pg);
        if (code != STATUS_TEMPORARY || !pg_retryable(s->pg) || n >= project->retries ||
            host_is_cancelled())
            break;
        log_write(LOG_WARNING, "rollback: %s; trying again", err->what);
        error_clear(err);
        backoff_wait(n);
        code = 0;
    }
    if (!code && fault_point("rollback.after_commit"))
        code = error_set(err, STATUS_TEMPORARY, "fault point rollback.after_commit");
    if (!code)
        tell(s, &job, seconds);
    out->seconds = since(&begun);
    if (job.mem)
        job_clear(&job);
    return code;
}

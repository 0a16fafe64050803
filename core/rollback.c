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
#include "plural.h"
#include "publish.h"
#include "ran.h"
#include "sql.h"
#include "staging.h"
#include "undo.h"
#include "undo_drift.h"
#include "undo_force.h"
#include "undo_left.h"
#include "undo_proof.h"

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
        " r.id = b.run WHERE a.run = %lld AND r.state IN (" STATE_UNDOABLE ") AND "
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
            str_printf(&found, "%s%s %s of %s", found.len ? ", " : "", pg_get(res, 0, 1),
                       plural(pg_get_int(res, 0, 1), "row", "rows"), pg_get(res, 0, 0));
        pg_free(res);
    }
    if (!code && found.len) {
        code = error_set(err, STATUS_REFUSED, "rows changed since run %lld was published: %s",
                         (long long)s->run, found.data);
        error_why(err, "undoing them would overwrite later work");
        error_fix(err, "--rollback-mode untouched undoes all but these, --rollback-mode force keeps"
                       " them aside and overwrites them; or set these rows back by hand");
    }
    str_clear(&queries);
    str_clear(&found);
    return code;
}

/* Who holds the run's row works on it for longer than one waits: another rollback, or the run. */
static int busy(struct state *s, const char *who, struct error *err)
{
    error_clear(err);
    error_set(err, STATUS_BUSY, "run %lld is being worked on: %s", (long long)s->run,
              who ? who : "by another session");
    error_fix(err, "wait until it ends, or end it; then see --status");
    return STATUS_BUSY;
}

static int lock(struct state *s, const struct job *job, struct error *err)
{
    struct str sql, table;
    str_init(&sql, 0);
    str_init(&table, 0);
    str_printf(&table, "%s.run", s->q);
    str_add(
        &sql,
        "SELECT string_agg(format('server process %s, since %s', a.pid, to_char(a.xact_start,"
        " 'YYYY-MM-DD HH24:MI:SSOF')), '; ') FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE l.mode = 'RowShareLock' AND l.granted AND l.pid <> pg_backend_pid() AND"
        " l.relation = ");
    sql_literal(&sql, table.data);
    str_add(&sql, "::regclass");
    str_clear(&table);
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    if (!res)
        return err->code;
    const char *who = pg_get(res, 0, 0) ? arena_strdup(job->mem, pg_get(res, 0, 0)) : NULL;
    pg_free(res);
    res = pg_queryf(s->pg, err, "SELECT state FROM %s.run WHERE id = %lld FOR UPDATE NOWAIT", s->q,
                    (long long)s->run);
    if (!res)
        return str_equal(pg_sqlstate(s->pg), "55P03") ? busy(s, who, err) : err->code;
    state_parse(pg_get(res, 0, 0), &s->at);
    pg_free(res);
    int code = check_state(s, err);
    return code ? code : publish_lock_all(s, job, NULL, err);
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
        code = undo_proof_rows(s, job, &out->unlike, err);
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
    error_set(err, STATUS_REFUSED,
              "rows of run %lld cannot go, or cannot come back: constraint %s of %s",
              (long long)s->run, pg_failed_constraint(s->pg), pg_failed_table(s->pg));
    error_why(err, "later work refers to them by a key that lets none go, took their keys, or"
                   " removed what they refer to");
    error_fix(err, "--rollback-mode untouched leaves such rows; or set them back by hand, or"
                   " restore the run's backup");
    return STATUS_REFUSED;
}

/* What stands before the tables, each of them, last ones first, and what stands behind. */
static int undo(struct state *s, const struct job *job, enum run_state to, double *seconds,
                struct error *err)
{
    const struct undo_options options = {.to = to};
    size_t n = job->n_tables;
    size_t *marks = arena_alloc(job->mem, (n + 1) * sizeof *marks);
    double other;
    struct str sql;
    str_init(&sql, 0);
    int code = undo_statements(s, job, &options, &sql, marks, err);
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

/* ---- where others touched what the run wrote
 * ------------------------------------------------------ */

int rollback_mode_parse(const char *text, enum rollback_mode *out)
{
    static const char *const names[] = {"refuse", "untouched", "force"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_equal(text, names[i])) {
            *out = (enum rollback_mode)i;
            return 0;
        }
    return -1;
}

static int list_left(struct state *s, const struct job *job, enum undo_left_scope scope,
                     struct undo_list *out, struct error *err)
{
    struct str sql;
    int64_t n;
    str_init(&sql, 0);
    int code = undo_left_make(s, job, scope, &n, err);
    if (!code && n)
        undo_left_sql(s, job, &sql);
    return code || !sql.len ? code : undo_list_write(s, job->project, &sql, out, err);
}

/* SQL that takes the hooks back is of the whole run. */
static int no_hooks(struct state *s, struct error *err)
{
    struct pg_result *res =
        pg_queryf(s->pg, err,
                  "SELECT string_agg(name, ', ') FROM %s.undo_sql WHERE run = %lld AND"
                  " sql <> ''",
                  s->q, (long long)s->run);
    if (res && pg_get(res, 0, 0)) {
        error_set(err, STATUS_REFUSED, "run %lld cannot be undone in part: hook %s has an \"undo\"",
                  (long long)s->run, pg_get(res, 0, 0));
        error_fix(err, "set the touched rows back by hand, or --rollback-mode force");
    }
    pg_free(res);
    return err->code;
}

/* The drift that was found, in `err`, is listed whatever the mode. `part`: what is to be undone. A
 * key that is taken is no drift: who asks for what nobody touched is told of it all the same. */
static int by_mode(struct state *s, const struct job *job, enum rollback_mode mode,
                   struct rollback_result *out, struct job *part, struct error *err)
{
    struct error found = *err;
    error_clear(err);
    int code = list_left(s, job, mode == ROLLBACK_UNTOUCHED ? UNDO_LEFT_ALL : UNDO_LEFT_TOUCHED,
                         &out->touched, err);
    if (mode == ROLLBACK_REFUSE) {
        if (code)
            log_write(LOG_WARNING, "the rows cannot be listed: %s", err->what);
        *err = found;
        return err->code;
    }
    if (!code && mode == ROLLBACK_FORCE)
        code = undo_force_keep(s, job, err);
    if (code || mode == ROLLBACK_FORCE)
        return code;
    out->partly = out->touched.n > 0;
    if (!out->partly)
        return 0;
    code = no_hooks(s, err);
    if (!code)
        code = undo_left_narrow(s, job, part, err);
    return code ? code : check_drift(s, part, err); /* nothing must be left of it */
}

/* Behind the undo: what it did not take back can be by another one. */
static int settle(struct state *s, const struct job *job, const struct job *part,
                  const struct rollback_result *out, struct error *err)
{
    char taken[65];
    int code = out->partly ? undo_left_widen(s, part, err) : undo_left_drop(s, job, err);
    if (!code && out->partly)
        code = undo_left_settle(s, job, err);
    if (!code && out->partly)
        code = fingerprint_text(s, "images", taken, err);
    if (!code && out->partly && taken[0])
        code = fingerprint_take_images(s, job, "images", err);
    return code;
}

static int begin(struct state *s, const struct job *job, struct error *err)
{
    int code = lock(s, job, err);
    if (!code)
        code = staging_tune(s, job, err);
    if (!code)
        code = check_later(s, err);
    return code ? code : check_altered(s, job, err);
}

static int commit(struct state *s, enum run_state to, struct error *err)
{
    s->committing = pg_backend_pid(s->pg);
    int code = pg_commit(s->pg, 0, err);
    return code == STATUS_UNKNOWN ? state_settle(s, to, 1, err) : code;
}

static int transaction(struct state *s, const struct job *job, enum rollback_mode mode,
                       struct rollback_result *out, double *seconds, struct error *err)
{
    struct job part = *job;
    int code = begin(s, job, err), drift = 0;
    out->blocked = 0;
    if (!code)
        drift = code = check_drift(s, job, err);
    int forced = drift == STATUS_REFUSED && mode == ROLLBACK_FORCE;
    if (drift == STATUS_REFUSED || (!code && mode == ROLLBACK_UNTOUCHED))
        code = by_mode(s, job, mode, out, &part, err);
    if (!code)
        code = check_images(s, job, err);
    if (!code && forced)
        code = undo_force_turn(s, job, err);
    if (!code && fault_point("rollback.checked"))
        code = error_set(err, STATUS_TEMPORARY, "fault point rollback.checked");
    enum run_state to = out->partly ? RUN_PARTLY_UNDONE : RUN_ROLLED_BACK;
    if (!code)
        out->blocked = (code = undo(s, &part, to, seconds, err)) == STATUS_REFUSED;
    if (!code && fault_point("rollback.table"))
        code = error_set(err, STATUS_TEMPORARY, "fault point rollback.table");
    if (!code)
        code = out->partly ? undo_proof_rows(s, &part, &out->unlike, err) : prove(s, job, out, err);
    if (!code)
        code = settle(s, job, &part, out, err);
    if (!code && fault_point("rollback.before_commit"))
        code = error_set(err, STATUS_TEMPORARY, "fault point rollback.before_commit");
    return code ? code : commit(s, to, err);
}

/* One that others drew from since is not set back: they would get their numbers again. */
static void tell_sequences(struct state *s)
{
    struct error err = {0};
    struct pg_result *res = pg_queryf(
        s->pg, &err,
        "SELECT format('%%I.%%I', x.schema_name, x.sequence_name), x.before_last, q.last_value FROM"
        " %s.sequence x JOIN pg_sequences q ON q.schemaname = x.schema_name AND q.sequencename ="
        " x.sequence_name WHERE x.run = %lld AND q.last_value IS DISTINCT FROM CASE WHEN"
        " x.before_called THEN x.before_last END ORDER BY 1",
        s->q, (long long)s->run);
    for (int i = 0; res && i < pg_rows(res); i++)
        log_write(LOG_WARNING,
                  "sequence %s stays at %s, it was at %s before the run: others drew from it since",
                  pg_get(res, i, 0), pg_get(res, i, 2), pg_get(res, i, 1));
    pg_free(res);
}

/* `seconds`: per table, of its own statements. */
static void tell(struct state *s, const struct job *job, int partly, const double *seconds)
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
                  "%s: %s inserted %s removed, %s updated and %s deleted ones restored%s, %.3f s",
                  pg_get(res, i, 0), pg_get(res, i, 1),
                  plural(pg_get_int(res, i, 1), "row", "rows"), pg_get(res, i, 2),
                  pg_get(res, i, 3), partly ? ", but for those that are left" : "",
                  no && no <= job->n_tables ? seconds[no - 1] : 0);
    }
    pg_free(res);
    if (!partly)
        tell_sequences(s);
    pg_rollback(s->pg);
}

/* What hangs together with what stood in the way is found and listed once the undo is itself
 * undone. */
static void list_blocked(struct state *s, const struct job *job, struct rollback_result *out)
{
    struct error err = {0};
    int code = pg_begin(s->pg, "ISOLATION LEVEL READ COMMITTED", &err);
    if (!code)
        code = list_left(s, job, UNDO_LEFT_ALL, &out->touched, &err);
    if (code)
        log_write(LOG_WARNING, "the rows cannot be listed: %s", err.what);
    pg_rollback(s->pg);
}

int rollback_run(struct state *s, const struct project *project, enum rollback_mode mode,
                 struct rollback_result *out, struct error *err)
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
            code = transaction(s, &job, mode, out, seconds, err);
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
    if (code && out->blocked)
        list_blocked(s, &job, out);
    if (!code && fault_point("rollback.after_commit"))
        code = error_set(err, STATUS_TEMPORARY, "fault point rollback.after_commit");
    if (!code)
        tell(s, &job, out->partly, seconds);
    out->seconds = since(&begun);
    if (job.mem)
        job_clear(&job);
    return code;
}

/* publish.c - the one transaction that changes live tables. READ COMMITTED: its first statement
 * after the fence locks the tables, later ones see what was committed before. Tables are locked
 * in the order of their oid, so that two runs cannot deadlock. What the writes are is in
 * write.c. */
#include "publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backoff.h"
#include "check.h"
#include "drift.h"
#include "empty.h"
#include "fault.h"
#include "hooks.h"
#include "lineage.h"
#include "log.h"
#include "match.h"
#include "number.h"
#include "outcome.h"
#include "pair.h"
#include "plural.h"
#include "rebuild.h"
#include "remove.h"
#include "seen.h"
#include "sequence.h"
#include "sql.h"
#include "staging.h"
#include "untouched.h"
#include "validate.h"

/* ---- lock and compare ------------------------------------------------------------------ */

static double seconds_since(const struct timespec *t)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - t->tv_sec) + (double)(now.tv_nsec - t->tv_nsec) / 1e9;
}

static int altered(struct error *err, const char *what, const char *name)
{
    error_set(err, STATUS_DRIFT, "the target's tables were altered since the plan was made: %s%s",
              what, name);
    error_fix(err, "see what changed, then run again: the plan is made anew");
    return STATUS_DRIFT;
}

int publish_lock(struct state *s, const struct job_table *t, int alone, struct error *err)
{
    int code = pg_execf(s->pg, err, "LOCK TABLE %s IN %s MODE", t->t->quoted,
                        alone ? "ACCESS EXCLUSIVE" : "SHARE ROW EXCLUSIVE");
    if (!code || !str_equal(pg_sqlstate(s->pg), "42P01"))
        return code;
    error_clear(err);
    return altered(err, "a table is gone: ", t->t->quoted);
}

/* While one table is waited for, those before it are locked already: who is held up by that is so
 * for the lock's time limit as a whole, not for so many times as there are tables. */
static int limit_wait(struct state *s, const struct job *job, const struct timespec *begun,
                      struct error *err)
{
    int64_t limit = 1000 * (job->project->timeouts.lock ? job->project->timeouts.lock : 5);
    int64_t left = limit - (int64_t)(1000 * seconds_since(begun));
    return pg_execf(s->pg, err, "SET LOCAL lock_timeout = %lld", (long long)(left > 1 ? left : 1));
}

int publish_lock_all(struct state *s, const struct job *job, const struct rebuild *rebuild,
                     struct error *err)
{
    const struct job_table *const *list = job_lock_order(job);
    struct timespec begun, now;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        code = limit_wait(s, job, &begun, err);
        if (!code)
            code =
                publish_lock(s, list[i], rebuild && rebuild->tables[list[i]->no - 1].chosen, err);
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    return code ? code : limit_wait(s, job, &now, err); /* what comes waits as long as ever */
}

int publish_same_catalog(struct state *s, const struct job *job, struct error *err)
{
    struct catalog now;
    struct faults faults = {0};
    const char *(*names)[2] = arena_alloc(job->mem, (job->catalog.n + 1) * sizeof *names);
    for (size_t i = 0; i < job->catalog.n; i++) {
        names[i][0] = job->catalog.tables[i].schema;
        names[i][1] = job->catalog.tables[i].name;
    }
    int code =
        catalog_read(s->pg, (const char *const(*)[2])names, job->catalog.n, &now, &faults, err);
    int same = faults.n == 0 && str_equal(now.hash, job->catalog.hash);
    char difference[400] = "";
    if (!code && !same)
        catalog_difference(&job->catalog, &now, difference, sizeof difference);
    faults_clear(&faults);
    catalog_clear(&now);
    if (code || same)
        return code;
    return altered(err, "", difference);
}

int publish_no_drift(struct state *s, const struct job_table *t, struct error *err)
{
    struct str sql;
    int untouched = 0;
    if (seen_untouched(s, t, &untouched, err) || untouched)
        return err->code;
    if (t->has_delta) {
        error_set(err, STATUS_DRIFT, "%s.%s was written since check", t->t->schema, t->t->name);
        error_fix(err, "run again when fewer writers are active");
        return STATUS_DRIFT;
    }
    str_init(&sql, 0);
    str_printf(&sql,
               "SELECT (SELECT count(*) FROM (SELECT _mig_at, _mig_xmin FROM %s UNION ALL SELECT"
               " _mig_at, _mig_xmin FROM %s) m LEFT JOIN %s l ON %s = m._mig_at WHERE"
               " l.xmin IS NULL OR l.xmin <> m._mig_xmin)",
               t->match_table, t->delete_table, t->t->quoted, match_at(t));
    if (t->match) {
        str_printf(&sql, ", (SELECT count(*) FROM %s w JOIN %s l ON ", t->will_be, t->t->quoted);
        match_condition(t->match, "w", "l", &sql);
        str_add(&sql, " WHERE NOT w._mig_old)");
        pair_taken(t, &sql);
    } else {
        str_add(&sql, ", 0");
    }
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    if (!res)
        return err->code;
    int64_t changed = pg_get_int(res, 0, 0), taken = pg_get_int(res, 0, 1);
    pg_free(res);
    if (!changed && !taken)
        return 0;
    error_set(err, STATUS_DRIFT, "%s.%s: %lld %s %lld %s", t->t->schema, t->t->name,
              (long long)changed, plural(changed, "row changed and", "rows changed and"),
              (long long)taken,
              plural(taken, "key was taken since check", "keys were taken since check"));
    error_fix(err, "run again when fewer writers are active");
    return STATUS_DRIFT;
}

static int no_drift_left(struct state *s, const struct job *job, struct job_table *t,
                         struct error *err)
{
    int settled = 0, code = publish_no_drift(s, t, err);
    if (code != STATUS_DRIFT)
        return code;
    struct error drift = *err;
    *err = (struct error){0};
    code = pg_own_path(s->pg, err);
    if (!code)
        code = drift_settle(s, job, t, &settled, err);
    if (!code)
        code = pg_exec(s->pg, err, "SET LOCAL search_path = pg_catalog, pg_temp");
    if (!code && settled)
        code = publish_no_drift(s, t, err);
    if (code || settled)
        return code;
    *err = drift;
    return STATUS_DRIFT;
}

/* ---- cycles ------------------------------------------------------------------ */

static int defer_cycles(struct state *s, const struct job *job, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++)
        for (size_t k = 0; !code && k < job->tables[i].n_references; k++) {
            const struct job_reference *r = &job->tables[i].references[k];
            if (r->cycle != CYCLE_DEFER || !r->key.declared)
                continue;
            struct str name;
            str_init(&name, 0);
            sql_table(&name, r->key.child_schema, r->key.name);
            code = pg_execf(s->pg, err, "SET CONSTRAINTS %s DEFERRED", name.data);
            str_clear(&name);
        }
    return code;
}

/* The last way out of a cycle: the key is deferrable until the writes are done. `again` makes it
 * what it was. */
static int loosen_cycles(struct state *s, const struct job *job, struct str *again,
                         struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++)
        for (size_t k = 0; !code && k < job->tables[i].n_references; k++) {
            const struct job_reference *r = &job->tables[i].references[k];
            if (r->cycle != CYCLE_LOOSEN || !r->key.declared)
                continue;
            struct str name;
            str_init(&name, 0);
            sql_ident(&name, r->key.name);
            code = pg_execf(s->pg, err,
                            "ALTER TABLE %s ALTER CONSTRAINT %s DEFERRABLE INITIALLY DEFERRED",
                            job->tables[i].t->quoted, name.data);
            str_printf(again, "ALTER TABLE %s ALTER CONSTRAINT %s NOT DEFERRABLE;",
                       job->tables[i].t->quoted, name.data);
            str_clear(&name);
        }
    return code;
}

int publish_writes(const struct job *job, const struct publish_result *r)
{
    for (size_t i = 0; i < job->n_tables; i++)
        if (r->tables[i].inserted || r->tables[i].updated || r->tables[i].deleted)
            return 1;
    return job->project->n_hooks > 0;
}

/* ---- the transaction ------------------------------------------------------------------- */

static int write_table(struct state *s, const struct job_table *t, struct write_counts *c,
                       struct error *err)
{
    struct timespec begun;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    c->progress = WRITE_BEGUN;
    int code = write_rows(s, t, c, err);
    c->seconds = seconds_since(&begun);
    if (!code)
        c->progress = WRITE_DONE;
    else if (!err->why[0])
        error_why(err, "while rows of %s.%s were written%s%s", t->t->schema, t->t->name,
                  t->t->triggers[0] ? ", whose triggers are " : "", t->t->triggers);
    if (!code && fault_point("publish.table"))
        code = error_set(err, STATUS_TEMPORARY, "fault point publish.table");
    return code;
}

/* What had been written when it failed, so that a log says how far it came. */
static void tell_taken_back(const struct job *job, const struct publish_result *r)
{
    char how[40];
    for (size_t i = job->n_tables; i-- > 0;) {
        struct write_counts *c = &r->tables[i];
        enum write_progress came = c->progress;
        c->progress = WRITE_NOT;
        if (came == WRITE_NOT || !(c->inserted || c->updated || c->deleted))
            continue;
        snprintf(how, sizeof how, "written in %.3f s", c->seconds);
        log_write(LOG_INFO,
                  "taken back with the transaction: %s.%s: %lld inserted, %lld updated, %lld"
                  " deleted %s, %s",
                  job->tables[i].t->schema, job->tables[i].t->name, (long long)c->inserted,
                  (long long)c->updated, (long long)c->deleted, plural(c->deleted, "row", "rows"),
                  came == WRITE_DONE ? how : "not all written yet");
    }
}

static int write_all(struct state *s, struct job *job, const struct publish_result *r,
                     struct error *err)
{
    int code = remove_prepare(s, job, err);
    for (size_t i = 0; !code && i < job->n_tables; i++)
        code = write_images_rest(s, &job->tables[i], &r->tables[i], err);
    if (!code && fault_point("publish.before_images"))
        code = error_set(err, STATUS_TEMPORARY, "fault point publish.before_images");
    for (size_t i = 0; !code && i < job->n_tables; i++)
        code = write_moving_defaults(s, &job->tables[i], err);
    if (!code)
        code = remove_rows(s, job, 0, err);
    for (size_t i = 0; !code && i < job->n_tables; i++)
        code = write_table(s, &job->tables[i], &r->tables[i], err);
    for (size_t i = 0; !code && i < job->n_tables; i++)
        code = write_second_pass(s, &job->tables[i], err);
    if (!code)
        code = remove_rows(s, job, 1, err);
    for (size_t i = 0; !code && i < job->n_stages; i++)
        code = write_id_map(s, job, &job->stages[i], err);
    return code;
}

static int keep_counts(struct state *s, const struct job *job, const struct publish_result *r,
                       struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        const struct write_counts *c = &r->tables[i];
        code = pg_execf(
            s->pg, err,
            "UPDATE %s.run_table SET staged = %lld, inserted = %lld, updated = %lld, unchanged ="
            " %lld, deleted = %lld, skipped = %lld, rejected = %lld, was_empty = %s WHERE run ="
            " %lld AND no = %zu",
            s->q, (long long)c->staged, (long long)c->inserted, (long long)c->updated,
            (long long)c->unchanged, (long long)c->deleted, (long long)c->left_existing,
            (long long)c->rejected, c->was_empty ? "true" : "false", (long long)s->run,
            job->tables[i].no);
    }
    return code;
}

static int prepare(struct state *s, struct job *job, struct publish_result *r,
                   struct rebuild *rebuild, struct untouched *untouched, struct error *err)
{
    int code = state_begin(s, err);
    if (!code && fault_point("publish.begin"))
        code = error_set(err, STATUS_TEMPORARY, "fault point publish.begin");
    if (!code)
        code = rebuild_choose(s, job, rebuild, err);
    if (!code)
        r->altered = (code = publish_lock_all(s, job, rebuild, err)) == STATUS_DRIFT;
    if (!code && fault_point("publish.locked"))
        code = error_set(err, STATUS_TEMPORARY, "fault point publish.locked");
    if (!code)
        r->altered = (code = empty_still(job, s, err)) == STATUS_DRIFT;
    if (!code)
        r->altered = (code = publish_same_catalog(s, job, err)) == STATUS_DRIFT;
    if (!code)
        code = staging_tune(s, job, err);
    if (!code)
        code = untouched_begin(s, job, untouched, err);
    if (!code)
        code = lineage_read(s, job, 1, err);
    if (!code)
        code = number_shift(s, job, err);
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        code = no_drift_left(s, job, &job->tables[i], err);
        if (!code)
            code = write_plan(s, &job->tables[i], 0, &r->tables[i], err);
    }
    if (!code && publish_writes(job, r))
        code = check_again(s, job, err);
    return code ? code : rebuild_read(s, job, rebuild, err);
}

static int finish(struct state *s, struct job *job, const struct publish_result *r,
                  const struct timespec *begun, struct error *err)
{
    int code = keep_counts(s, job, r, err);
    if (!code)
        code = outcome_drop(s, job, err);
    if (!code)
        code = state_move(s, RUN_PUBLISHED, err);
    if (!code)
        code = pg_execf(s->pg, err,
                        "UPDATE %s.run SET published = clock_timestamp(), publish_xid ="
                        " pg_current_xact_id(), publish_seconds = %.3f WHERE id = %lld",
                        s->q, seconds_since(begun), (long long)s->run);
    if (!code && fault_point("publish.before_commit"))
        code = error_set(err, STATUS_TEMPORARY, "fault point publish.before_commit");
    if (!code)
        code = pg_commit(s->pg, job->project->timeouts.commit, err);
    return code;
}

int publish_drift_of_keys(struct state *s, int code, struct error *err)
{
    const char *state = pg_sqlstate(s->pg);
    if (code != STATUS_INVALID ||
        !(str_equal(state, "23503") || str_equal(state, "23505") || str_equal(state, "23P01")))
        return code;
    error_clear(err);
    error_set(err, STATUS_DRIFT, "live rows changed since check: constraint %s of %s (SQLSTATE %s)",
              pg_failed_constraint(s->pg), pg_failed_table(s->pg), state);
    error_fix(err, "run again when fewer writers are active; if it stays, see the triggers of that "
                   "table, and whether a sequence that fills a column of it gives numbers that its "
                   "rows have");
    return STATUS_DRIFT;
}

static int write_and_rebuild(struct state *s, struct job *job, const struct publish_result *r,
                             struct rebuild *rebuild, struct error *err)
{
    int code = rebuild_drop(s, job, rebuild, err);
    if (!code)
        code = write_all(s, job, r, err);
    if (!code)
        code = sequence_settle(s, job, r->tables, err);
    if (!code && fault_point("publish.sequences"))
        code = error_set(err, STATUS_TEMPORARY, "fault point publish.sequences");
    if (!code)
        code = pg_exec(s->pg, err, "SET CONSTRAINTS ALL IMMEDIATE");
    if (!code && fault_point("publish.rebuild"))
        code = error_set(err, STATUS_TEMPORARY, "fault point publish.rebuild");
    if (!code)
        code = rebuild_make(s, job, rebuild, err);
    return publish_drift_of_keys(s, code, err);
}

static int transaction(struct state *s, struct job *job, struct publish_result *r,
                       struct rebuild *rebuild, struct untouched *untouched, struct error *err)
{
    struct timespec begun;
    struct str again;
    enum run_state at = s->at;
    str_init(&again, 0);
    clock_gettime(CLOCK_MONOTONIC, &begun);
    int code = prepare(s, job, r, rebuild, untouched, err);
    if (!code)
        code = pg_own_path(s->pg, err);
    if (!code)
        code = sequence_hold(s, job, r->tables, err);
    if (!code)
        code = hooks_run(s, job, 0, err);
    if (!code)
        code = loosen_cycles(s, job, &again, err);
    if (!code)
        code = defer_cycles(s, job, err);
    if (!code)
        code = write_and_rebuild(s, job, r, rebuild, err);
    if (!code && again.len)
        code = pg_exec(s->pg, err, again.data);
    if (!code && fault_point("publish.constraints"))
        code = error_set(err, STATUS_TEMPORARY, "fault point publish.constraints");
    if (!code)
        code = hooks_run(s, job, 1, err);
    if (!code)
        code = validate_invariants(s, job, err);
    if (!code)
        code = untouched_end(s, job, untouched, err);
    if (!code)
        code = finish(s, job, r, &begun, err);
    if (code && code != STATUS_UNKNOWN)
        s->at = at;
    if (code)
        pg_rollback(s->pg);
    if (code && code != STATUS_UNKNOWN)
        tell_taken_back(job, r);
    str_clear(&again);
    r->seconds = seconds_since(&begun);
    return code;
}

int publish_run(struct state *s, struct job *job, struct publish_result *out, struct error *err)
{
    out->tables = arena_alloc(job->mem, (job->n_tables + 1) * sizeof *out->tables);
    struct rebuild rebuild = {0};
    struct untouched untouched = {0};
    for (int64_t n = 0;; n++) {
        int was_off = rebuild.off, was_close = untouched.closely;
        int code = transaction(s, job, out, &rebuild, &untouched, err);
        if (untouched.closely && !was_close) {
            log_write(LOG_WARNING, "publish: %s; trying again, to see which", err->what);
            error_clear(err);
            continue;
        }
        if (code == STATUS_INVALID)
            untouched_keep(s, &untouched);
        if (rebuild.off && !was_off) {
            log_write(LOG_WARNING, "publish: %s; trying again, the indexes and keys are kept",
                      err->what);
            error_clear(err);
            continue;
        }
        if (!code && fault_point("publish.after_commit"))
            return error_set(err, STATUS_TEMPORARY, "fault point publish.after_commit");
        if (code != STATUS_TEMPORARY || !pg_retryable(s->pg) || n >= job->project->retries ||
            host_is_cancelled())
            return code;
        log_write(LOG_WARNING, "publish: %s; trying again", err->what);
        error_clear(err);
        backoff_wait(n);
    }
}

void publish_finish(struct state *s, const struct job *job, const struct publish_result *result)
{
    static const char *const statements[] = {"ANALYZE", "VACUUM (ANALYZE)"};
    for (size_t i = 0; job->project->finish != FINISH_NONE && i < job->n_tables; i++) {
        const struct write_counts *c = &result->tables[i];
        struct error err = {0};
        if ((c->inserted || c->updated || c->deleted) && job->tables[i].t->owned &&
            pg_execf(s->pg, &err, "%s %s", statements[job->project->finish],
                     job->tables[i].t->quoted))
            log_write(LOG_WARNING, "%s", err.what);
    }
}

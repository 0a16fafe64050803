/* batch.c - one batch after the other. A batch is published by the same statements as a whole run
 * is, over views that hold its part of the staging, match and delete tables; they live as long as
 * its transaction. How a run is cut is in batches.c, what live rows have become since check in
 * batch_drift.c. */
#include "batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backoff.h"
#include "batch_drift.h"
#include "crash.h"
#include "empty.h"
#include "fault.h"
#include "lineage.h"
#include "log.h"
#include "outcome.h"
#include "remove.h"
#include "sequence.h"
#include "sql.h"
#include "staging.h"
#include "validate.h"

static int is_last(const struct batch_part *p)
{
    return p->batch.no == p->batch.n;
}

static int fails_at(const struct batch_part *p, const char *point)
{
    return fault_point(point) ? error_set(p->err, STATUS_TEMPORARY, "fault point %s", point) : 0;
}

/* ---- the part -------------------------------------------------------------------------- */

static void name_view(const struct batch_part *p, const char *kind, char out[JOB_NAME_SIZE])
{
    struct str name;
    char raw[64];
    str_init(&name, 0);
    snprintf(raw, sizeof raw, "part_%s_%lld_%zu", kind, (long long)p->s->run, p->t->no);
    sql_table(&name, p->s->schema, raw);
    snprintf(out, JOB_NAME_SIZE, "%s", name.data);
    str_clear(&name);
}

static int make_view(const struct batch_part *p, const char *kind, const char *condition,
                     char name[JOB_NAME_SIZE])
{
    char whole[JOB_NAME_SIZE];
    memcpy(whole, name, sizeof whole);
    name_view(p, kind, name);
    return pg_execf(p->s->pg, p->err, "CREATE VIEW %s AS SELECT * FROM %s WHERE %s", name, whole,
                    condition);
}

static int narrow(struct batch_part *p)
{
    char rows[100], deletions[60];
    struct job_table *t = p->t;
    int writes = p->batch.kind == BATCH_WRITE;
    snprintf(rows, sizeof rows, "_mig_id BETWEEN %lld AND %lld", (long long)p->batch.first_id,
             (long long)p->batch.last_id);
    snprintf(deletions, sizeof deletions, "_mig_batch = %lld", (long long)p->batch.no);
    /* What check knew of the whole table: this process may not have checked. */
    t->has_rest = 0;
    t->any_absent = 1;
    t->seen.xmin[0] = '\0';
    int code = make_view(p, "staging", writes ? rows : "false", t->staging);
    if (!code)
        code = make_view(p, "match", writes ? rows : "false", t->match_table);
    if (!code)
        code = make_view(p, "willbe", writes ? rows : "false", t->will_be);
    return code ? code : make_view(p, "delete", writes ? "false" : deletions, t->delete_table);
}

static int drop_views(const struct batch_part *p)
{
    return pg_execf(p->s->pg, p->err, "DROP VIEW %s, %s, %s, %s", p->t->staging, p->t->match_table,
                    p->t->will_be, p->t->delete_table);
}

/* ---- the transaction ------------------------------------------------------------------- */

/* Nobody else may have ended the run since the last batch. */
static int enter(const struct batch_part *p)
{
    enum run_state to = is_last(p) ? RUN_PUBLISHED : RUN_PARTLY;
    if (p->s->at != to)
        return state_move(p->s, to, p->err);
    struct pg_result *res =
        pg_queryf(p->s->pg, p->err, "SELECT FROM %s.run WHERE id = %lld AND state = '%s'", p->s->q,
                  (long long)p->s->run, state_text(to));
    if (!res)
        return p->err->code;
    int there = pg_rows(res);
    pg_free(res);
    return there ? 0
                 : error_set(p->err, STATUS_BUSY, "run %lld is no longer in state %s",
                             (long long)p->s->run, state_text(to));
}

static int prepare(struct batch_part *p)
{
    struct error *err = p->err;
    const struct job_table *t = &p->whole->tables[p->batch.table];
    int code = state_begin(p->s, err);
    if (!code)
        code = fails_at(p, "publish.begin");
    if (!code)
        code = enter(p);
    if (!code)
        code = publish_lock(p->s, t, 0, err);
    if (!code)
        code = fails_at(p, "publish.locked");
    if (!code)
        p->altered = (code = publish_same_catalog(p->s, p->whole, err)) == STATUS_DRIFT;
    if (!code)
        code = staging_tune(p->s, p->whole, err);
    p->untouched.locked = t;
    if (!code)
        code = untouched_begin(p->s, p->whole, &p->untouched, err);
    /* Few rows against many, by indexes that are all there. */
    if (!code)
        code = pg_exec(p->s->pg, err, "SET LOCAL enable_nestloop = on");
    if (!code)
        code = lineage_read(p->s, &p->job, 0, err);
    return code ? code : narrow(p);
}

static int move_defaults(const struct batch_part *p)
{
    const struct job_table *whole = &p->whole->tables[p->batch.table];
    int code = 0;
    /* Beyond the numbers that rows of later batches bring along. */
    for (size_t i = 0; !code && p->batch.first && i < whole->n_columns; i++)
        if (whole->columns[i]->fallback_moves)
            code = sequence_pass(p->s, whole, whole->columns[i], p->err);
    return code ? code : write_moving_defaults(p->s, p->t, p->err);
}

static int write_part(struct batch_part *p)
{
    struct error *err = p->err;
    int code = p->batch.kind == BATCH_WRITE ? batch_drift_writes(p) : batch_drift_deletes(p);
    if (!code)
        code = write_plan(p->s, p->t, 0, &p->counts[p->batch.table], err);
    if (!code)
        code = pg_own_path(p->s->pg, err);
    if (!code)
        code = sequence_hold(p->s, &p->job, p->counts, err);
    if (!code)
        code = write_before_images(p->s, p->t, IMAGES_MORE, err);
    if (!code)
        code = fails_at(p, "publish.before_images");
    if (!code && p->batch.kind == BATCH_WRITE) {
        code = move_defaults(p);
        if (!code)
            code = write_rows(p->s, p->t, &p->counts[p->batch.table], err);
    } else if (!code) {
        code = remove_table(p->s, p->t, p->counts[p->batch.table].deleted, err);
    }
    if (!code)
        code = fails_at(p, "publish.table");
    if (!code)
        code = sequence_settle(p->s, &p->job, p->counts, err);
    if (!code)
        code = pg_exec(p->s->pg, err, "SET CONSTRAINTS ALL IMMEDIATE");
    return publish_drift_of_keys(p->s, code, err);
}

static int keep_counts(const struct batch_part *p, double seconds)
{
    const struct write_counts *c = &p->counts[p->batch.table];
    int code = pg_execf(
        p->s->pg, p->err,
        "UPDATE %s.run_table SET staged = coalesce(staged, 0) + %lld, inserted = coalesce(inserted,"
        " 0) + %lld, updated = coalesce(updated, 0) + %lld, unchanged = coalesce(unchanged, 0) +"
        " %lld, deleted = coalesce(deleted, 0) + %lld, skipped = coalesce(skipped, 0) + %lld,"
        " rejected = coalesce(rejected, 0) + %lld, was_empty = coalesce(was_empty, %s) WHERE run ="
        " %lld AND no = %zu",
        p->s->q, (long long)c->staged, (long long)c->inserted, (long long)c->updated,
        (long long)c->unchanged, (long long)c->deleted, (long long)c->left_existing,
        (long long)c->rejected, c->was_empty ? "true" : "false", (long long)p->s->run, p->t->no);
    if (!code)
        code = pg_execf(
            p->s->pg, p->err,
            "UPDATE %s.batch SET xid = pg_current_xact_id(), at = clock_timestamp() WHERE run ="
            " %lld AND no = %lld; UPDATE %s.run SET publish_seconds = coalesce(publish_seconds, 0)"
            " + %.3f WHERE id = %lld",
            p->s->q, (long long)p->s->run, (long long)p->batch.no, p->s->q, seconds,
            (long long)p->s->run);
    if (!code)
        code = state_event(p->s, p->err, "batch %lld of %lld published", (long long)p->batch.no,
                           (long long)p->batch.n);
    return code ? code : state_heartbeat(p->s, "publish", p->err);
}

/* What is said of the run as a whole. */
static int finish(struct batch_part *p)
{
    int code = 0;
    for (size_t i = 0; !code && i < p->whole->n_stages; i++)
        code = write_id_map(p->s, p->whole, &p->whole->stages[i], p->err);
    if (!code)
        code = validate_invariants(p->s, p->whole, p->err);
    if (!code)
        code = outcome_drop(p->s, p->whole, p->err);
    return code ? code
                : pg_execf(p->s->pg, p->err,
                           "UPDATE %s.run SET published = clock_timestamp(), publish_xid ="
                           " pg_current_xact_id() WHERE id = %lld",
                           p->s->q, (long long)p->s->run);
}

static double since(const struct timespec *t)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - t->tv_sec) + (double)(now.tv_nsec - t->tv_nsec) / 1e9;
}

static int transaction(struct batch_part *p)
{
    struct timespec begun;
    enum run_state at = p->s->at;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    int code = prepare(p);
    if (!code)
        code = write_part(p);
    if (!code)
        code = drop_views(p);
    if (!code)
        code = untouched_end(p->s, p->whole, &p->untouched, p->err);
    if (!code && is_last(p))
        code = finish(p);
    if (!code)
        code = keep_counts(p, since(&begun));
    if (!code)
        code = fails_at(p, "publish.before_commit");
    if (!code)
        code = pg_commit(p->s->pg, p->whole->project->timeouts.commit, p->err);
    if (code && code != STATUS_UNKNOWN)
        p->s->at = at;
    if (code)
        pg_rollback(p->s->pg);
    return code;
}

/* ---- one after the other --------------------------------------------------------------- */

static int publish_next(struct batch_part *p)
{
    const struct job *job = p->whole;
    memcpy(p->job.tables, job->tables, job->n_tables * sizeof *job->tables);
    memset(p->counts, 0, job->n_tables * sizeof *p->counts);
    p->t = &p->job.tables[p->batch.table];
    int was_close = p->untouched.closely, code = transaction(p);
    if (p->untouched.closely && !was_close) {
        log_write(LOG_WARNING, "publish: %s; trying again, to see which", p->err->what);
        error_clear(p->err);
        return 0; /* this batch is the next one */
    }
    if (code == STATUS_INVALID)
        untouched_keep(p->s, &p->untouched);
    const struct write_counts *c = &p->counts[p->batch.table];
    if (!code)
        log_write(LOG_INFO, "batch %lld of %lld, %s.%s: %lld inserted, %lld updated, %lld deleted",
                  (long long)p->batch.no, (long long)p->batch.n, p->t->t->schema, p->t->t->name,
                  (long long)c->inserted, (long long)c->updated, (long long)c->deleted);
    if (!code && !is_last(p))
        crash_state("batches of the run are published: repeat the same command, or --rollback");
    if (!code)
        code = fails_at(p, "publish.after_commit");
    return code;
}

/* 0: what became of the batch is known and the next one, which may be it, is due. */
static int again(struct batch_part *p, int64_t n, int code)
{
    int in_doubt = code == STATUS_UNKNOWN, lost = in_doubt || pg_lost(p->s->pg);
    if (lost && (in_doubt || code == STATUS_TEMPORARY)) {
        code = state_settle(p->s, is_last(p) ? RUN_PUBLISHED : RUN_PARTLY, in_doubt, p->err);
        if (!code || pg_lost(p->s->pg))
            return code;
    }
    if (code != STATUS_TEMPORARY || !(lost || pg_retryable(p->s->pg)) ||
        n >= p->whole->project->retries || host_is_cancelled())
        return code;
    log_write(LOG_WARNING, "publish: %s; trying again", p->err->what);
    error_clear(p->err);
    backoff_wait(n);
    return 0;
}

static int publish_all(struct batch_part *p)
{
    int64_t tries = 0, last = 0;
    for (;;) {
        if (host_is_cancelled())
            return error_set(p->err, STATUS_TEMPORARY, "stopped between two batches");
        int code = batches_next(p->s, p->whole, &p->batch, p->err);
        if (!code && !p->batch.no)
            return 0;
        tries = code || p->batch.no == last ? tries + 1 : 0;
        last = p->batch.no;
        if (!code)
            code = publish_next(p);
        if (code)
            code = again(p, tries, code);
        if (code)
            return code;
    }
}

/* Of all batches, whoever published them. */
static int read_counts(struct state *s, struct publish_result *out, struct error *err)
{
    if (pg_begin(s->pg, "READ ONLY", err))
        return err->code;
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "SELECT t.no, t.inserted, t.updated, t.deleted, r.publish_seconds FROM %s.run_table t JOIN"
        " %s.run r ON r.id = t.run WHERE t.run = %lld ORDER BY t.no",
        s->q, s->q, (long long)s->run);
    for (int i = 0; res && i < pg_rows(res); i++) {
        struct write_counts *c = &out->tables[pg_get_int(res, i, 0) - 1];
        c->inserted = pg_get_int(res, i, 1);
        c->updated = pg_get_int(res, i, 2);
        c->deleted = pg_get_int(res, i, 3);
        out->seconds = pg_get(res, i, 4) ? strtod(pg_get(res, i, 4), NULL) : 0;
    }
    pg_free(res);
    pg_rollback(s->pg);
    return err->code;
}

/* Nothing is published so far. */
static int begin_first(struct batch_part *p, struct job *job)
{
    int code = pg_begin(p->s->pg, "READ ONLY", p->err);
    if (!code)
        p->altered = (code = empty_still(job, p->s, p->err)) == STATUS_DRIFT;
    pg_rollback(p->s->pg);
    return code ? code : batches_cut(p->s, job, p->err);
}

int batch_publish_run(struct state *s, struct job *job, struct publish_result *out,
                      struct error *err)
{
    struct batch_part p = {.s = s, .whole = job, .job = *job, .err = err};
    out->tables = arena_alloc(job->mem, (job->n_tables + 1) * sizeof *out->tables);
    p.job.tables = arena_alloc(job->mem, (job->n_tables + 1) * sizeof *p.job.tables);
    p.counts = arena_alloc(job->mem, (job->n_tables + 1) * sizeof *p.counts);
    int code = s->at == RUN_PARTLY ? 0 : begin_first(&p, job);
    if (!code)
        code = publish_all(&p);
    out->altered = p.altered;
    return code ? code : read_counts(s, out, err);
}

/* steps.c - the steps of a run up to COMMIT: open, load, check, backup, publish. Each knows what
 * may be retried within it; what an end means is run.c's. Behind COMMIT: steps_verify.c, then
 * steps_undo.c. */
#include "steps.h"

#include "backoff.h"
#include "backup.h"
#include "batch.h"
#include "batches.h"
#include "bundle.h"
#include "check.h"
#include "coverage.h"
#include "crash.h"
#include "export.h"
#include "fault.h"
#include "fingerprint.h"
#include "highwater.h"
#include "judge.h"
#include "ledger.h"
#include "load.h"
#include "log.h"
#include "moved.h"
#include "plural.h"
#include "point.h"
#include "preserve.h"
#include "progress.h"
#include "prove.h"
#include "publish.h"
#include "renew.h"
#include "reread.h"
#include "signals.h"
#include "staging.h"
#include "tell.h"
#include "validate.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DRIFT_TRIES 5 /* check again so often when live rows changed before publish */

/* ---- steps and time -------------------------------------------------------------------- */

double steps_seconds(const struct timespec *t)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - t->tv_sec) + (double)(now.tv_nsec - t->tv_nsec) / 1e9;
}

void steps_end(struct run *r)
{
    if (r->n_steps)
        r->steps[r->n_steps - 1].seconds += steps_seconds(&r->step_begun);
    clock_gettime(CLOCK_MONOTONIC, &r->step_begun);
}

static void add_step(struct run *r, const char *name)
{
    for (size_t i = 0; i < r->n_steps; i++)
        if (str_equal(r->steps[i].name, name)) { /* check again: time goes to the last entry */
            struct report_step again = r->steps[i];
            memmove(&r->steps[i], &r->steps[i + 1], (r->n_steps - i - 1) * sizeof again);
            r->steps[r->n_steps - 1] = again;
            return;
        }
    if (r->n_steps < REPORT_STEPS)
        r->steps[r->n_steps++] = (struct report_step){name, 0};
}

void steps_begin(struct run *r, const char *name)
{
    steps_end(r);
    progress_step(name);
    add_step(r, name);
    tell_steps(r->s, r->steps, r->n_steps);
}

int steps_stopped(struct run *r)
{
    if (!host_is_cancelled())
        return 0;
    error_clear(&r->err);
    return error_set(&r->err, signals_code(), "stopped by a signal");
}

/* ---- open and load --------------------------------------------------------------------- */

static int prepare_staging(struct run *r)
{
    int code = state_begin(r->s, &r->err);
    if (!code && r->s->resumed)
        code = renew_half_run(r->s, r->job, &r->err);
    if (!code && (r->s->at == RUN_CHECKED || r->s->at == RUN_HELD))
        code = state_move(r->s, RUN_LOADING, &r->err);
    if (!code)
        code = staging_create(r->s, r->job, &r->err);
    if (!code)
        code = state_commit(r->s, &r->err);
    else
        pg_rollback(r->s->pg);
    if (!code && fault_point("staging.created"))
        code = error_set(&r->err, STATUS_TEMPORARY, "fault point staging.created");
    return code;
}

/* To the audit trail, and to those who watch. */
static int introduce(struct run *r)
{
    int code = state_begin(r->s, &r->err);
    if (!code)
        code = state_sign(r->s, r->x->options->command, &r->err);
    if (!code)
        code = tell_plan(r->s, r->job, r->bundle.path, &r->err);
    if (!code)
        code = state_commit(r->s, &r->err);
    else
        pg_rollback(r->s->pg);
    if (!code)
        tell_steps(r->s, r->steps, r->n_steps);
    return code;
}

/* A full disk for reports stops no run before its report is due. */
static void keep_analysis(struct run *r)
{
    const char *text = r->options->analysis;
    struct error err = {0};
    if (text && outdir_put(r->bundle.dir, "analysis.json", text, strlen(text), &err))
        log_write(LOG_WARNING, "there is no analysis.json: %s", err.what);
}

int steps_open(struct run *r)
{
    struct state_options options = {.dry_run = r->options->dry_run,
                                    .takeover = r->options->takeover,
                                    .publish = r->options->publish,
                                    .parent = r->options->redrive,
                                    .kind = r->options->dry_run   ? "dry-run"
                                            : r->options->redrive ? "redrive"
                                                                  : "run"};
    int code = state_open_run(r->s, r->job, &options, &r->err);
    if (!code && r->options->publish && r->options->publish != r->s->run)
        code = error_set(&r->err, STATUS_BUSY, "another process went on with run %lld",
                         (long long)r->options->publish);
    if (code)
        return code;
    job_name_tables(r->job, r->s->run);
    r->verdict->run = r->s->run;
    code = bundle_open(&r->bundle, r->x->project, r->s->run, &r->err);
    if (code)
        return code;
    snprintf(r->verdict->bundle, sizeof r->verdict->bundle, "%s", r->bundle.path);
    keep_analysis(r);
    struct highwater_options bounds = {r->options->full, r->options->publish != 0 ||
                                                             r->s->at == RUN_PUBLISHED ||
                                                             r->s->at == RUN_PARTLY};
    code = highwater_find(r->s, r->job, &bounds, &r->err);
    if (code)
        return code;
    char title[160];
    snprintf(title, sizeof title, "run %lld of project %s", (long long)r->s->run,
             r->x->project->name);
    progress_title(title);
    log_write(LOG_INFO, "%s%s", title, r->s->resumed ? ", goes on where it stopped" : "");
    if (fault_point("run.opened"))
        return error_set(&r->err, STATUS_TEMPORARY, "fault point run.opened");
    return introduce(r);
}

int steps_load(struct run *r)
{
    struct load_options options = {.progress = progress_load};
    steps_begin(r, "load");
    int code = export_begin(r->job, r->s, &r->err);
    if (!code)
        code = prepare_staging(r);
    if (!code)
        code = load_run(r->s, r->job, &options, &r->err);
    progress_loaded();
    if (!code)
        code = highwater_note(r->s, r->job, &r->err);
    if (!code && r->job->host->recording.mode == MIG_RECORDING_KEEP) {
        steps_begin(r, "export");
        code = export_finish(r->job, r->s, &r->err);
    }
    return code == STATUS_INTERRUPTED ? steps_stopped(r) : code;
}

/* ---- check ----------------------------------------------------------------------------- */

/* A lock that an application holds, a deadlock with it: gone a moment later. */
static int check_patiently(struct run *r, const struct check_options *options)
{
    for (int64_t n = 0;; n++) {
        int code = check_run(r->s, r->job, options, &r->job->notes, &r->err);
        if (code != STATUS_TEMPORARY || !pg_retryable(r->s->pg) || host_is_cancelled() ||
            n >= r->x->project->retries)
            return code;
        log_write(LOG_WARNING, "check: %s; trying again", r->err.what);
        error_clear(&r->err);
        backoff_wait(n);
    }
}

/* How much there is, before anything live is written; from here on it is no estimate. */
static int tell_totals(struct run *r)
{
    struct report_totals t;
    int code = pg_begin(r->s->pg, "READ ONLY", &r->err);
    if (!code)
        code = report_totals(r->s, &t, &r->err);
    pg_rollback(r->s->pg);
    if (!code)
        progress_rejected((uint64_t)t.rejected);
    if (!code)
        log_write(LOG_INFO, "%lld %s read, exactly: %lld to migrate, %lld skipped, %lld rejected",
                  (long long)t.read, plural(t.read, "record", "records"), (long long)t.migrated,
                  (long long)t.skipped, (long long)t.rejected);
    return code;
}

static int check_once(struct run *r, const struct check_options *options)
{
    int code = check_patiently(r, options);
    if (!code)
        code = reread_rejects(r->s, r->job, &r->err);
    if (!code && log_level_get() == LOG_DEBUG)
        code = ledger_log(r->s, r->job, &r->err);
    if (!code)
        code = ledger_check(r->s, r->job, &r->err);
    if (!code)
        code = coverage_check(r->s, r->job, &r->err);
    if (!code)
        code = preserve_overlap(r->s, r->job, &r->err);
    if (!code)
        code = judge_verdict(r->s, r->job, &r->err);
    return code ? code : tell_totals(r);
}

static int has_moved(struct run *r)
{
    struct error err = {0};
    int code = state_begin(r->s, &err);
    for (size_t i = 0; !code && i < r->job->n_tables; i++)
        code = publish_no_drift(r->s, &r->job->tables[i], &err);
    pg_rollback(r->s->pg);
    return code == STATUS_DRIFT;
}

/* A validator that finds a fault may have seen, beside a row as it will be, the live row that the
 * application has written since check: then all is looked at once more. */
int steps_check(struct run *r)
{
    struct check_options options = {.may_delete = !r->options->limited && !r->s->parent,
                                    .delete_confirmed = r->options->yes};
    int code = 0;
    steps_begin(r, "check");
    signals_cancel_statements(1);
    for (int n = 0;; n++) {
        code = check_once(r, &options);
        if (code)
            break;
        code = validate_step(r->s, r->x->reader, r->job, VALIDATE_AS_IF, &r->err);
        if (code != STATUS_INVALID || n >= DRIFT_TRIES || !has_moved(r))
            break;
        log_write(LOG_WARNING, "%s, and live rows changed since check; checking again",
                  r->err.what);
        r->job->drifted = 1;
        error_clear(&r->err);
    }
    signals_cancel_statements(0);
    return steps_stopped(r) ? r->err.code : code;
}

/* ---- backup and publish ---------------------------------------------------------------- */

static int any_write(struct run *r, int *any)
{
    struct error *err = &r->err;
    *any = r->x->project->n_hooks > 0;
    int code = state_begin(r->s, err);
    for (size_t i = 0; !code && !*any && i < r->job->n_tables; i++) {
        struct write_counts c;
        const struct job_table *t = &r->job->tables[i];
        if (!t->matched && t->staged > t->fallen) { /* some have no live row, and were accepted */
            *any = 1;
            continue;
        }
        code = write_plan(r->s, t, 0, &c, err);
        *any = !code && (c.inserted || c.updated || c.deleted);
    }
    pg_rollback(r->s->pg);
    return code;
}

/* Known to the run from here on, whoever ends it. */
static int note_backup(struct run *r)
{
    int code = state_begin(r->s, &r->err);
    if (!code)
        code = pg_execf(r->s->pg, &r->err, "UPDATE %s.run SET backup = '%s' WHERE id = %lld",
                        r->s->q, r->backup, (long long)r->s->run);
    if (!code)
        code = state_commit(r->s, &r->err);
    else
        pg_rollback(r->s->pg);
    return code;
}

static int prove_it(struct run *r)
{
    struct prove_result out;
    const struct prove_request request = {.project = r->x->project,
                                          .id = r->backup,
                                          .url = r->x->url,
                                          .embedded = r->x->embedded,
                                          .server_version = pg_server_version(r->s->pg)};
    int code = prove_backup(&request, &out, &r->err);
    if (!code)
        log_write(LOG_INFO, "backup %s is proven: %zu %s with %lld %s restored %s, %.2f s",
                  r->backup, out.tables, plural(out.tables, "table", "tables"), (long long)out.rows,
                  plural(out.rows, "row", "rows"), out.where, out.seconds);
    return code;
}

static int make_backup(struct run *r)
{
    char run[32];
    const struct project *p = r->x->project;
    struct backup_request request;
    if (point_request(r->job, r->x->url, r->s->pg, &request, &r->err))
        return r->err.code;
    snprintf(run, sizeof run, "%lld", (long long)r->s->run);
    request.run = run;
    request.pg = r->x->reader;
    steps_begin(r, "backup");
    if (fault_point("backup.before"))
        return error_set(&r->err, STATUS_TEMPORARY, "fault point backup.before");
    signals_cancel_statements(1);
    int code = backup_make(&request, r->backup, &r->err);
    signals_cancel_statements(0);
    if (!code) {
        log_write(LOG_INFO, "backup %s", r->backup);
        code = backup_verify(p->backup_dir, r->backup, &r->err);
    }
    if (!code && p->backup_prove)
        code = prove_it(r);
    if (!code && (p->backup_keep_days || p->backup_keep_count))
        code =
            backup_prune(p->backup_dir, p->backup_keep_days, p->backup_keep_count, NULL, &r->err);
    if (!code)
        code = note_backup(r);
    if (!code && fault_point("backup.done"))
        code = error_set(&r->err, STATUS_TEMPORARY, "fault point backup.done");
    return code;
}

int steps_fingerprint(struct run *r, const struct job *job, const char *phase)
{
    int code = state_begin(r->s, &r->err);
    if (!code)
        code = fingerprint_take(r->s, job, phase, &r->err);
    if (!code && r->is_published)
        code = fingerprint_take_images(r->s, job, "images", &r->err);
    else if (!code)
        code = write_images_ahead(r->s, r->job, &r->err);
    if (!code)
        code = preserve_fingerprint(r->s, r->job, r->is_published, &r->err);
    if (!code)
        code = state_commit(r->s, &r->err);
    else
        pg_rollback(r->s->pg);
    return code;
}

static int has_backup(const struct project *p)
{
    return p->backup_scope != BACKUP_NONE || p->n_backup_rows || p->n_backup_sources;
}

/* A run that will write nothing has nothing to take back. */
int steps_secure(struct run *r)
{
    int any = 0;
    int code = any_write(r, &any);
    if (!code && any && !r->backup[0] && has_backup(r->x->project))
        code = make_backup(r);
    if (!code)
        code = steps_stopped(r);
    return code || !any ? code : steps_fingerprint(r, r->job, "before");
}

int steps_move(struct run *r, enum run_state to)
{
    int code = state_begin(r->s, &r->err);
    if (!code)
        code = state_move(r->s, to, &r->err);
    if (!code)
        code = state_commit(r->s, &r->err);
    else
        pg_rollback(r->s->pg);
    return code;
}

static int publish_batches(struct run *r)
{
    signals_cancel_statements(1);
    int code = batch_publish_run(r->s, r->job, &r->published, &r->err);
    signals_cancel_statements(0);
    return code;
}

static int publish_once(struct run *r)
{
    if (r->x->project->publish == PUBLISH_BATCHED || r->s->at == RUN_PARTLY)
        return publish_batches(r);
    enum run_state before = r->s->at;
    for (int64_t n = 0;; n++) {
        signals_cancel_statements(1);
        expect_begin(&r->expect, r->s, r->job, r->x->reader);
        int code = publish_run(r->s, r->job, &r->published, &r->err);
        if (code)
            expect_drop(&r->expect);
        signals_cancel_statements(0);
        int in_doubt = code == STATUS_UNKNOWN;
        if (!in_doubt && (code != STATUS_TEMPORARY || !pg_lost(r->s->pg)))
            return code;
        code = state_settle(r->s, RUN_PUBLISHED, in_doubt, &r->err);
        /* Who could not be asked for so long is not waited for again. */
        if (code != STATUS_TEMPORARY || r->s->at != before || pg_lost(r->s->pg) ||
            host_is_cancelled() || n >= r->x->project->retries)
            return code;
        log_write(LOG_WARNING, "%s; publishing again", r->err.what);
        error_clear(&r->err);
    }
}

int steps_go_on(struct run *r)
{
    if (r->options->hold) {
        error_set(&r->err, STATUS_BUSY, "run %lld is partly published and cannot be held",
                  (long long)r->s->run);
        error_fix(&r->err, "finish it without --hold, or take it back by --rollback");
        return STATUS_BUSY;
    }
    int code = batches_same_plan(r->s, r->job, &r->err);
    return code ? code : steps_publish(r);
}

int steps_publish(struct run *r)
{
    int code = 0;
    for (int n = 0;; n++) {
        steps_begin(r, "publish");
        code = publish_once(r);
        if (code != STATUS_DRIFT || r->published.altered || n >= DRIFT_TRIES ||
            r->s->at == RUN_PARTLY)
            break;
        log_write(LOG_WARNING, "%s; checking again", r->err.what);
        r->job->drifted = 1;
        error_clear(&r->err);
        if (pg_begin(r->s->pg, "READ ONLY", &r->err))
            return r->err.code;
        pg_rollback(r->s->pg);
        code = steps_check(r);
        if (!code)
            code = steps_secure(r);
        if (code)
            break;
    }
    if (code)
        return code != STATUS_UNKNOWN && steps_stopped(r) ? r->err.code : code;
    r->is_published = 1;
    crash_state("the run is published");
    publish_finish(r->s, r->job, &r->published);
    return 0;
}

/* What no process of this run could read since, its source does not tell. No fault of the run, and
 * none may become one. */
void steps_moved(struct run *r)
{
    struct error err = {0};
    if (!moved_find(r->s, r->job, &err))
        return;
    log_write(LOG_WARNING, "whether the sources were written meanwhile is not known: %s", err.what);
    str_printf(&r->job->notes, "whether the sources were written meanwhile is not known: %s\n",
               err.what);
}

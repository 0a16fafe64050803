/* run.c - one run: the order of the steps, and what each end means. Until publish commits,
 * whatever happens leaves the live tables untouched; behind it, what is left to do (verify,
 * report) can be done by repeating the same command. */
#include "run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backup.h"
#include "bundle.h"
#include "check.h"
#include "crash.h"
#include "fault.h"
#include "fingerprint.h"
#include "ledger.h"
#include "load.h"
#include "log.h"
#include "output.h"
#include "progress.h"
#include "publish.h"
#include "reread.h"
#include "rollback.h"
#include "signals.h"
#include "staging.h"
#include "validate.h"
#include "verify.h"

#define DRIFT_TRIES 5 /* check again so often when live rows changed before publish */

struct run {
    struct session *x;
    const struct run_options *options;
    struct run_verdict *verdict;
    struct state *s;
    struct job *job;
    struct error err;
    struct bundle bundle;
    struct publish_result published;
    struct verify_result verify;
    int is_published, is_verified;
    char backup[64];
    char *report; /* owned; report.json, kept in the run row at the end */
    struct report_step steps[REPORT_STEPS];
    size_t n_steps;
    struct timespec begun, step_begun;
};

/* ---- steps and time -------------------------------------------------------------------- */

static double seconds_since(const struct timespec *t)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - t->tv_sec) + (double)(now.tv_nsec - t->tv_nsec) / 1e9;
}

static void step_end(struct run *r)
{
    if (r->n_steps)
        r->steps[r->n_steps - 1].seconds += seconds_since(&r->step_begun);
}

static void step(struct run *r, const char *name)
{
    step_end(r);
    clock_gettime(CLOCK_MONOTONIC, &r->step_begun);
    progress_step(name);
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

static int stopped(struct run *r)
{
    if (!host_is_cancelled())
        return 0;
    error_clear(&r->err);
    return error_set(&r->err, signals_code(), "stopped by a signal");
}

/* ---- open and load --------------------------------------------------------------------- */

/* The half run's staging tables have the shape of an older plan: they are made anew. */
static int same_plan(struct run *r, int *same)
{
    struct pg_result *res =
        pg_queryf(r->s->pg, &r->err,
                  "SELECT plan_hash = '%s' AND catalog_hash = '%s' FROM %s.run WHERE id = %lld",
                  r->job->hash, r->job->catalog.hash, r->s->q, (long long)r->s->run);
    if (!res)
        return r->err.code;
    *same = pg_get(res, 0, 0)[0] == 't';
    pg_free(res);
    return 0;
}

static int renew(struct run *r)
{
    static const char *const tables[] = {"run_table", "run_stage", "chunk", "reject", "repair"};
    log_write(LOG_INFO, "the plan changed since the run began: everything is loaded anew");
    int code = staging_drop_run(r->s, r->s->run, &r->err);
    for (size_t i = 0; !code && i < sizeof tables / sizeof *tables; i++)
        code = pg_execf(r->s->pg, &r->err, "DELETE FROM %s.%s WHERE run = %lld", r->s->q, tables[i],
                        (long long)r->s->run);
    return code ? code
                : pg_execf(r->s->pg, &r->err,
                           "UPDATE %s.run SET plan_hash = '%s', catalog_hash = '%s', state ="
                           " 'loading' WHERE id = %lld",
                           r->s->q, r->job->hash, r->job->catalog.hash, (long long)r->s->run);
}

static int prepare_staging(struct run *r)
{
    int same = 1;
    int code = state_begin(r->s, &r->err);
    if (!code && r->s->resumed)
        code = same_plan(r, &same);
    if (!code && !same) {
        code = renew(r);
        r->s->at = RUN_LOADING;
    }
    if (!code && r->s->at == RUN_CHECKED)
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

static int open_run(struct run *r)
{
    struct state_options options = {.dry_run = r->options->dry_run,
                                    .takeover = r->options->takeover,
                                    .kind = r->options->dry_run ? "dry-run" : "run"};
    int code = state_open_run(r->s, r->job, &options, &r->err);
    if (code)
        return code;
    job_name_tables(r->job, r->s->run);
    r->verdict->run = r->s->run;
    code = bundle_open(&r->bundle, r->x->project, r->s->run, &r->err);
    if (code)
        return code;
    snprintf(r->verdict->bundle, sizeof r->verdict->bundle, "%s", r->bundle.path);
    log_write(LOG_INFO, "run %lld of project %s%s", (long long)r->s->run, r->x->project->name,
              r->s->resumed ? ", goes on where it stopped" : "");
    if (fault_point("run.opened"))
        return error_set(&r->err, STATUS_TEMPORARY, "fault point run.opened");
    return state_sign(r->s, r->x->options->command, &r->err);
}

static int load(struct run *r)
{
    struct load_options options = {.progress = progress_load};
    step(r, "load");
    int code = prepare_staging(r);
    if (!code)
        code = load_run(r->s, r->job, &options, &r->err);
    progress_end();
    return code == STATUS_INTERRUPTED ? stopped(r) : code;
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
        sleep(1);
    }
}

static int check(struct run *r)
{
    struct check_options options = {.may_delete = !r->options->limited,
                                    .delete_confirmed = r->options->yes};
    step(r, "check");
    signals_cancel_statements(1);
    int code = check_patiently(r, &options);
    if (!code)
        code = reread_rejects(r->s, r->job, &r->err);
    if (!code && log_level_get() == LOG_DEBUG)
        code = ledger_log(r->s, &r->err);
    if (!code)
        code = ledger_check(r->s, r->job, &r->err);
    if (!code)
        code = validate_step(r->s, r->x->reader, r->job, VALIDATE_AS_IF, &r->err);
    signals_cancel_statements(0);
    return stopped(r) ? r->err.code : code;
}

/* ---- backup and publish ---------------------------------------------------------------- */

static int anything_to_write(struct run *r, int *any)
{
    struct error *err = &r->err;
    *any = r->x->project->n_hooks > 0;
    int code = state_begin(r->s, err);
    for (size_t i = 0; !code && i < r->job->n_tables; i++) {
        struct write_counts c;
        code = write_plan(r->s, &r->job->tables[i], &c, err);
        *any |= !code && (c.inserted || c.updated || c.deleted);
    }
    pg_rollback(r->s->pg);
    return code;
}

static int backup(struct run *r)
{
    char run[32];
    const struct project *p = r->x->project;
    const char **names = arena_alloc(r->job->mem, (2 * r->job->n_tables + 1) * sizeof *names);
    for (size_t i = 0; i < r->job->n_tables; i++) {
        names[2 * i] = r->job->tables[i].t->schema;
        names[2 * i + 1] = r->job->tables[i].t->name;
    }
    snprintf(run, sizeof run, "%lld", (long long)r->s->run);
    struct backup_request request = {.dir = p->backup_dir,
                                     .url = r->x->url,
                                     .project = p->name,
                                     .run = run,
                                     .scope = p->backup_scope,
                                     .tables = names,
                                     .n_tables = r->job->n_tables,
                                     .server_version = pg_server_version(r->s->pg),
                                     .state_schema = p->target.state_schema};
    step(r, "backup");
    if (fault_point("backup.before"))
        return error_set(&r->err, STATUS_TEMPORARY, "fault point backup.before");
    int code = backup_make(&request, r->backup, &r->err);
    if (!code) {
        log_write(LOG_INFO, "backup %s", r->backup);
        code = backup_verify(p->backup_dir, r->backup, &r->err);
    }
    if (!code && (p->backup_keep_days || p->backup_keep_count))
        code =
            backup_prune(p->backup_dir, p->backup_keep_days, p->backup_keep_count, NULL, &r->err);
    if (!code && fault_point("backup.done"))
        code = error_set(&r->err, STATUS_TEMPORARY, "fault point backup.done");
    return code;
}

static int fingerprint(struct run *r, const char *phase)
{
    int code = state_begin(r->s, &r->err);
    if (!code)
        code = fingerprint_take(r->s, r->job, phase, &r->err);
    if (!code)
        code = state_commit(r->s, &r->err);
    else
        pg_rollback(r->s->pg);
    return code;
}

static int move(struct run *r, enum run_state to)
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

static int publish_once(struct run *r)
{
    enum run_state before = r->s->at;
    for (int64_t n = 0;; n++) {
        int code = publish_run(r->s, r->job, &r->published, &r->err);
        if (code != STATUS_UNKNOWN)
            return code;
        code = state_settle(r->s, RUN_PUBLISHED, &r->err);
        if (code != STATUS_TEMPORARY || r->s->at != before || host_is_cancelled() ||
            n >= r->x->project->retries)
            return code;
        log_write(LOG_WARNING, "%s; publishing again", r->err.what);
        error_clear(&r->err);
    }
}

static int publish(struct run *r)
{
    int code = 0;
    for (int n = 0;; n++) {
        step(r, "publish");
        signals_cancel_statements(1);
        code = publish_once(r);
        signals_cancel_statements(0);
        if (code != STATUS_DRIFT || n >= DRIFT_TRIES)
            break;
        log_write(LOG_WARNING, "%s; checking again", r->err.what);
        error_clear(&r->err);
        if (pg_begin(r->s->pg, "READ ONLY", &r->err))
            return r->err.code;
        pg_rollback(r->s->pg);
        code = check(r);
        if (code)
            break;
    }
    if (code)
        return code != STATUS_UNKNOWN && stopped(r) ? r->err.code : code;
    r->is_published = 1;
    crash_state("the run is published");
    publish_analyze(r->s, r->job, &r->published);
    return 0;
}

/* ---- behind publish -------------------------------------------------------------------- */

static int verify(struct run *r)
{
    step(r, "verify");
    int code = state_begin(r->s, &r->err);
    if (!code)
        code = verify_run(r->s, r->job, &r->verify, &r->err);
    r->is_verified = !code;
    pg_rollback(r->s->pg);
    if (!code)
        code = fingerprint(r, "after");
    if (!code && r->verify.differences) {
        code = error_set(&r->err, STATUS_INVALID,
                         "%lld of %lld rows are not in the live tables as they were staged",
                         (long long)r->verify.differences, (long long)r->verify.rows);
        error_fix(&r->err, "%.900s", r->verify.details.data);
    }
    if (!code)
        code = validate_step(r->s, r->x->reader, r->job, VALIDATE_LIVE, &r->err);
    if (!code && fault_point("verify.done"))
        code = error_set(&r->err, STATUS_TEMPORARY, "fault point verify.done");
    return code;
}

/* Published, and then found wrong: taken back at once, with proof. */
static void undo(struct run *r)
{
    struct rollback_result result;
    struct error err = {0};
    step(r, "rollback");
    log_write(LOG_ERROR, "%s; the run is rolled back", r->err.what);
    if (rollback_run(r->s, r->x->project, &result, &err)) {
        log_error(&err, "the run stays published; roll it back by hand");
        return;
    }
    r->is_published = 0;
    crash_state("the run was published and rolled back: live tables are as before");
    r->s->at = RUN_ROLLED_BACK;
    log_write(LOG_INFO, "rolled back: fingerprint %s",
              result.proven ? "as before the run" : "proven by rows only");
}

/* ---- the end --------------------------------------------------------------------------- */

static const char *state_line(const struct run *r, int code)
{
    if (r->is_published)
        return "the run is published";
    if (r->s->at == RUN_ROLLED_BACK)
        return "the run was published and rolled back: live tables are as before";
    return code == STATUS_UNKNOWN ? "unknown: see above" : "no live table was changed";
}

static void make_text(struct run *r, int code)
{
    const struct report_totals *t = &r->verdict->totals;
    char *out = r->verdict->text;
    size_t size = sizeof r->verdict->text;
    int64_t changed = t->inserted + t->updated + t->deleted;
    if (code != STATUS_OK && code != STATUS_PARTIAL) {
        snprintf(out, size, "%s (exit %d): %s", status_text(code), code, state_line(r, code));
        return;
    }
    snprintf(
        out, size,
        "%s: %lld records read, %lld migrated, %lld skipped, %lld rejected; %lld changed (%lld "
        "inserted, %lld updated, %lld deleted), %lld unchanged",
        r->options->dry_run ? "dry run done, nothing was written"
        : r->options->hold  ? "held before publish"
                            : status_text(code),
        (long long)t->read, (long long)t->migrated, (long long)t->skipped, (long long)t->rejected,
        (long long)changed, (long long)t->inserted, (long long)t->updated, (long long)t->deleted,
        (long long)t->unchanged);
}

static char *build(struct run *r, int code, struct error *err)
{
    struct report_input in = {.action = r->options->dry_run ? "dry-run" : "run",
                              .exit_code = code,
                              .message = r->verdict->text,
                              .started = r->s->started,
                              .seconds = seconds_since(&r->begun),
                              .publish_seconds = r->is_published ? r->published.seconds : 0,
                              .published = r->is_published,
                              .n_steps = r->n_steps,
                              .verify = r->is_verified ? &r->verify : NULL,
                              .backup = r->backup,
                              .notes = &r->job->notes,
                              .err = code == STATUS_OK || code == STATUS_PARTIAL ? NULL : &r->err};
    memcpy(in.steps, r->steps, sizeof in.steps);
    char *text = NULL;
    if (pg_begin(r->s->pg, "READ ONLY", err) == 0)
        text = report_build(r->s, r->job, &in, &r->verdict->totals, err);
    pg_rollback(r->s->pg);
    return text;
}

/* The bundle could not be written. What was published stays, and the target keeps the report. */
static int unreported(struct run *r, int code, struct error *err)
{
    if (code == STATUS_OK || code == STATUS_PARTIAL) {
        err->fix[0] = '\0'; /* repeating the command, which a full disk suggests, is not due */
        error_fix(err,
                  "free space, or choose another --report-dir; the report is kept in the target: "
                  "mighost --report %lld",
                  (long long)r->s->run);
    }
    log_error(err, state_line(r, code));
    if (code != STATUS_OK && code != STATUS_PARTIAL)
        return code;
    r->err = *err;
    code = err->code == STATUS_TEMPORARY ? STATUS_TEMPORARY : STATUS_BACKUP;
    make_text(r, code);
    struct error again = {0};
    free(r->report);
    r->report = build(r, code, &again);
    return code;
}

/* Twice: the verdict's text needs the totals, and the report needs the verdict. */
static int report(struct run *r, int code)
{
    struct error err = {0};
    step(r, "report");
    if (fault_point("report.begin"))
        return error_set(&r->err, STATUS_TEMPORARY, "fault point report.begin");
    char *text = build(r, code, &err);
    make_text(r, code);
    free(text);
    step_end(r);
    clock_gettime(CLOCK_MONOTONIC, &r->step_begun);
    r->report = err.code ? NULL : build(r, code, &err);
    if (r->report && r->x->reader)
        bundle_write(&r->bundle, r->s, r->job, r->x->reader, r->report, &err);
    if (err.code)
        code = unreported(r, code, &err);
    if (r->report && r->options->json)
        output_line(r->report);
    return code;
}

static int close_run(struct run *r, int code)
{
    enum run_state to = r->is_published               ? RUN_DONE
                        : r->options->dry_run         ? RUN_DRY
                        : r->s->at == RUN_ROLLED_BACK ? RUN_ROLLED_BACK
                                                      : RUN_FAILED;
    struct error err = {0};
    int failed = state_begin(r->s, &err);
    if (!failed && !r->is_published && to != RUN_ROLLED_BACK)
        failed = staging_drop(r->s, r->job, 1, &err);
    if (!failed && to != r->s->at)
        failed = state_move(r->s, to, &err);
    if (!failed)
        failed = pg_execf(r->s->pg, &err,
                          "UPDATE %s.run SET finished = clock_timestamp(), exit_code = %d, backup ="
                          " nullif('%s', '') WHERE id = %lld",
                          r->s->q, code, r->backup, (long long)r->s->run);
    if (!failed && r->report)
        failed = report_keep(r->s, r->report, &err);
    if (!failed && fault_point("run.before_close"))
        failed = error_set(&err, STATUS_TEMPORARY, "fault point run.before_close");
    if (!failed)
        failed = state_commit(r->s, &err);
    if (failed) {
        pg_rollback(r->s->pg);
        log_error(&err, state_line(r, code));
    }
    return failed && (code == STATUS_OK || code == STATUS_PARTIAL) ? failed : code;
}

/* Ends that leave a run to go on with: the same command takes it up again. */
static int can_resume(int code)
{
    return code == STATUS_TEMPORARY || code == STATUS_UNKNOWN || code == STATUS_INTERRUPTED ||
           code == STATUS_TERMINATED || code == STATUS_BUSY || code == STATUS_BACKUP ||
           code == STATUS_SOURCE || code == STATUS_DRIFT;
}

static int to_publish(struct run *r)
{
    int any = 0;
    int code = load(r);
    if (!code)
        code = check(r);
    if (code || r->options->dry_run)
        return code;
    if (r->options->hold)
        return move(r, RUN_HELD);
    code = move(r, RUN_CHECKED);
    if (!code)
        code = anything_to_write(r, &any);
    if (!code && any && r->x->project->backup_scope != BACKUP_NONE)
        code = backup(r);
    if (!code)
        code = stopped(r);
    if (!code)
        code = fingerprint(r, "before");
    return code ? code : publish(r);
}

static int all_steps(struct run *r)
{
    int code = 0;
    if (r->s->at == RUN_PUBLISHED)
        r->is_published = 1; /* an earlier process published; what is behind is left to do */
    crash_state(r->is_published ? "the run is published" : "no live table was changed");
    if (!r->is_published)
        code = to_publish(r);
    if (!code && r->is_published) {
        code = verify(r);
        if (code == STATUS_INVALID)
            undo(r);
    }
    return code;
}

static int rejects_code(struct run *r)
{
    struct report_totals t;
    int code = pg_begin(r->s->pg, "READ ONLY", &r->err);
    if (!code)
        code = report_totals(r->s, &t, &r->err);
    pg_rollback(r->s->pg);
    if (code)
        return code;
    return t.rejected ? STATUS_PARTIAL : STATUS_OK;
}

static int finish(struct run *r, int code)
{
    if (code)
        log_error(&r->err, state_line(r, code));
    if (can_resume(code)) {
        make_text(r, code);
        return code;
    }
    if (!code)
        code = rejects_code(r);
    if (r->bundle.dir)
        code = report(r, code);
    if (r->err.code == STATUS_TEMPORARY && code == STATUS_TEMPORARY)
        return code;
    if (r->options->hold && (code == STATUS_OK || code == STATUS_PARTIAL))
        return code;
    return r->s->run ? close_run(r, code) : code;
}

int run_execute(struct session *session, const struct run_options *options,
                struct run_verdict *verdict)
{
    struct run r = {.x = session,
                    .options = options,
                    .verdict = verdict,
                    .s = &session->state,
                    .job = &session->job};
    memset(verdict, 0, sizeof *verdict);
    clock_gettime(CLOCK_MONOTONIC, &r.begun);
    step(&r, "plan");
    int code = open_run(&r);
    if (!code)
        code = all_steps(&r);
    step_end(&r);
    code = finish(&r, code);
    bundle_close(&r.bundle);
    free(r.report);
    if (r.is_verified)
        verify_clear(&r.verify);
    return code;
}

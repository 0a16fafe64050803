/* run.c - one run: the order of the steps, and what each end means. Until publish commits,
 * whatever happens leaves the live tables untouched; behind it, what is left to do (verify,
 * report) can be done by repeating the same command. */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backup.h"
#include "batches.h"
#include "bundle.h"
#include "connections.h"
#include "crash.h"
#include "deviation.h"
#include "endtable.h"
#include "estimate.h"
#include "fault.h"
#include "hooks.h"
#include "log.h"
#include "outcome.h"
#include "output.h"
#include "plural.h"
#include "progress.h"
#include "publish.h"
#include "signals.h"
#include "staging.h"
#include "steps.h"
#include "tell.h"
#include "verify.h"

/* ---- the end --------------------------------------------------------------------------- */

static const char *state_line(const struct run *r, int code)
{
    if (r->is_published && str_equal(r->undo.status, "refused"))
        return "the run is published, was found wrong, and could not be rolled back: see above";
    if (r->is_published)
        return "the run is published";
    if (r->s->at == RUN_PARTLY)
        return r->partly;
    if (r->s->at == RUN_ROLLED_BACK)
        return r->undo.status && !r->undo.proven
                   ? "the run was published and rolled back: its rows are as before, others "
                     "changed "
                     "the tables meanwhile"
                   : "the run was published and rolled back: live tables are as before";
    return code == STATUS_UNKNOWN ? "unknown: see above"
           : code == STATUS_BUSY  ? "no live table was changed by this process"
                                  : "no live table was changed";
}

static void make_text(struct run *r, int code)
{
    const struct report_totals *t = &r->verdict->totals;
    char *out = r->verdict->text;
    size_t size = sizeof r->verdict->text;
    int64_t changed = t->inserted + t->updated + t->deleted;
    char vanished[64] = "";
    if (t->vanished)
        snprintf(vanished, sizeof vanished, ", %lld vanished from the source",
                 (long long)t->vanished);
    if (code != STATUS_OK && code != STATUS_PARTIAL) {
        snprintf(out, size, "%s (exit %d): %s", status_text(code), code, state_line(r, code));
        return;
    }
    static const char *const was[] = {"migrated", "changed", "inserted", "updated", "deleted"};
    static const char *const will_be[] = {"to migrate", "to change", "to insert", "to update",
                                          "to delete"};
    const char *const *as = r->options->dry_run || r->options->hold ? will_be : was;
    snprintf(out, size,
             "%s: %lld %s read, %lld %s, %lld skipped, %lld rejected; %lld %s (%lld %s, "
             "%lld %s, %lld %s), %lld unchanged%s",
             r->options->dry_run ? "dry run done, nothing was written"
             : r->options->hold  ? "held before publish"
                                 : status_text(code),
             (long long)t->read, plural(t->read, "record", "records"), (long long)t->migrated,
             as[0], (long long)t->skipped, (long long)t->rejected, (long long)changed, as[1],
             (long long)t->inserted, as[2], (long long)t->updated, as[3], (long long)t->deleted,
             as[4], (long long)t->unchanged, vanished);
}

struct ending {
    struct run *r;
    int code;
};

static const char *action_of(const struct run *r)
{
    return r->options->dry_run ? "dry-run" : r->s->parent ? "redrive" : "run";
}

static void tell(void *arg, struct report_input *in)
{
    const struct ending *e = arg;
    struct run *r = e->r;
    int code = e->code;
    make_text(r, code);
    steps_end(r);
    clock_gettime(CLOCK_MONOTONIC, &r->step_begun);
    *in =
        (struct report_input){.action = action_of(r),
                              .exit_code = code,
                              .message = r->verdict->text,
                              .started = r->s->started,
                              .seconds = steps_seconds(&r->begun),
                              .publish_seconds = r->is_published ? r->published.seconds : 0,
                              .published = r->is_published,
                              .n_steps = r->n_steps,
                              .verify = r->is_verified ? &r->verify : NULL,
                              .logins = &r->logins,
                              .backup = r->backup,
                              .undo = &r->undo,
                              .notes = &r->job->notes,
                              .gate = r->options->gate,
                              .err = code == STATUS_OK || code == STATUS_PARTIAL ? NULL : &r->err};
    memcpy(in->steps, r->steps, sizeof in->steps);
}

static char *build(struct run *r, int code, struct error *err)
{
    struct ending ending = {r, code};
    char *text = NULL;
    if (pg_begin(r->s->pg, "READ ONLY", err) == 0 && staging_tune(r->s, r->job, err) == 0)
        text = report_build(r->s, r->job, tell, &ending, &r->verdict->totals, err);
    pg_rollback(r->s->pg);
    return text;
}

/* The bundle could not be written. What was published stays, and the target keeps the report. */
static int unreported(struct run *r, int code, struct error *err)
{
    if ((code == STATUS_OK || code == STATUS_PARTIAL) && !strstr(err->fix, "--report RUN")) {
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
    struct error again = {0};
    free(r->report);
    r->report = build(r, code, &again);
    return code;
}

static int report(struct run *r, int code)
{
    struct error err = {0};
    steps_begin(r, "report");
    if (fault_point("report.begin"))
        return error_set(&r->err, STATUS_TEMPORARY, "fault point report.begin");
    r->report = build(r, code, &err);
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
    int drop = !r->is_published && to != RUN_ROLLED_BACK;
    if (!failed && drop)
        failed = outcome_drop(r->s, r->job, &err);
    if (!failed && drop)
        failed = staging_drop(r->s, r->job, 1, &err);
    if (!failed && to != r->s->at)
        failed = state_move(r->s, to, &err);
    if (!failed)
        failed = pg_execf(r->s->pg, &err,
                          "UPDATE %s.run SET finished = clock_timestamp(), exit_code = %d, backup ="
                          " coalesce(nullif('%s', ''), backup) WHERE id = %lld",
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

static int as_rehearsed(struct run *r)
{
    double check_seconds = 0;
    if (!r->options->rehearsal)
        return 0;
    steps_end(r);
    for (size_t i = 0; i < r->n_steps; i++)
        if (strcmp(r->steps[i].name, "check") == 0)
            check_seconds = r->steps[i].seconds;
    return deviation_check(r->s, r->job, r->options->rehearsal, check_seconds, &r->err);
}

static int to_publish(struct run *r)
{
    /* What was looked at is published as it is: nothing is read from the sources again. */
    int code = r->options->publish ? 0 : steps_load(r);
    if (!code)
        code = steps_check(r);
    if (!code)
        code = as_rehearsed(r);
    if (code || r->options->dry_run)
        return code;
    if (r->options->hold)
        return steps_move(r, RUN_HELD);
    code = steps_move(r, RUN_CHECKED);
    if (!code)
        code = steps_secure(r);
    return code ? code : steps_publish(r);
}

static int all_steps(struct run *r)
{
    int code = 0;
    if (r->s->at == RUN_PUBLISHED)
        r->is_published = 1; /* an earlier process published; what is behind is left to do */
    crash_state(r->is_published          ? "the run is published"
                : r->s->at == RUN_PARTLY ? "batches of the run are published: repeat the same "
                                           "command, or --rollback"
                                         : "no live table was changed");
    if (!r->is_published)
        code = r->s->at == RUN_PARTLY ? steps_go_on(r) : to_publish(r);
    if (code == STATUS_INVALID && r->s->at == RUN_PARTLY)
        steps_undo(r);
    if (!code && r->is_published) {
        code = steps_verify(r);
        if (code == STATUS_INVALID)
            steps_undo(r);
        if (!code)
            code = hooks_after_commit(r->s, r->x->project, &r->err);
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
    return t.rejected || t.waiting ? STATUS_PARTIAL : STATUS_OK;
}

/* A lost connection may mean that another process took the run over, or that the role is let in no
 * more; and what became of the run meanwhile is known only now. */
static int look_again(struct run *r, int code)
{
    struct error err = {0};
    if (code != STATUS_TEMPORARY || !r->s->run || !pg_lost(r->s->pg))
        return code;
    int again = state_reconnect(r->s, &r->s->at, &err);
    if (!again && r->s->at == RUN_PUBLISHED)
        r->is_published = 1;
    if (again != STATUS_BUSY && again != STATUS_PREFLIGHT)
        return code;
    r->err = err;
    return again;
}

/* A table or column that is gone since the plan was made: the server, or pg_dump, only says what it
 * missed. */
static int altered_or(struct run *r, int code)
{
    struct error err = {0};
    if ((code != STATUS_PREFLIGHT && code != STATUS_BACKUP) || r->is_published)
        return code;
    pg_rollback(r->s->pg);
    int altered = pg_begin(r->s->pg, "READ ONLY", &err);
    if (!altered)
        altered = publish_same_catalog(r->s, r->job, &err);
    pg_rollback(r->s->pg);
    if (altered != STATUS_DRIFT)
        return code;
    r->err = err;
    return altered;
}

/* What fails because it was stopped is not a failure. */
static int stopped_or(struct run *r, int code)
{
    if (!can_resume(code) || code == STATUS_UNKNOWN || code == STATUS_BUSY)
        return code;
    return steps_stopped(r) ? r->err.code : code;
}

static int finish(struct run *r, int code)
{
    code = stopped_or(r, altered_or(r, look_again(r, code)));
    if (r->s->at == RUN_PARTLY)
        batches_tell(r->s, r->partly, sizeof r->partly);
    if (code) {
        log_error(&r->err, state_line(r, code));
        snprintf(r->verdict->cause, sizeof r->verdict->cause, "%s", r->err.what);
    }
    int gone = code && pg_lost(r->s->pg);                     /* then nothing can be kept of it */
    if (can_resume(code) || r->s->at == RUN_PARTLY || gone) { /* what undo needs stays */
        make_text(r, code);
        return code;
    }
    if (!code)
        code = rejects_code(r);
    if (code == STATUS_OK || code == STATUS_PARTIAL)
        steps_moved(r);
    if (r->bundle.dir)
        code = report(r, code);
    if (r->err.code == STATUS_TEMPORARY && code == STATUS_TEMPORARY)
        return code;
    if (r->options->hold && (code == STATUS_OK || code == STATUS_PARTIAL))
        return code;
    return r->s->run ? close_run(r, code) : code;
}

/* ---- for people ------------------------------------------------------------------------ */

/* The steps that are to come, and the stages with what earlier runs read of them. */
static void show(struct run *r)
{
    static const char *const all[] = {"plan",    "load",   "check", "backup",
                                      "publish", "verify", "report"};
    static const char *const without[] = {"plan", "load", "check", "report"};
    int is_short = r->options->dry_run || r->options->hold;
    struct estimate expected;
    struct error err = {0};
    progress_begin(r->x->project->name, is_short ? without : all,
                   is_short ? sizeof without / sizeof *without : sizeof all / sizeof *all);
    if (!progress_is_live() || estimate_make(r->s, r->job, &expected, &err))
        return;
    for (size_t i = 0; i < r->job->n_stages; i++)
        progress_stage(r->job->stages[i].p->name,
                       expected.stages[i].run ? expected.stages[i].records : -1);
}

/* Not where another process has the run, or nobody knows. */
static void tell_stages(struct run *r, int code)
{
    struct str lines;
    struct error err = {0};
    if (!r->s->run || code == STATUS_BUSY || code == STATUS_UNKNOWN || pg_lost(r->s->pg))
        return;
    str_init(&lines, 0);
    if (endtable_make(r->s, progress_columns(), &lines, &err) == 0)
        progress_lines(lines.data);
    str_clear(&lines);
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
    r.step_begun = r.begun;
    show(&r);
    steps_begin(&r, "plan");
    signals_cancel_statements(0); /* a chunk is finished */
    int code = steps_open(&r);
    if (!code && connections_spare(r.job))
        tell_calls(r.s);
    if (!code)
        code = all_steps(&r);
    expect_drop(&r.expect);
    steps_end(&r);
    code = finish(&r, code);
    tell_calls_end();
    bundle_close(&r.bundle);
    progress_end();
    tell_stages(&r, code);
    free(r.report);
    verify_clear(&r.verify);
    return code;
}

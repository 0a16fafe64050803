/* steps_undo.c - the step behind a verify that found the run wrong: taken back or kept, and what of
 * that is reported. */
#include <stdio.h>

#include "crash.h"
#include "log.h"
#include "rollback.h"
#include "steps.h"

/* In the audit trail too, which outlives logs: why a run was taken back, or stays. */
static void note_fault(struct run *r)
{
    struct error err = {0};
    int code = state_begin(r->s, &err);
    if (!code)
        code = state_event(r->s, &err, "found wrong behind publish: %s", r->undo.cause);
    if (!code)
        code = state_commit(r->s, &err);
    if (code) {
        pg_rollback(r->s->pg);
        log_write(LOG_WARNING, "the audit trail lacks why the run is found wrong: %s", err.what);
    }
}

static void undone(struct run *r, const struct rollback_result *result)
{
    r->undo.status = "done";
    r->undo.proven = result->proven || result->nothing;
    r->undo.seconds = result->seconds;
    snprintf(r->undo.before, sizeof r->undo.before, "%s", result->before);
    snprintf(r->undo.undone, sizeof r->undo.undone, "%s", result->undone);
    r->is_published = 0;
    crash_state("the run was published and rolled back: live tables are as before");
    r->s->at = RUN_ROLLED_BACK;
    log_write(LOG_INFO, "rolled back in %.2f s: fingerprint %s", result->seconds,
              r->undo.proven ? "as before the run" : "proven by rows only");
}

/* Published, and then found wrong: taken back at once, with proof, unless the project keeps it. A
 * run in batches that did not come to its end is no choice: it is taken back. */
void steps_undo(struct run *r)
{
    struct rollback_result result;
    struct error err = {0};
    steps_begin(r, "rollback");
    snprintf(r->undo.cause, sizeof r->undo.cause, "%s", r->err.what);
    note_fault(r);
    if (r->is_published && r->x->project->on_failed_validation == FAILED_KEEP) {
        r->undo.status = "kept";
        log_write(LOG_ERROR, "%s; the run stays published, as on_failed_validation has it",
                  r->err.what);
        return;
    }
    log_write(LOG_ERROR, "%s; the run is rolled back", r->err.what);
    if (rollback_run(r->s, r->x->project, ROLLBACK_REFUSE, &result, &err) == 0) {
        undone(r, &result);
        return;
    }
    r->undo.status = "refused";
    snprintf(r->undo.reason, sizeof r->undo.reason, "%s", err.what);
    log_error(&err, "the run stays published; roll it back by hand");
}

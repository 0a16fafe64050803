/* steps_verify.c - the step behind publish: is what was staged in the live tables, and does it do
 * what the project's validators, scenarios and login proofs ask of it. */
#include "arena.h"
#include "expect.h"
#include "fault.h"
#include "log.h"
#include "logins.h"
#include "plural.h"
#include "publish.h"
#include "ran.h"
#include "scenario.h"
#include "signals.h"
#include "steps.h"
#include "validate.h"
#include "verify.h"

#include <string.h>

/* By the fingerprint that was just taken, where it was worked out from staging, else row by row. */
static int compare_rows(struct run *r, const struct job *job)
{
    int64_t *met = arena_alloc(job->mem, (job->n_tables + 1) * sizeof *met);
    int code = state_begin(r->s, &r->err);
    if (!code)
        code = expect_met(&r->expect, r->s, job, "after", met, &r->err);
    if (!code)
        code = verify_run(r->s, job, met, &r->verify, &r->err);
    r->is_verified = !code;
    pg_rollback(r->s->pg);
    return code;
}

static int compare_none(struct run *r, const struct job *job)
{
    int code = state_begin(r->s, &r->err);
    if (!code)
        code = verify_unchanged(r->s, job, r->published.tables, &r->verify, &r->err);
    r->is_verified = !code;
    pg_rollback(r->s->pg);
    return code;
}

/* What an earlier process published is compared by what that run left: the plan may be another
 * by now. */
static int compare(struct run *r)
{
    struct job ran = {0};
    const struct job *job = r->job;
    int code = 0;
    if (r->s->resumed) {
        code = state_begin(r->s, &r->err);
        if (!code)
            code = ran_load(r->s, r->x->project, &ran, &r->err);
        pg_rollback(r->s->pg);
        job = &ran;
    } else if (!publish_writes(job, &r->published)) {
        return compare_none(r, job);
    }
    if (!code)
        code = steps_fingerprint(r, job, "after");
    if (!code)
        code = compare_rows(r, job);
    if (ran.mem)
        job_clear(&ran);
    return code;
}

/* The source of an earlier process may have been another: then a difference is no proof. */
static int prove_logins(struct run *r)
{
    int code = logins_prove(r->s, r->job, &r->logins, &r->err);
    if (code != STATUS_INVALID || !r->s->resumed)
        return code;
    log_write(LOG_WARNING, "%s; the source was read anew", r->err.what);
    str_printf(&r->job->notes, "%s; the source was read anew, and may have changed\n", r->err.what);
    error_clear(&r->err);
    return 0;
}

/* An error is one line, and so are its parts. */
static void name_differences(struct run *r)
{
    struct str list;
    str_init(&list, 0);
    for (const char *p = r->verify.details.data; *p; p += strcspn(p, "\n"), p += *p == '\n') {
        str_add(&list, list.len ? "; " : "");
        str_add_n(&list, p, strcspn(p, "\n"));
    }
    error_why(&r->err, "%.500s", list.data);
    error_fix(&r->err, "look for a trigger of the target, or a hook, that changes what is written");
    str_clear(&list);
}

int steps_verify(struct run *r)
{
    steps_begin(r, "verify");
    signals_cancel_statements(1);
    int code = compare(r);
    if (!code && r->verify.differences) {
        code = error_set(&r->err, STATUS_INVALID, "%lld of %lld %s",
                         (long long)r->verify.differences, (long long)r->verify.rows,
                         plural(r->verify.rows, "row is not in the live tables as it was staged",
                                "rows are not in the live tables as they were staged"));
        name_differences(r);
    }
    if (!code)
        code = validate_step(r->s, r->x->reader, r->job, VALIDATE_LIVE, &r->err);
    if (!code)
        code = scenario_step(r->s, r->x->reader, r->job, r->x->url, &r->err);
    if (!code)
        code = prove_logins(r);
    signals_cancel_statements(0);
    if (!code && fault_point("verify.done"))
        code = error_set(&r->err, STATUS_TEMPORARY, "fault point verify.done");
    return code == STATUS_TEMPORARY && steps_stopped(r) ? r->err.code : code;
}

/* bundle_remake.c - the bundle of a run that is over, made again from the target: same files, but
 * for analysis.json, and for the log, of which the target keeps the audit trail alone. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "bundle.h"
#include "log.h"
#include "output.h"
#include "ran.h"
#include "str.h"
#include "undo.h"

static int failed(struct session *s, int code)
{
    session_report(s, "nothing was changed");
    return code ? code : faults_code(&s->faults);
}

struct kept { /* what the target has of the run */
    char *report;
    char plan[65];
    char message[1024];
};

/* A run of which batches are published has no report yet; what takes it back is known. */
static int print_undo(struct session *s)
{
    struct job job = {0};
    struct str sql;
    str_init(&sql, 0);
    int code = ran_load(&s->state, s->project, &job, &s->err);
    if (!code)
        code = undo_script(&s->state, &job, &sql, &s->err);
    if (!code)
        output_text(sql.data);
    str_clear(&sql);
    if (job.mem)
        job_clear(&job);
    return code;
}

static int no_report(struct session *s)
{
    error_set(&s->err, STATUS_REFUSED, "run %lld has no report in this target",
              (long long)s->state.run);
    error_why(&s->err, "it is %s; a report is kept when a run ends, until --purge",
              state_text(s->state.at));
    error_fix(&s->err, "see the runs with --status");
    return STATUS_REFUSED;
}

/* What was undone since the report was made is not published any more. */
static void note_undone(const struct session *s, struct kept *kept)
{
    json_t *root = json_loads(kept->report, JSON_REJECT_DUPLICATES, NULL);
    const char *message = json_string_value(json_object_get(root, "message"));
    snprintf(kept->message, sizeof kept->message, "%s", message ? message : "");
    if (root && s->state.at == RUN_ROLLED_BACK) {
        json_t *run = json_object_get(root, "run");
        json_object_set_new(run, "status", json_string(state_text(RUN_ROLLED_BACK)));
        json_object_set_new(run, "published", json_false());
        free(kept->report);
        kept->report = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
        snprintf(kept->message + strlen(kept->message),
                 sizeof kept->message - strlen(kept->message), "; rolled back since");
    }
    json_decref(root);
}

static int read_kept(struct session *s, struct kept *kept)
{
    struct pg_result *res =
        pg_queryf(s->pg, &s->err, "SELECT report, plan_hash FROM %s.run WHERE id = %lld",
                  s->state.q, (long long)s->state.run);
    if (!res)
        return s->err.code;
    if (pg_get(res, 0, 0)) {
        kept->report = strdup(pg_get(res, 0, 0));
        snprintf(kept->plan, sizeof kept->plan, "%s", pg_get(res, 0, 1));
        note_undone(s, kept);
    }
    pg_free(res);
    return 0;
}

/* The run's own tables, and today's units. Behind --finalize the tables may be gone or others:
 * there is nothing to undo then, and nothing to compare. */
static int load_job(struct session *s, struct job *job, const struct kept *kept)
{
    int code = state_undoable(s->state.at) ? ran_load(&s->state, s->project, job, &s->err) : 0;
    if (!job->mem) {
        job->mem = arena_new();
        job->project = s->project;
        str_init(&job->notes, 0);
    }
    job->host = &s->host;
    job->validators = s->job.validators;
    job->n_validators = s->job.n_validators;
    job->reporters = s->job.reporters;
    job->n_reporters = s->job.n_reporters;
    snprintf(job->hash, sizeof job->hash, "%s", kept->plan);
    return code;
}

static int write_bundle(struct session *s, struct job *job, const struct kept *kept)
{
    struct bundle bundle;
    struct str trail;
    str_init(&trail, 0);
    int code = bundle_open(&bundle, s->project, s->state.run, &s->err);
    if (!code)
        code = pg_begin(s->pg, "READ ONLY", &s->err);
    if (!code)
        code = state_trail_text(&s->state, &trail, &s->err);
    pg_rollback(s->pg);
    if (!code) {
        log_mask(trail.data);
        fputs(trail.data, bundle.log);
        fflush(bundle.log);
        log_write(LOG_INFO, "the bundle of run %lld is made again", (long long)s->state.run);
        code = bundle_write(&bundle, &s->state, job, s->reader, kept->report, &s->err);
    }
    if (!code)
        output_format("run %lld: %s; report: %s\n", (long long)s->state.run, kept->message,
                      bundle.path);
    bundle_close(&bundle);
    str_clear(&trail);
    return code;
}

static int remake(struct session *s, const struct kept *kept)
{
    struct job job = {0};
    s->reader = pg_connect(s->url, "target", &s->project->timeouts, &s->err);
    int code = s->reader ? pg_begin(s->pg, "READ ONLY", &s->err) : s->err.code;
    if (!code)
        code = load_job(s, &job, kept);
    pg_rollback(s->pg);
    if (!code)
        code = write_bundle(s, &job, kept);
    if (job.mem)
        job_clear(&job);
    return code;
}

int bundle_remake(const struct cli *cli, struct session *s)
{
    struct kept kept = {0};
    int code = cli->json ? 0 : session_units(s);
    if (!code)
        code = history_attach(cli, s, "");
    if (!code)
        code = pg_begin(s->pg, "READ ONLY", &s->err);
    if (!code)
        code = read_kept(s, &kept);
    int partly = !code && !kept.report && s->state.at == RUN_PARTLY;
    if (partly)
        code = print_undo(s);
    pg_rollback(s->pg);
    if (!code && !partly && !kept.report)
        code = no_report(s);
    else if (!code && !partly && cli->json)
        output_line(kept.report);
    else if (!code && !partly)
        code = remake(s, &kept);
    free(kept.report);
    return s->err.code || s->faults.n ? failed(s, code) : code;
}

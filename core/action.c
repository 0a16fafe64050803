/* action.c - the actions that a migration consists of: run, dry run, plan, preflight, validate. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "actions.h"
#include "bundle.h"
#include "confirm.h"
#include "empty.h"
#include "export.h"
#include "gate.h"
#include "log.h"
#include "notify.h"
#include "output.h"
#include "planprint.h"
#include "plural.h"
#include "progress.h"
#include "redrive.h"
#include "run.h"
#include "scenario.h"
#include "selection.h"
#include "signals.h"
#include "structure.h"
#include "validate.h"

static int failed(struct session *s, int code)
{
    session_report(s, "nothing was written");
    return code ? code : faults_code(&s->faults);
}

/* The last line; with --json, stdout is the report alone. */
static void tell_verdict(const struct cli *cli, const struct run_verdict *verdict, int code)
{
    const char *text = verdict->text[0] ? verdict->text : status_text(code);
    const char *bundle = verdict->bundle[0] ? verdict->bundle : "none";
    char name[32] = "no run";
    if (verdict->run)
        snprintf(name, sizeof name, "run %lld", (long long)verdict->run);
    if (cli->json)
        log_write(LOG_INFO, "%s: %s; report: %s", name, text, bundle);
    else
        output_format("%s: %s; report: %s\n", name, text, bundle);
}

static void tell_refused(const struct cli *cli, struct run_verdict *verdict, int code)
{
    snprintf(verdict->text, sizeof verdict->text, "%s (exit %d): nothing was written",
             status_text(code), code);
    tell_verdict(cli, verdict, code);
}

void action_unloaded(const struct cli *cli, int code)
{
    struct run_verdict verdict = {0};
    if (cli->action == ACTION_RUN || cli->action == ACTION_DRY_RUN ||
        cli->action == ACTION_PUBLISH || cli->action == ACTION_REDRIVE)
        tell_refused(cli, &verdict, code);
}

/* Behind the last line: whoever is told of the end finds all as it is said. */
static void tell_others(const struct cli *cli, const struct session *s,
                        const struct run_verdict *verdict, const struct timespec *begun, int code)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const struct notify_end end = {.action = cli->action == ACTION_DRY_RUN   ? "dry-run"
                                             : cli->action == ACTION_REDRIVE ? "redrive"
                                             : cli->action == ACTION_PUBLISH ? "publish"
                                                                             : "run",
                                   .run = verdict->run,
                                   .exit_code = code,
                                   .seconds = (double)(now.tv_sec - begun->tv_sec) +
                                              (double)(now.tv_nsec - begun->tv_nsec) / 1e9,
                                   .message = verdict->text[0] ? verdict->text : status_text(code),
                                   .bundle = verdict->bundle,
                                   .totals = &verdict->totals};
    notify_send(&s->job, &end);
}

/* For the bundle, before anything is written. A run does not depend on it. */
static char *look_at_both(struct session *s)
{
    struct error err = {0};
    char *text = structure_read(s, &err);
    if (!text)
        log_write(LOG_WARNING, "there is no analysis.json: %s", err.what);
    return text;
}

static int run(const struct cli *cli, struct session *s, int64_t publish, int64_t redrive)
{
    struct timespec begun;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    struct run_options options = {.dry_run = cli->action == ACTION_DRY_RUN,
                                  .takeover = cli->takeover,
                                  .hold = cli->hold && !publish,
                                  .publish = publish,
                                  .redrive = redrive,
                                  .full = cli->full,
                                  .yes = cli->yes,
                                  .limited = redrive || selection_is_part(&cli->session.overrides),
                                  .json = cli->json};
    struct run_verdict verdict = {0};
    struct gate gate = {0};
    progress_init(cli->quiet ? PROGRESS_NONE : cli->json ? PROGRESS_PLAIN : PROGRESS_AUTO);
    int code = gate_review(cli, s);
    if (!code)
        code = confirm_ask(cli, s);
    if (!code)
        code = session_units(s);
    if (!code)
        code = bundle_check(s->project, &s->err);
    if (!code)
        code = session_ready(s);
    if (!code && !redrive && !publish) /* publish: under its locks */
        code = empty_preflight(&s->job, &s->state, &s->faults, &s->err);
    if (!code)
        code = gate_check(cli, s, &gate);
    options.rehearsal = gate.rehearsal;
    options.gate = gate.report.data;
    if (!code && publish)
        code = history_held(s, publish, &redrive);
    if (!code && redrive)
        code = redrive_select(&s->state, &s->job, redrive, &s->err);
    if (code) {
        code = failed(s, code);
        tell_refused(cli, &verdict, code);
        tell_others(cli, s, &verdict, &begun, code);
        gate_clear(&gate);
        return code;
    }
    char *analysis = look_at_both(s);
    options.analysis = analysis;
    code = run_execute(s, &options, &verdict);
    free(analysis);
    if (code == STATUS_OK || code == STATUS_PARTIAL)
        log_write(LOG_INFO, "look at it: %s", s->psql);
    if ((code == STATUS_OK || code == STATUS_PARTIAL) && s->state.at == RUN_DONE)
        gate_tell_next(cli, s);
    tell_verdict(cli, &verdict, code);
    tell_others(cli, s, &verdict, &begun, code);
    gate_clear(&gate);
    return code;
}

int action_run(const struct cli *cli, struct session *s)
{
    return run(cli, s, 0, 0);
}

/* The target is not asked, and need not be there. */
int action_export(const struct cli *cli, struct session *s)
{
    progress_init(cli->quiet ? PROGRESS_NONE : PROGRESS_AUTO);
    int code = session_units(s);
    if (!code) {
        progress_begin(s->project->name, NULL, 0);
        code = export_only(&s->job, cli->yes, &s->err);
        progress_end();
    }
    if (code == STATUS_INTERRUPTED)
        code = signals_code();
    if (code)
        return failed(s, code);
    output_format("exported to %s\n", s->project->export_dir);
    return 0;
}

int action_publish(const struct cli *cli, struct session *s)
{
    int64_t held = 0;
    int code = history_run_number(cli, &held, &s->err);
    return code ? failed(s, code) : run(cli, s, held, 0);
}

int action_redrive(const struct cli *cli, struct session *s)
{
    int64_t parent = 0;
    int code = history_run_number(cli, &parent, &s->err);
    return code ? failed(s, code) : run(cli, s, 0, parent);
}

int action_plan(const struct cli *cli, struct session *s)
{
    enum planprint_format format = PLANPRINT_TEXT;
    int code = 0, asked = 0;
    if (cli->format && planprint_parse(cli->format, &format)) {
        error_set(&s->err, STATUS_USAGE, "--format takes text, json or dot");
        return failed(s, STATUS_USAGE);
    }
    if (cli->json)
        format = PLANPRINT_JSON;
    code = session_units(s);
    if (code)
        return failed(s, code);
    /* The order needs no target; with one that answers, foreign keys and estimates join in. */
    struct error no_target = {0}, unknown = {0};
    if (s->project->target.url[0]) {
        code = session_target(s);
        if (!code)
            code = session_fit(s);
        if (code == STATUS_TEMPORARY) {
            no_target = s->err;
            error_clear(&s->err);
            code = 0;
        }
        if (code)
            return failed(s, code);
        asked = !no_target.code;
    }
    struct estimate estimate;
    if (asked && estimate_make(&s->state, &s->job, &estimate, &unknown))
        log_write(LOG_WARNING, "nothing is known about records and times: %s", unknown.what);
    struct str text;
    str_init(&text, 0);
    planprint(&s->job, asked ? &estimate : NULL, format, &text);
    output_text(text.data);
    str_clear(&text);
    if (format == PLANPRINT_TEXT && gate_tell_checklist(cli, s))
        return failed(s, s->err.code);
    if (no_target.code)
        log_write(LOG_WARNING, "%s: the plan stands without the target's foreign keys",
                  no_target.what);
    return 0;
}

int action_preflight(const struct cli *cli, struct session *s)
{
    int code = session_units(s);
    if (!code)
        code = session_ready(s);
    if (!code)
        code = empty_preflight(&s->job, &s->state, &s->faults, &s->err);
    if (code)
        return failed(s, code);
    if (s->job.notes.len)
        output_text(s->job.notes.data);
    code = gate_tell(cli, s);
    if (code)
        return failed(s, code);
    output_line("fit to run");
    return 0;
}

#define MOST_FOUND 20

static void tell_found(const char *found)
{
    struct str text;
    str_init(&text, 0);
    str_add(&text, "           ");
    for (const unsigned char *p = (const unsigned char *)found; *p; p++)
        str_add_char(&text, *p < 0x20 || *p == 0x7f ? '?' : (char)*p);
    output_line(text.data);
    str_clear(&text);
}

/* The verdict on each check, and which rows a query found: these are to be looked after. */
static int print_check(struct session *s, const struct validate_result *r)
{
    output_format("%-8s %s: %s, %lld %s\n",
                  r->failed       ? "failed"
                  : r->violations ? "warning"
                                  : "passed",
                  r->validator, r->name, (long long)r->violations,
                  plural(r->violations, "violation", "violations"));
    if (!r->violations || !str_equal(r->kind, "query") || str_equal(r->validator, "scenarios"))
        return 0;
    int code = validate_found(s->reader, r, MOST_FOUND, tell_found, &s->err);
    if (!code && r->violations > MOST_FOUND)
        output_format("           and %lld more\n", (long long)r->violations - MOST_FOUND);
    return code;
}

int action_validate(const struct cli *cli, struct session *s)
{
    (void)cli;
    struct validate_list list;
    int code = session_joined(s);
    if (!code) {
        s->reader = pg_connect(s->url, "target", &s->project->timeouts, &s->err);
        code = s->reader ? validate_run(s->reader, &s->job, VALIDATE_LIVE, &list, &s->err)
                         : s->err.code;
    }
    if (!code)
        code = scenario_run(s->reader, &s->job, s->url, &list, &s->err);
    for (size_t i = 0; !code && i < list.n; i++)
        code = print_check(s, &list.items[i]);
    if (code)
        return failed(s, code);
    output_format("%zu %s, %zu failed\n", list.n, plural(list.n, "check", "checks"), list.errors);
    return list.errors ? STATUS_INVALID : 0;
}

/* scenario.c - tries each scenario and takes down how it went. What a program says may be values of
 * rows: it is dropped, its exit status is told. */
#include "scenario.h"

#include <string.h>
#include <time.h>

#include "child.h"
#include "log.h"
#include "plural.h"

static double seconds_since(const struct timespec *t)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - t->tv_sec) + (double)(now.tv_nsec - t->tv_nsec) / 1e9;
}

/* A comment at the end must not take the bracket with it. */
static int ask(struct pg *reader, const struct project_scenario *p, struct validate_result *out,
               struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "SELECT count(*) FROM (%s\n) scenario", p->sql);
    int code = pg_begin_anew(reader, "READ ONLY", err);
    if (!code)
        code = pg_own_path(reader, err);
    struct pg_result *r = code ? NULL : pg_query_one(reader, err, sql.data);
    if (r)
        out->violations = pg_get_int(r, 0, 0);
    else
        error_why(err, "scenario %s of the project", p->name);
    pg_free(r);
    pg_rollback(reader);
    str_clear(&sql);
    return err->code;
}

/* NULL-terminated; a relative path counts from the project's directory. */
static const char **arguments(const struct project *project, const struct project_scenario *p)
{
    const char **argv = arena_alloc(project->mem, (p->n_command + 1) * sizeof *argv);
    memcpy(argv, p->command, p->n_command * sizeof *argv);
    if (strchr(argv[0], '/') && argv[0][0] != '/')
        argv[0] = arena_printf(project->mem, "%s/%s", project->dir, argv[0]);
    return argv;
}

static int call(const struct project *project, const struct project_scenario *p, const char *url,
                struct validate_result *out, struct error *err)
{
    char **env = pg_environment(url, err);
    if (!env)
        return err->code;
    const struct child_request request = {.argv = arguments(project, p),
                                          .env = env,
                                          .out_fd = -1,
                                          .in_fd = -1,
                                          .cwd = project->dir,
                                          .timeout_seconds = project->timeouts.statement};
    int ended = child_run(&request);
    pg_environment_free(env);
    out->violations = ended != 0;
    if (ended)
        log_write(LOG_INFO, "scenario %s: its program %s %d", p->name,
                  ended == 127 ? "is not there, may not be run, or ended with" : "ended with",
                  ended);
    return STATUS_OK;
}

int scenario_run(struct pg *reader, struct job *job, const char *url, struct validate_list *out,
                 struct error *err)
{
    int code = STATUS_OK;
    for (size_t i = 0; !code && i < job->project->n_scenarios; i++) {
        const struct project_scenario *p = &job->project->scenarios[i];
        struct validate_result r = {.validator = "scenarios",
                                    .name = p->name,
                                    .kind = p->sql ? "query" : "command",
                                    .severity = "error",
                                    .sql = p->sql ? p->sql : p->command[0]};
        struct timespec begun;
        clock_gettime(CLOCK_MONOTONIC, &begun);
        code = p->sql ? ask(reader, p, &r, err) : call(job->project, p, url, &r, err);
        r.seconds = seconds_since(&begun);
        r.failed = r.violations > 0;
        if (!code)
            validate_add(job, out, &r);
    }
    return code;
}

int scenario_step(struct state *s, struct pg *reader, struct job *job, const char *url,
                  struct error *err)
{
    struct validate_list list = {0};
    struct str names;
    if (!job->project->n_scenarios)
        return STATUS_OK;
    int code = scenario_run(reader, job, url, &list, err);
    if (!code)
        code = validate_keep(s, &list, "after", err);
    if (code || !list.errors)
        return code;
    str_init(&names, 0);
    validate_failed(&list, &names);
    error_set(err, STATUS_INVALID, "%zu of %zu %s: %.800s", list.errors, list.n,
              plural(list.n, "scenario failed", "scenarios failed"), names.data);
    error_fix(err, "try them by hand on a copy with the run published; --validate runs them again");
    str_clear(&names);
    return STATUS_INVALID;
}

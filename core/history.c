/* history.c - the actions on runs that are over: rollback, verify, finalize, abandon, purge. They
 * need the target and its state schema, no plugin. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actions.h"
#include "confirm.h"
#include "gate.h"
#include "log.h"
#include "output.h"
#include "plural.h"
#include "ran.h"
#include "rollback.h"
#include "rollbackinfo.h"
#include "sql.h"
#include "staging.h"
#include "str.h"
#include "verify.h"

static int failed(struct session *s, int code, const char *state)
{
    session_report(s, state);
    return code ? code : faults_code(&s->faults);
}

int history_run_number(const struct cli *cli, int64_t *run, struct error *err)
{
    char *end = NULL;
    *run = cli->argument ? strtoll(cli->argument, &end, 10) : 0;
    if (!cli->argument || (!*end && *run > 0))
        return 0;
    error_set(err, STATUS_USAGE, "\"%.40s\" is not the number of a run", cli->argument);
    error_fix(err, "see the runs with --status");
    return STATUS_USAGE;
}

static int find_run(struct session *s, int64_t run, const char *states)
{
    int there = state_exists(&s->state, &s->err);
    if (there < 0)
        return -there;
    if (there == 0) {
        error_set(&s->err, STATUS_REFUSED, "the target holds no run: it has no schema %s",
                  s->state.schema);
        error_fix(&s->err, "give the target, and the --state-schema, that the run had");
        return STATUS_REFUSED;
    }
    if (!run)
        run = state_newest(&s->state, s->project->name, states, &s->err);
    if (!run && !s->err.code) {
        error_set(&s->err, STATUS_REFUSED, "project %s has no run for which this can be done",
                  s->project->name);
        error_fix(&s->err, "see the runs with --status");
    }
    return s->err.code ? s->err.code : state_attach(&s->state, run, &s->err);
}

/* Connects and finds the run, or the newest in `states` of this project when it is 0. */
static int attach_run(struct session *s, int64_t run, const char *states)
{
    int code = session_target(s);
    if (!code)
        code = pg_begin(s->pg, "READ ONLY", &s->err);
    if (code)
        return code;
    code = find_run(s, run, states);
    pg_rollback(s->pg);
    return code;
}

/* By the number that was asked for. */
int history_attach(const struct cli *cli, struct session *s, const char *states)
{
    int64_t run;
    int code = history_run_number(cli, &run, &s->err);
    return code ? code : attach_run(s, run, states);
}

/* By the file in a bundle. */
static int attach_file(const char *path, const struct rollbackinfo *file, struct session *s)
{
    int code = attach_run(s, file->run, "");
    if (code || str_equal(file->started, s->state.started))
        return code;
    error_set(&s->err, STATUS_REFUSED, "%s is of a run that began at %s; run %lld here began at %s",
              path, file->started, (long long)file->run, s->state.started);
    error_fix(&s->err, "give the target that the run had, or the run's number here");
    return STATUS_REFUSED;
}

/* Where the run's project is not at hand, its file says enough; but never which server. */
static int file_project(const struct cli *cli, const struct rollbackinfo *file, struct session *s)
{
    const char *path = cli->session.project_path;
    if (!cli->rollback_file || !str_equal(path, "project.json") || access(path, F_OK) == 0)
        return session_project(s);
    s->project = rollbackinfo_project(file, &cli->session.overrides, &s->faults);
    if (!s->project)
        return faults_code(&s->faults);
    if (s->project->target.url[0])
        return 0;
    error_set(&s->err, STATUS_CONFIG, "no project, and no target: %s names none",
              cli->rollback_file);
    error_fix(&s->err,
              "set DATABASE_URL to the target that the run had, or name the run's project by"
              " --project");
    return STATUS_CONFIG;
}

/* The run is in a state in which this cannot be done. */
static int unfit(struct session *s, const char *what)
{
    error_set(&s->err, STATUS_REFUSED, "run %lld is %s: %s", (long long)s->state.run,
              state_text(s->state.at), what);
    error_fix(&s->err, "see the runs with --status");
    return STATUS_REFUSED;
}

int history_held(struct session *s, int64_t run, int64_t *parent)
{
    struct str sql;
    if (pg_begin(s->pg, "READ ONLY", &s->err))
        return s->err.code;
    str_init(&sql, 0);
    str_printf(
        &sql,
        "SELECT r.state, r.plan_hash = '%s' AND r.catalog_hash = '%s', r.parent FROM %s.run r JOIN"
        " %s.project p ON p.id = r.project WHERE r.id = %lld AND p.name = ",
        s->job.hash, s->job.catalog.hash, s->state.q, s->state.q, (long long)run);
    sql_literal(&sql, s->project->name);
    struct pg_result *res = pg_query_str(s->pg, &sql, &s->err);
    pg_rollback(s->pg);
    if (!res)
        return s->err.code;
    int held = pg_rows(res) && str_equal(pg_get(res, 0, 0), state_text(RUN_HELD));
    int same = held && pg_get(res, 0, 1)[0] == 't';
    *parent = held && pg_get(res, 0, 2) ? pg_get_int(res, 0, 2) : 0;
    pg_free(res);
    if (held && same)
        return 0;
    error_set(&s->err, held ? STATUS_DRIFT : STATUS_REFUSED,
              held ? "the plan or the target's tables changed since run %lld was held"
                   : "run %lld is no held run of this project",
              (long long)run);
    error_fix(&s->err, held ? "look again: --run --hold loads anew what changed"
                            : "see the runs with --status");
    return s->err.code;
}

static int mode_of(const struct cli *cli, enum rollback_mode *mode, struct error *err)
{
    if (!cli->rollback_mode || rollback_mode_parse(cli->rollback_mode, mode) == 0)
        return 0;
    return error_set(err, STATUS_USAGE, "--rollback-mode is refuse, untouched or force");
}

/* On stdout, for who asked: keys may tell of somebody. */
static void tell_rows(const struct undo_list *l, const char *what)
{
    if (!l->n)
        return;
    output_text(l->first);
    output_format("%lld %s %s: %s\n", (long long)l->n, plural(l->n, "row", "rows"), what, l->path);
}

int history_rollback(const struct cli *cli, struct session *s)
{
    struct rollback_result result = {0};
    struct rollbackinfo file = {0};
    enum rollback_mode mode = ROLLBACK_REFUSE;
    int code = cli->rollback_file ? rollbackinfo_read(cli->rollback_file, &file, &s->err) : 0;
    if (!code)
        code = file_project(cli, &file, s);
    if (!code)
        code = mode_of(cli, &mode, &s->err);
    if (!code)
        code = confirm_ask(cli, s);
    if (!code)
        code = cli->rollback_file ? attach_file(cli->rollback_file, &file, s)
                                  : history_attach(cli, s, STATE_UNDOABLE);
    if (!code)
        code = rollback_run(&s->state, s->project, mode, &result, &s->err);
    tell_rows(&result.touched, "were touched since, or hang together with such");
    tell_rows(&result.unlike, "would not be as before the run");
    if (!code && result.partly) {
        output_format("run %lld: partly rolled back in %.2f s; these rows are left, all others are "
                      "as before\n",
                      (long long)result.run, result.seconds);
        return 0;
    }
    if (code)
        return failed(s, code, "nothing was undone");
    if (!result.nothing) {
        log_write(LOG_INFO, "fingerprint before the run: %s", result.before);
        log_write(LOG_INFO, "fingerprint now: %s", result.undone);
    }
    output_format("run %lld: rolled back in %.2f s (%.2f s of them for the proof), %s\n",
                  (long long)result.run, result.seconds, result.proof_seconds,
                  result.nothing ? "it had written nothing"
                  : result.proven
                      ? "all its tables are as before the run (fingerprint equal)"
                      : "its rows are as before; other rows of the tables were changed since");
    return 0;
}

#define MOST_DIFFERENCES 20 /* of a column, or of rows of a table; all are counted anyway */

/* On stdout alone, for who asked: these are values of rows. */
static void tell_difference(const struct verify_difference *d)
{
    if (d->of == VERIFY_FIELD)
        output_format("%s key %s, column %s: expected %s, found %s\n", d->table->t->quoted, d->key,
                      d->column, d->expected ? d->expected : "NULL", d->found ? d->found : "NULL");
    else
        output_format("%s key %s: %s\n", d->table->t->quoted, d->key,
                      d->of == VERIFY_MISSING
                          ? "missing"
                          : "written by others since, no value of the run changed");
}

int history_verify(const struct cli *cli, struct session *s)
{
    struct verify_result result = {0};
    struct job job = {0};
    int code = history_attach(cli, s, "'published', 'done'");
    if (!code && s->state.at != RUN_PUBLISHED && s->state.at != RUN_DONE)
        code = unfit(s, "there is nothing to verify");
    if (!code)
        code = pg_begin(s->pg, "READ ONLY", &s->err);
    if (!code)
        code = ran_load(&s->state, s->project, &job, &s->err);
    if (!code)
        code = verify_run(&s->state, &job, NULL, &result, &s->err);
    int64_t broken = 0;
    if (!code && (result.differences || result.by_others))
        code = verify_differences(&s->state, &job, MOST_DIFFERENCES, tell_difference, &s->err);
    if (!code)
        code = state_trail(&s->state, &broken, &s->err);
    pg_rollback(s->pg);
    if (!code && broken)
        output_format("run %lld: %lld %s of its audit trail %s edited or removed\n",
                      (long long)s->state.run, (long long)broken, plural(broken, "line", "lines"),
                      plural(broken, "was", "were"));
    if (!code) {
        output_text(result.details.data);
        output_format("run %lld: %lld %s, %lld %s compared; %lld %s, %lld changed by the target's "
                      "triggers, %lld changed since by others\n",
                      (long long)s->state.run, (long long)result.rows,
                      plural(result.rows, "row", "rows"), (long long)result.fields,
                      plural(result.fields, "field", "fields"), (long long)result.differences,
                      plural(result.differences, "row differs", "rows differ"),
                      (long long)result.by_target, (long long)result.by_others);
        code = result.differences || result.by_others || broken ? STATUS_INVALID : 0;
    } else {
        failed(s, code, "nothing was written");
    }
    verify_clear(&result);
    if (job.mem)
        job_clear(&job);
    return code;
}

/* What the id map reads from staging so far. A key that an earlier run gave stays with that run. */
static int keep_map(struct state *s, struct error *err)
{
    return pg_execf(
        s->pg, err,
        "INSERT INTO %s.id_map_kept AS k SELECT DISTINCT ON (project, stage, source_key"
        " COLLATE \"C\") project, stage, source_key, final_key, run FROM"
        " %s.id_map_rows() WHERE run = %lld AND at > 0 ORDER BY project, stage,"
        " source_key COLLATE \"C\", at ON CONFLICT (project, stage, source_key) DO UPDATE"
        " SET final_key = excluded.final_key, run = excluded.run WHERE k.final_key <>"
        " excluded.final_key AND k.run < excluded.run; UPDATE %s.run_stage SET map_sql ="
        " NULL WHERE run = %lld",
        s->q, s->q, (long long)s->run, s->q, (long long)s->run);
}

static int settle(struct session *s, enum run_state to, const char *what)
{
    int code = state_begin(&s->state, &s->err);
    if (!code)
        code = state_claim(&s->state, &s->err);
    if (!code && to == RUN_FINALIZED)
        code = keep_map(&s->state, &s->err);
    if (!code)
        code = staging_drop_run(&s->state, s->state.run, &s->err);
    if (!code)
        code = state_move(&s->state, to, &s->err);
    if (!code)
        code = state_commit(&s->state, &s->err);
    else
        pg_rollback(s->pg);
    if (code)
        return failed(s, code, "nothing was changed");
    output_format("run %lld: %s\n", (long long)s->state.run, what);
    return 0;
}

int history_finalize(const struct cli *cli, struct session *s)
{
    int code = history_attach(cli, s, "'done', 'partly_rolled_back'");
    if (!code && s->state.at != RUN_DONE && s->state.at != RUN_PARTLY_UNDONE)
        code = unfit(s, "only a done run can be finalized");
    if (!code)
        code = gate_end(cli, s);
    if (code)
        return failed(s, code, "nothing was changed");
    return settle(s, RUN_FINALIZED,
                  "finalized: staging and before tables are gone, it can no "
                  "longer be rolled back; the id map stays");
}

int history_abandon(const struct cli *cli, struct session *s)
{
    int code = history_attach(cli, s, "'loading', 'checked', 'held'");
    if (!code && s->state.at != RUN_LOADING && s->state.at != RUN_CHECKED &&
        s->state.at != RUN_HELD)
        code = unfit(s, "only a half run can be abandoned");
    if (code)
        return failed(s, code, "nothing was changed");
    return settle(s, RUN_ABANDONED,
                  "abandoned: its staging tables are gone, no live table was "
                  "changed");
}

int history_purge(const struct cli *cli, struct session *s)
{
    int code = history_attach(cli, s, "'finalized', 'rolled_back', 'failed', 'abandoned', 'dry'");
    if (!code && state_undoable(s->state.at))
        code = unfit(s, "it can still be undone, finalize it first");
    if (!code)
        code = state_begin(&s->state, &s->err);
    if (!code)
        code = staging_drop_run(&s->state, s->state.run, &s->err);
    if (!code)
        code = pg_execf(
            s->pg, &s->err,
            "UPDATE %s.reject SET raw = NULL, key = NULL, final_key = NULL, first_cause"
            " = NULL WHERE run = %lld; UPDATE %s.source_change SET key = NULL, final_key ="
            " NULL WHERE run = %lld; UPDATE %s.taken SET key = NULL, winner = NULL WHERE run ="
            " %lld; DELETE FROM %s.repaired WHERE run = %lld; DELETE FROM %s.preserved_row WHERE "
            "run = %lld; UPDATE %s.part SET bounds ="
            " '' WHERE run = %lld; UPDATE %s.run SET report = NULL WHERE id = %lld",
            s->state.q, (long long)s->state.run, s->state.q, (long long)s->state.run, s->state.q,
            (long long)s->state.run, s->state.q, (long long)s->state.run, s->state.q,
            (long long)s->state.run, s->state.q, (long long)s->state.run, s->state.q,
            (long long)s->state.run);
    if (!code)
        code = state_event(&s->state, &s->err, "purged");
    if (!code)
        code = state_commit(&s->state, &s->err);
    else
        pg_rollback(s->pg);
    if (code)
        return failed(s, code, "nothing was changed");
    output_format(
        "run %lld: records and keys that it kept are removed; its bundle is yours to delete\n",
        (long long)s->state.run);
    return 0;
}

/* state_open.c - who works on a run: a new one, a half one whose process is gone, one that is
 * taken over. All openings on a target wait for each other, so that two starts cannot both
 * believe to be alone. A process that lost its run finds out by the fence. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "sql.h"
#include "state.h"

/* A run whose heartbeat is younger than this is taken for alive while its backend exists. */
#define LEASE_SECONDS 30
#define GONE_TRIES 10 /* five a second: so long a dead client's backend is waited for */

static int project_number(struct state *s, const char *name, struct error *err)
{
    const char *const params[] = {name};
    char sql[1024];
    snprintf(sql, sizeof sql,
             "WITH new AS (INSERT INTO %s.project SELECT coalesce(max(id), 0) + 1, $1 FROM"
             " %s.project HAVING NOT EXISTS (SELECT FROM %s.project WHERE name = $1) RETURNING id)"
             " SELECT id FROM new UNION ALL SELECT id FROM %s.project WHERE name = $1",
             s->q, s->q, s->q, s->q);
    struct pg_result *res = pg_query(s->pg, err, sql, 1, params);
    if (!res)
        return err->code;
    s->project = pg_get_int(res, 0, 0);
    pg_free(res);
    return 0;
}

struct holder { /* who works on a run, as the run row says */
    int64_t run, epoch, parent;
    char text[400]; /* "run 7 of host h, pid 1, started ..., last heartbeat ..." */
    enum run_state at;
    int backend, alive, fresh, dry;
};

/* `condition` selects among unfinished runs. 1 found, 0 none, else -status. */
static int find_holder(struct state *s, const char *condition, struct holder *out,
                       struct error *err)
{
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "SELECT r.id, r.epoch, r.state, r.backend, CASE WHEN r.backend IS NULL THEN h.fresh ELSE"
        " EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = r.backend AND a.datname ="
        " current_database() AND (a.application_name = 'mighost' OR a.application_name IS NULL))"
        " END, h.fresh,"
        " format('run %%s of project %%s on host %%s, pid %%s, started %%s, last heartbeat %%s',"
        " r.id, p.name, r.host, r.pid, to_char(r.started, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
        " to_char(h.at, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')), r.kind = 'dry-run', r.parent"
        " FROM %s.run r JOIN %s.project p ON p.id = r.project LEFT JOIN (SELECT run, at,"
        " clock_timestamp() - at < interval '%d seconds' AS fresh FROM %s.heartbeat) h ON h.run ="
        " r.id WHERE r.state IN ('loading', 'checked', 'held', 'partly', 'published') AND %s"
        " ORDER BY 5 DESC, r.state = 'partly' DESC, r.id DESC LIMIT 1",
        s->q, s->q, fault_number("MIGHOST_LEASE", LEASE_SECONDS), s->q, condition);
    if (!res)
        return -err->code;
    int found = pg_rows(res);
    if (found) {
        out->run = pg_get_int(res, 0, 0);
        out->epoch = pg_get_int(res, 0, 1);
        state_parse(pg_get(res, 0, 2), &out->at);
        out->backend = (int)pg_get_int(res, 0, 3);
        out->alive = pg_get(res, 0, 4) && pg_get(res, 0, 4)[0] == 't';
        out->fresh = pg_get(res, 0, 5) && pg_get(res, 0, 5)[0] == 't';
        snprintf(out->text, sizeof out->text, "%s", pg_get(res, 0, 6) ? pg_get(res, 0, 6) : "");
        out->dry = pg_get(res, 0, 7)[0] == 't';
        out->parent = pg_get_int(res, 0, 8);
    }
    pg_free(res);
    return found;
}

static int busy(const struct holder *h, struct error *err)
{
    error_set(err, STATUS_BUSY, "another run is active: %s", h->text);
    error_fix(err, "wait for it, or stop its process; when that hangs and the heartbeat is old, "
                   "take over with --takeover");
    return STATUS_BUSY;
}

/* A killed client's backend needs a moment to notice; then the run is free. 1: there is still a
 * half run, 0: it was ended meanwhile, else -status. */
static int wait_gone(struct state *s, const char *condition, struct holder *h, struct error *err)
{
    int found = 1;
    int tries = fault_number("MIGHOST_GONE", GONE_TRIES);
    for (int i = 0; i < tries && found == 1 && h->alive; i++) {
        usleep(200000);
        /* pg_stat_activity is a snapshot of the transaction: ask for a new one. */
        if (pg_exec(s->pg, err, "SELECT pg_stat_clear_snapshot()"))
            return -err->code;
        found = find_holder(s, condition, h, err);
    }
    return found;
}

static int other_project_writes(struct state *s, const struct job *job, struct error *err)
{
    struct str where;
    struct holder h;
    str_init(&where, 0);
    str_printf(&where,
               "r.project <> %lld AND EXISTS (SELECT FROM %s.run_table t WHERE t.run = r.id"
               " AND t.oid IN (0",
               (long long)s->project, s->q);
    for (size_t i = 0; i < job->n_tables; i++)
        str_printf(&where, ", %u", job->tables[i].t->oid);
    str_add(&where, "))");
    int found = find_holder(s, where.data, &h, err);
    str_clear(&where);
    if (found < 0)
        return -found;
    return found && h.alive ? busy(&h, err) : 0;
}

static int insert_run(struct state *s, const struct job *job, const struct state_options *o,
                      struct error *err)
{
    char host[128] = "", parent[32] = "NULL";
    gethostname(host, sizeof host - 1);
    struct str quoted;
    str_init(&quoted, 0);
    sql_literal(&quoted, host);
    if (o->parent)
        snprintf(parent, sizeof parent, "%lld", (long long)o->parent);
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "INSERT INTO %s.run (id, project, parent, kind, state, epoch, plan_hash, catalog_hash,"
        " host, pid, backend, started) SELECT coalesce(max(id), 0) + 1, %lld, %s, '%s', 'loading',"
        " 1, '%s', '%s', %s, %d, %s, clock_timestamp() FROM %s.run RETURNING id,"
        " to_char(started, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')",
        s->q, (long long)s->project, parent, o->kind, job->hash, job->catalog.hash, quoted.data,
        (int)getpid(), s->backend, s->q);
    str_clear(&quoted);
    if (!res)
        return err->code;
    s->run = pg_get_int(res, 0, 0);
    s->epoch = 1;
    s->at = RUN_LOADING;
    s->parent = o->parent;
    snprintf(s->started, sizeof s->started, "%s", pg_get(res, 0, 1));
    pg_free(res);
    return pg_execf(s->pg, err, "INSERT INTO %s.heartbeat VALUES (%lld, clock_timestamp(), 'load')",
                    s->q, (long long)s->run);
}

/* A run of the other kind is worth its loaded chunks: it becomes what is asked for now.
 * FOR UPDATE waits for a writer in flight (bounded by lock_timeout); then the old backend is
 * ended, so that a stopped process cannot wake up with an open transaction. */
static int take_over(struct state *s, const struct holder *h, const char *kind, struct error *err)
{
    char host[128] = "";
    gethostname(host, sizeof host - 1);
    struct str quoted;
    str_init(&quoted, 0);
    sql_literal(&quoted, host);
    if (h->alive)
        pg_execf(s->pg, err, "SELECT pg_terminate_backend(%d)", h->backend);
    struct pg_result *res =
        pg_queryf(s->pg, err,
                  "UPDATE %s.run SET epoch = epoch + 1, kind = '%s', host = %s, pid = %d,"
                  " backend = %s WHERE id = (SELECT id FROM %s.run WHERE id = %lld AND epoch = "
                  "%lld FOR UPDATE)"
                  " RETURNING epoch, state, to_char(started, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')",
                  s->q, kind, quoted.data, (int)getpid(), s->backend, s->q, (long long)h->run,
                  (long long)h->epoch);
    str_clear(&quoted);
    if (!res)
        return err->code;
    int hit = pg_rows(res);
    if (hit) {
        s->run = h->run;
        s->parent = h->parent;
        s->epoch = pg_get_int(res, 0, 0);
        state_parse(pg_get(res, 0, 1), &s->at);
        snprintf(s->started, sizeof s->started, "%s", pg_get(res, 0, 2));
        s->resumed = 1;
    }
    pg_free(res);
    return hit ? state_event(s, err, "taken over as epoch %lld", (long long)s->epoch)
               : busy(h, err);
}

/* Half a redrive holds some records of the source only, half a run all of them: neither can go on
 * as the other. */
static int other_kind(const struct holder *h, struct error *err)
{
    if (h->parent)
        error_set(err, STATUS_BUSY,
                  "run %lld is half done, and takes up only what run %lld rejected",
                  (long long)h->run, (long long)h->parent);
    else
        error_set(err, STATUS_BUSY, "run %lld is half done, and takes up all records",
                  (long long)h->run);
    const char *drop = h->at == RUN_PARTLY ? "take it back by --rollback" : "drop it by --abandon";
    if (h->parent)
        error_fix(err, "finish it by --redrive %lld, or %s %lld", (long long)h->parent, drop,
                  (long long)h->run);
    else
        error_fix(err, "finish it by --run, or %s %lld", drop, (long long)h->run);
    return STATUS_BUSY;
}

/* A pooler shows another number than the server's own. */
static int look_at_backend(struct state *s, struct error *err)
{
    struct pg_result *res = pg_query(s->pg, err, "SELECT pg_backend_pid()", 0, NULL);
    if (!res)
        return err->code;
    s->backend = pg_get_int(res, 0, 0) == pg_backend_pid(s->pg) ? "pg_backend_pid()" : "NULL";
    pg_free(res);
    return 0;
}

static int open_locked(struct state *s, const struct job *job, const struct state_options *o,
                       struct error *err)
{
    struct holder h;
    char condition[64];
    int code = look_at_backend(s, err);
    if (!code)
        code = pg_exec(s->pg, err, "SELECT pg_advisory_xact_lock(hashtext('mighost open run'))");
    if (!code)
        code = project_number(s, job->project->name, err);
    if (!code)
        code = other_project_writes(s, job, err);
    if (code)
        return code;
    snprintf(condition, sizeof condition, "r.project = %lld", (long long)s->project);
    int found = find_holder(s, condition, &h, err);
    if (found == 1)
        found = wait_gone(s, condition, &h, err);
    if (found < 0)
        return -found;
    if (!found)
        return insert_run(s, job, o, err);
    if (h.alive && (h.fresh || !o->takeover))
        return busy(&h, err);
    if (o->dry_run && !h.dry) /* a half run is not for a dry one to end */
        return insert_run(s, job, o, err);
    if (h.parent != o->parent && !o->publish)
        return other_kind(&h, err);
    return take_over(s, &h, h.parent ? "redrive" : o->kind, err);
}

int state_open_run(struct state *s, const struct job *job, const struct state_options *options,
                   struct error *err)
{
    if (fault_point("run.before_open"))
        return error_set(err, STATUS_TEMPORARY, "fault point run.before_open");
    if (pg_begin(s->pg, "ISOLATION LEVEL READ COMMITTED", err))
        return err->code;
    int code = open_locked(s, job, options, err);
    if (!code)
        return state_commit(s, err);
    pg_rollback(s->pg);
    return code;
}

int state_claim(struct state *s, struct error *err)
{
    struct holder h;
    char condition[64];
    snprintf(condition, sizeof condition, "r.id = %lld", (long long)s->run);
    int found = find_holder(s, condition, &h, err);
    if (found == 1)
        found = wait_gone(s, condition, &h, err);
    if (found < 0)
        return -found;
    if (found && h.alive)
        return busy(&h, err);
    struct pg_result *res = pg_queryf(
        s->pg, err, "UPDATE %s.run SET epoch = epoch + 1 WHERE id = %lld AND epoch = %lld", s->q,
        (long long)s->run, (long long)s->epoch);
    if (!res)
        return err->code;
    int64_t hit = pg_affected(res);
    pg_free(res);
    if (hit != 1)
        return error_set(err, STATUS_BUSY, "run %lld was just taken up by another process",
                         (long long)s->run);
    s->epoch++;
    return 0;
}

int state_sign(struct state *s, const char *command, struct error *err)
{
    char host[128] = "";
    gethostname(host, sizeof host - 1);
    return state_event(s, err, "%s by uid %d on %s, pid %d: %s", s->resumed ? "resumed" : "opened",
                       (int)geteuid(), host, (int)getpid(), command ? command : "");
}

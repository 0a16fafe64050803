/* state.c - schema "mighost" of the target: its tables, the run row, fence and takeover.
 * What a run means is in run.c; here is only who owns it and how far it is. */
#include "state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "log.h"
#include "sql.h"

/* A run whose heartbeat is younger than this is taken for alive while its backend exists. */
#define LEASE_SECONDS 30

static const char *const names[] = {"loading", "checked", "held",        "published", "done",
                                    "dry",     "failed",  "rolled_back", "abandoned", "finalized"};

const char *state_text(enum run_state state)
{
    return names[state];
}

int state_parse(const char *text, enum run_state *out)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_equal(names[i], text)) {
            *out = (enum run_state)i;
            return 0;
        }
    return -1;
}

void state_init(struct state *s, struct pg *pg, const char *schema)
{
    struct str q;
    memset(s, 0, sizeof *s);
    s->pg = pg;
    s->schema = schema;
    str_init(&q, 0);
    sql_ident(&q, schema);
    snprintf(s->q, sizeof s->q, "%s", q.data);
    str_clear(&q);
}

/* ---- the schema ------------------------------------------------------------------------ */

/* %s is the quoted schema, everywhere. Text for keys: source keys have no type of ours. */
static const char *const ddl[] = {
    "CREATE TABLE %s.meta (version int NOT NULL)",
    "CREATE TABLE %s.project (id int PRIMARY KEY, name text NOT NULL UNIQUE)",
    "CREATE TABLE %s.run (id bigint PRIMARY KEY, project int NOT NULL, parent bigint,"
    " kind text NOT NULL, state text NOT NULL, epoch bigint NOT NULL, plan_hash text NOT NULL,"
    " catalog_hash text, host text, pid int, backend int, started timestamptz NOT NULL,"
    " finished timestamptz, published timestamptz, publish_seconds float8, publish_xid xid8,"
    " rolled_back timestamptz, exit_code int, backup text, bundle text, report text)",
    "CREATE TABLE %s.heartbeat (run bigint PRIMARY KEY, at timestamptz NOT NULL)",
    "CREATE TABLE %s.run_stage (run bigint, no int, name text NOT NULL, hash text NOT NULL,"
    " identity text NOT NULL, done bool NOT NULL, seconds float8, own_keys bool NOT NULL,"
    " PRIMARY KEY (run, name))",
    "CREATE TABLE %s.run_table (run bigint, no int, schema_name text NOT NULL,"
    " table_name text NOT NULL, oid oid NOT NULL, policy text NOT NULL, columns text[] NOT NULL,"
    " key_columns text[], staged bigint, inserted bigint, updated bigint, unchanged bigint,"
    " deleted bigint, skipped bigint, rejected bigint, refused bigint, was_empty bool,"
    " changed_by_target bigint, PRIMARY KEY (run, no))",
    "CREATE TABLE %s.chunk (run bigint, no bigint, stage text NOT NULL, first_record bigint"
    " NOT NULL, position_before text NOT NULL, position_after text NOT NULL, read bigint NOT NULL,"
    " loaded bigint NOT NULL, skipped bigint NOT NULL, rejected bigint NOT NULL, rows bigint"
    " NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (run, no))",
    "CREATE TABLE %s.reject (run bigint NOT NULL, record bigint NOT NULL, stage text NOT NULL,"
    " number bigint NOT NULL, key text, final_key text, outcome int2 NOT NULL, step text NOT NULL,"
    " table_name text, field text, code text NOT NULL, reason text NOT NULL, cause bigint,"
    " first_cause text, raw text, PRIMARY KEY (run, record))",
    "CREATE INDEX reject_final_key ON %s.reject (run, stage, final_key)",
    "CREATE TABLE %s.repair (run bigint, chunk bigint, stage text, field text, rule text,"
    " count bigint NOT NULL)",
    "CREATE TABLE %s.event (run bigint, at timestamptz NOT NULL DEFAULT clock_timestamp(),"
    " what text NOT NULL)",
    "CREATE TABLE %s.check_result (run bigint, phase text, validator text, name text, kind text,"
    " severity text, status text NOT NULL, violations bigint NOT NULL, sql text)",
    "CREATE TABLE %s.fingerprint (run bigint, schema_name text, table_name text, phase text,"
    " rows bigint, sum text, PRIMARY KEY (run, phase, schema_name, table_name))",
    "CREATE TABLE %s.sequence (run bigint, schema_name text, sequence_name text, before_last"
    " bigint, before_called bool, after_last bigint, after_called bool,"
    " PRIMARY KEY (run, schema_name, sequence_name))",
    "CREATE TABLE %s.id_map (project int, stage text, source_key text, final_key text NOT NULL,"
    " digest bytea, run bigint NOT NULL, PRIMARY KEY (project, stage, source_key))",
    "CREATE INDEX id_map_run ON %s.id_map (run)",
    "CREATE TABLE %s.undo_sql (run bigint, no int, name text, sql text NOT NULL)",
};

void state_grants(const char *schema, const char *role, const char *database, struct str *out)
{
    str_add(out, "CREATE SCHEMA IF NOT EXISTS ");
    sql_ident(out, schema);
    str_add(out, " AUTHORIZATION ");
    sql_ident(out, role);
    str_add(out, ";\n-- or let the role make it: GRANT CREATE ON DATABASE ");
    sql_ident(out, database);
    str_add(out, " TO ");
    sql_ident(out, role);
    str_add(out, ";\n");
}

static int missing_rights(struct state *s, struct error *err)
{
    struct pg_where where;
    struct str grants;
    str_init(&grants, 0);
    pg_where(s->pg, &where);
    state_grants(s->schema, where.user, where.dbname, &grants);
    error_clear(err);
    error_set(err, STATUS_PREFLIGHT, "role %s may not make schema %s in database %s", where.user,
              s->schema, where.dbname);
    error_why(err, "staging tables and the state of runs live there, also in a dry run");
    error_fix(err, "%s", grants.data);
    str_clear(&grants);
    return STATUS_PREFLIGHT;
}

int state_exists(struct state *s, struct error *err)
{
    const char *const params[] = {s->schema};
    struct pg_result *res = pg_query(s->pg, err,
                                     "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON"
                                     " n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname ="
                                     " 'meta')",
                                     1, params);
    if (!res)
        return -err->code;
    int there = pg_get(res, 0, 0)[0] == 't';
    pg_free(res);
    if (!there)
        return 0;
    res = pg_queryf(s->pg, err, "SELECT version FROM %s.meta", s->q);
    if (!res)
        return -err->code;
    int64_t version = pg_rows(res) ? pg_get_int(res, 0, 0) : 0;
    pg_free(res);
    if (version == STATE_VERSION)
        return 1;
    error_set(err, STATUS_PREFLIGHT, "schema %s is of version %lld, this mighost knows version %d",
              s->schema, (long long)version, STATE_VERSION);
    error_fix(err, "use a mighost of the same or a newer version");
    return -STATUS_PREFLIGHT;
}

static int make_tables(struct state *s, struct error *err)
{
    int code =
        pg_execf(s->pg, err, "CREATE SCHEMA IF NOT EXISTS %s; REVOKE ALL ON SCHEMA %s FROM PUBLIC",
                 s->q, s->q);
    for (size_t i = 0; !code && i < sizeof ddl / sizeof *ddl; i++) {
        char sql[2048];
        snprintf(sql, sizeof sql, ddl[i], s->q);
        code = pg_exec(s->pg, err, sql);
    }
    if (!code)
        code = pg_execf(s->pg, err, "INSERT INTO %s.meta VALUES (%d)", s->q, STATE_VERSION);
    /* Roles that hosted platforms hand to web clients must not see staged rows. */
    static const char *const web[] = {"anon", "authenticated"};
    for (size_t i = 0; !code && i < 2; i++)
        code = pg_execf(s->pg, err,
                        "DO $$BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = '%s') THEN"
                        " REVOKE ALL ON SCHEMA %s FROM %s; END IF; END$$",
                        web[i], s->q, web[i]);
    return code;
}

int state_prepare(struct state *s, struct error *err)
{
    if (pg_begin(s->pg, "", err))
        return err->code;
    /* Two first runs at once: the second waits, then finds the schema. */
    int code = pg_exec(s->pg, err, "SELECT pg_advisory_xact_lock(hashtext('mighost schema'))");
    int there = code ? 0 : state_exists(s, err);
    if (!code && there < 0)
        code = -there;
    if (!code && there == 0)
        code = make_tables(s, err);
    if (code && str_equal(pg_sqlstate(s->pg), "42501"))
        code = missing_rights(s, err);
    if (!code)
        code = pg_commit(s->pg, 60, err);
    if (code)
        pg_rollback(s->pg);
    return code;
}

/* ---- opening a run --------------------------------------------------------------------- */

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
    int64_t run, epoch;
    char text[400]; /* "run 7 of host h, pid 1, started ..., last heartbeat ..." */
    enum run_state at;
    int backend, alive, fresh;
};

/* `condition` selects among unfinished runs. 1 found, 0 none, else -status. */
static int find_holder(struct state *s, const char *condition, struct holder *out,
                       struct error *err)
{
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "SELECT r.id, r.epoch, r.state, r.backend, EXISTS (SELECT FROM pg_stat_activity a WHERE"
        " a.pid = r.backend AND a.datname = current_database() AND (a.application_name ="
        " 'mighost' OR a.application_name IS NULL)),"
        " clock_timestamp() - h.at < interval '%d seconds',"
        " format('run %%s of project %%s on host %%s, pid %%s, started %%s, last heartbeat %%s',"
        " r.id, p.name, r.host, r.pid, to_char(r.started, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
        " to_char(h.at, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'))"
        " FROM %s.run r JOIN %s.project p ON p.id = r.project LEFT JOIN %s.heartbeat h ON"
        " h.run = r.id WHERE r.state IN ('loading', 'checked', 'held', 'published') AND %s"
        " ORDER BY r.id DESC LIMIT 1",
        LEASE_SECONDS, s->q, s->q, s->q, condition);
    if (!res)
        return -err->code;
    int found = pg_rows(res);
    if (found) {
        out->run = pg_get_int(res, 0, 0);
        out->epoch = pg_get_int(res, 0, 1);
        state_parse(pg_get(res, 0, 2), &out->at);
        out->backend = (int)pg_get_int(res, 0, 3);
        out->alive = pg_get(res, 0, 4)[0] == 't';
        out->fresh = pg_get(res, 0, 5) && pg_get(res, 0, 5)[0] == 't';
        snprintf(out->text, sizeof out->text, "%s", pg_get(res, 0, 6) ? pg_get(res, 0, 6) : "");
    }
    pg_free(res);
    return found;
}

static int busy(const struct holder *h, struct error *err)
{
    error_set(err, STATUS_BUSY, "another run is active: %s", h->text);
    error_fix(err,
              "wait for it, stop it with --stop %lld, or, when it hangs and its heartbeat is "
              "old, take over with --takeover",
              (long long)h->run);
    return STATUS_BUSY;
}

/* A killed client's backend needs a moment to notice; then the run is free. */
static int wait_gone(struct state *s, const char *condition, struct holder *h, struct error *err)
{
    for (int i = 0; i < 10 && h->alive; i++) {
        usleep(200000);
        /* pg_stat_activity is a snapshot of the transaction: ask for a new one. */
        if (pg_exec(s->pg, err, "SELECT pg_stat_clear_snapshot()") ||
            find_holder(s, condition, h, err) < 0)
            return err->code;
    }
    return 0;
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
        " 1, '%s', '%s', %s, %d, pg_backend_pid(), clock_timestamp() FROM %s.run RETURNING id,"
        " to_char(started, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')",
        s->q, (long long)s->project, parent, o->kind, job->hash, job->catalog.hash, quoted.data,
        (int)getpid(), s->q);
    str_clear(&quoted);
    if (!res)
        return err->code;
    s->run = pg_get_int(res, 0, 0);
    s->epoch = 1;
    s->at = RUN_LOADING;
    snprintf(s->started, sizeof s->started, "%s", pg_get(res, 0, 1));
    pg_free(res);
    return pg_execf(s->pg, err, "INSERT INTO %s.heartbeat VALUES (%lld, clock_timestamp())", s->q,
                    (long long)s->run);
}

/* FOR UPDATE waits for a writer in flight (bounded by lock_timeout); then the old backend is
 * ended, so that a stopped process cannot wake up with an open transaction. */
static int take_over(struct state *s, const struct holder *h, struct error *err)
{
    char host[128] = "";
    gethostname(host, sizeof host - 1);
    struct str quoted;
    str_init(&quoted, 0);
    sql_literal(&quoted, host);
    if (h->alive)
        pg_execf(s->pg, err, "SELECT pg_terminate_backend(%d)", h->backend);
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "UPDATE %s.run SET epoch = epoch + 1, host = %s, pid = %d, backend = pg_backend_pid()"
        " WHERE id = (SELECT id FROM %s.run WHERE id = %lld AND epoch = %lld FOR UPDATE)"
        " RETURNING epoch, state, to_char(started, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')",
        s->q, quoted.data, (int)getpid(), s->q, (long long)h->run, (long long)h->epoch);
    str_clear(&quoted);
    if (!res)
        return err->code;
    int hit = pg_rows(res);
    if (hit) {
        s->run = h->run;
        s->epoch = pg_get_int(res, 0, 0);
        state_parse(pg_get(res, 0, 1), &s->at);
        snprintf(s->started, sizeof s->started, "%s", pg_get(res, 0, 2));
        s->resumed = 1;
    }
    pg_free(res);
    return hit ? state_event(s, err, "taken over as epoch %lld", (long long)s->epoch)
               : busy(h, err);
}

static int open_locked(struct state *s, const struct job *job, const struct state_options *o,
                       struct error *err)
{
    struct holder h;
    char condition[64];
    int code = pg_exec(s->pg, err, "SELECT pg_advisory_xact_lock(hashtext('mighost open run'))");
    if (!code)
        code = project_number(s, job->project->name, err);
    if (!code)
        code = other_project_writes(s, job, err);
    if (code)
        return code;
    snprintf(condition, sizeof condition, "r.project = %lld", (long long)s->project);
    int found = find_holder(s, condition, &h, err);
    if (found < 0)
        return -found;
    if (!found)
        return insert_run(s, job, o, err);
    if (wait_gone(s, condition, &h, err))
        return err->code;
    if (h.alive && (h.fresh || !o->takeover))
        return busy(&h, err);
    return take_over(s, &h, err);
}

int state_open_run(struct state *s, const struct job *job, const struct state_options *options,
                   struct error *err)
{
    if (fault_point("run.before_open"))
        return error_set(err, STATUS_TEMPORARY, "fault point run.before_open");
    if (pg_begin(s->pg, "", err))
        return err->code;
    int code = open_locked(s, job, options, err);
    if (!code)
        code = pg_commit(s->pg, 60, err);
    if (code)
        pg_rollback(s->pg);
    return code;
}

int state_attach(struct state *s, int64_t run, struct error *err)
{
    struct pg_result *res =
        pg_queryf(s->pg, err,
                  "SELECT project, epoch, state, to_char(started, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS"
                  "\"Z\"') FROM %s.run WHERE id = %lld",
                  s->q, (long long)run);
    if (!res)
        return err->code;
    int hit = pg_rows(res);
    if (hit) {
        s->run = run;
        s->project = pg_get_int(res, 0, 0);
        s->epoch = pg_get_int(res, 0, 1);
        state_parse(pg_get(res, 0, 2), &s->at);
        snprintf(s->started, sizeof s->started, "%s", pg_get(res, 0, 3));
    }
    pg_free(res);
    if (hit)
        return 0;
    error_set(err, STATUS_REFUSED, "there is no run %lld in this target", (long long)run);
    error_fix(err, "see the runs with --status");
    return STATUS_REFUSED;
}

int64_t state_newest(struct state *s, const char *project, const char *states, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "SELECT max(r.id) FROM %s.run r JOIN %s.project p ON p.id = r.project WHERE r.state"
               " IN (%s)",
               s->q, s->q, states);
    if (project) {
        str_add(&sql, " AND p.name = ");
        sql_literal(&sql, project);
    }
    struct pg_result *res = pg_query(s->pg, err, sql.data, 0, NULL);
    str_clear(&sql);
    int64_t run = res ? pg_get_int(res, 0, 0) : 0;
    pg_free(res);
    return run;
}

/* ---- inside a run ---------------------------------------------------------------------- */

int state_fence(struct state *s, struct error *err)
{
    struct pg_result *res =
        pg_queryf(s->pg, err, "SELECT epoch, state FROM %s.run WHERE id = %lld FOR KEY SHARE", s->q,
                  (long long)s->run);
    if (!res)
        return err->code;
    int64_t epoch = pg_rows(res) ? pg_get_int(res, 0, 0) : 0;
    pg_free(res);
    if (epoch == s->epoch)
        return 0;
    error_set(err, STATUS_BUSY, "run %lld: epoch %lld is over, now %lld: another process took over",
              (long long)s->run, (long long)s->epoch, (long long)epoch);
    error_fix(err, "let the other process go on; see it with --status");
    return STATUS_BUSY;
}

int state_begin(struct state *s, struct error *err)
{
    if (pg_begin(s->pg, "ISOLATION LEVEL READ COMMITTED", err))
        return err->code;
    int code = state_fence(s, err);
    if (code)
        pg_rollback(s->pg);
    return code;
}

int state_commit(struct state *s, struct error *err)
{
    int code = pg_commit(s->pg, 60, err);
    if (code)
        pg_rollback(s->pg);
    return code;
}

int state_move(struct state *s, enum run_state to, struct error *err)
{
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "UPDATE %s.run SET state = '%s' WHERE id = %lld AND epoch = %lld AND state = '%s'", s->q,
        state_text(to), (long long)s->run, (long long)s->epoch, state_text(s->at));
    if (!res)
        return err->code;
    int64_t hit = pg_affected(res);
    pg_free(res);
    if (hit != 1)
        return error_set(err, STATUS_BUSY, "run %lld is no longer in state %s", (long long)s->run,
                         state_text(s->at));
    s->at = to;
    return state_event(s, err, "%s", state_text(to));
}

int state_heartbeat(struct state *s, struct error *err)
{
    return pg_execf(s->pg, err, "UPDATE %s.heartbeat SET at = clock_timestamp() WHERE run = %lld",
                    s->q, (long long)s->run);
}

int state_event(struct state *s, struct error *err, const char *format, ...)
{
    struct str sql, text;
    va_list ap;
    str_init(&text, 0);
    str_init(&sql, 0);
    va_start(ap, format);
    str_vprintf(&text, format, ap);
    va_end(ap);
    str_printf(&sql, "INSERT INTO %s.event (run, what) VALUES (%lld, ", s->q, (long long)s->run);
    sql_literal(&sql, text.data);
    str_add_char(&sql, ')');
    int code = pg_exec(s->pg, err, sql.data);
    str_clear(&sql);
    str_clear(&text);
    return code;
}

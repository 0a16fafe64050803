/* state.c - schema "mighost" of the target: its tables, the run row and its fence. What a run
 * means is in run.c; here is only how far it is. Who may work on it is in state_open.c. */
#include "state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "log.h"
#include "signals.h"
#include "sql.h"

#define SETTLE_TRIES 60 /* one a second */

static const char *const names[] = {"loading",   "checked",   "held",   "published",
                                    "done",      "dry",       "failed", "rolled_back",
                                    "abandoned", "finalized", "partly"};

int state_undoable(enum run_state state)
{
    return state == RUN_PARTLY || state == RUN_PUBLISHED || state == RUN_DONE;
}

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
    s->backend = "NULL";
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
    " finished timestamptz, published timestamptz, publish_seconds float8, publish_xid xid8, "
    "undo_xid xid8,"
    " rolled_back timestamptz, exit_code int, backup text, bundle text, report text)",
    "CREATE TABLE %s.heartbeat (run bigint PRIMARY KEY, at timestamptz NOT NULL, step text"
    " NOT NULL)",
    "CREATE TABLE %s.run_stage (run bigint, no int, name text NOT NULL, hash text NOT NULL,"
    " identity text NOT NULL, done bool NOT NULL, seconds float8, own_keys bool NOT NULL,"
    " map_sql text, key_column text, since bigint, PRIMARY KEY (run, name))",
    "CREATE TABLE %s.run_table (run bigint, no int, schema_name text NOT NULL,"
    " table_name text NOT NULL, oid oid NOT NULL, policy text NOT NULL, columns text[] NOT NULL,"
    " key_columns text[], staged bigint, inserted bigint, updated bigint, unchanged bigint,"
    " deleted bigint, skipped bigint, rejected bigint, refused bigint, was_empty bool,"
    " changed_by_target bigint, PRIMARY KEY (run, no))",
    "CREATE TABLE %s.chunk (run bigint, no bigint, stage text NOT NULL, first_record bigint"
    " NOT NULL, position_before text NOT NULL, position_after text NOT NULL, read bigint NOT NULL,"
    " loaded bigint NOT NULL, skipped bigint NOT NULL, rejected bigint NOT NULL, rows bigint"
    " NOT NULL, share float8, at timestamptz NOT NULL DEFAULT clock_timestamp(), mark bigint,"
    " snapshot text, PRIMARY KEY (run, no))",
    /* no: of the chunk before the part's first. worker: who has it, in this epoch of the run. */
    "CREATE TABLE %s.part (run bigint, no bigint, stage text NOT NULL, bounds text NOT NULL,"
    " attempt int NOT NULL DEFAULT 0, epoch bigint, worker int, done bool NOT NULL DEFAULT false,"
    " first_record bigint, PRIMARY KEY (run, no))",
    "CREATE TABLE %s.reject (run bigint NOT NULL, record bigint NOT NULL, stage text NOT NULL,"
    " number bigint NOT NULL, key text, final_key text, outcome int2 NOT NULL, step text NOT NULL,"
    " table_name text, field text, code text NOT NULL, reason text NOT NULL, cause bigint,"
    " first_cause text, raw text, PRIMARY KEY (run, record))",
    "CREATE INDEX reject_final_key ON %s.reject (run, stage, final_key)",
    "CREATE TABLE %s.source_change (run bigint NOT NULL, stage text NOT NULL, what text NOT NULL,"
    " key text, final_key text)",
    "CREATE INDEX source_change_run ON %s.source_change (run, stage)",
    "CREATE TABLE %s.repair (run bigint, chunk bigint, stage text, field text, rule text,"
    " count bigint NOT NULL)",
    "CREATE TABLE %s.event (run bigint, no bigint, at timestamptz NOT NULL, who text NOT NULL,"
    " what text NOT NULL, chain text NOT NULL, PRIMARY KEY (run, no))",
    "CREATE TABLE %s.check_result (run bigint, phase text, validator text, name text, kind text,"
    " severity text, status text NOT NULL, violations bigint NOT NULL, sql text)",
    "CREATE TABLE %s.fingerprint (run bigint, schema_name text, table_name text, phase text,"
    " rows bigint, sum text, PRIMARY KEY (run, phase, schema_name, table_name))",
    "CREATE TABLE %s.sequence (run bigint, schema_name text, sequence_name text, before_last"
    " bigint, before_called bool, after_last bigint, after_called bool,"
    " PRIMARY KEY (run, schema_name, sequence_name))",
    "CREATE TABLE %s.numbering (run bigint, no int, schema_name text NOT NULL, sequence_name text"
    " NOT NULL, base bigint NOT NULL, last bigint NOT NULL, PRIMARY KEY (run, no))",
    "CREATE TABLE %s.id_map_kept (project int, stage text, source_key text, final_key text NOT"
    " NULL, run bigint NOT NULL, PRIMARY KEY (project, stage, source_key))",
    "CREATE FUNCTION %s.id_map_rows(of_stage text DEFAULT NULL) RETURNS TABLE (project int, stage"
    " text, source_key text, final_key text, run bigint, at bigint) LANGUAGE plpgsql STABLE SET"
    " search_path = pg_catalog, pg_temp AS $map$ DECLARE p record; BEGIN RETURN QUERY SELECT"
    " k.project, k.stage, k.source_key, k.final_key, k.run, 0::bigint FROM %s.id_map_kept k WHERE"
    " of_stage IS NULL OR k.stage = of_stage; FOR p IN SELECT r.project, s.run, s.name, s.map_sql"
    " FROM %s.run_stage s JOIN %s.run r ON r.id = s.run WHERE r.state IN ('published', 'done') AND"
    " s.map_sql IS NOT NULL AND (of_stage IS NULL OR s.name = of_stage) LOOP RETURN QUERY EXECUTE"
    " format('SELECT %%s, %%L::text, m.source_key, m.final_key, %%s::bigint, m.at FROM (%%s) m',"
    " p.project, p.name, p.run, p.map_sql); END LOOP; END $map$",
    /* The newest run says what became of a source key, the first one that said so is named. */
    "CREATE VIEW %s.id_map AS SELECT DISTINCT ON (project, stage, source_key COLLATE \"C\")"
    " project, stage, source_key, final_key, min(run) OVER (PARTITION BY project, stage, source_key"
    " COLLATE \"C\", final_key) AS run FROM %s.id_map_rows() r ORDER BY project, stage, source_key"
    " COLLATE \"C\", r.run DESC, at",
    /* Of a run that is published in batches: xid says that it is done. Early and late ones delete.
     */
    "CREATE TABLE %s.batch (run bigint, no int, table_no int NOT NULL, kind text NOT NULL, first_id"
    " bigint, last_id bigint, xid xid8, at timestamptz, PRIMARY KEY (run, no))",
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
    pg_where(s->pg, &where);
    error_clear(err);
    error_set(err, STATUS_PREFLIGHT, "role %s may not make schema %s in database %s", where.user,
              s->schema, where.dbname);
    error_why(err, "staging tables and the state of runs live there, also in a dry run");
    error_fix(err, "have a DBA make it: mighost --print-grants prints the SQL");
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
    if (version > STATE_VERSION)
        error_fix(err, "use a mighost of the same or a newer version");
    else
        error_fix(err, "finalize or roll back its runs with the mighost that made it, then DROP "
                       "SCHEMA, or give another --state-schema");
    return -STATUS_PREFLIGHT;
}

/* IF NOT EXISTS would ask for the right to create schemas even where a DBA has made this one. */
static int make_schema(struct state *s, struct error *err)
{
    const char *const params[] = {s->schema};
    struct pg_result *res =
        pg_query(s->pg, err, "SELECT FROM pg_namespace WHERE nspname = $1", 1, params);
    if (!res)
        return err->code;
    int there = pg_rows(res) > 0;
    pg_free(res);
    int code = there ? 0 : pg_execf(s->pg, err, "CREATE SCHEMA %s", s->q);
    return code ? code : pg_execf(s->pg, err, "REVOKE ALL ON SCHEMA %s FROM PUBLIC", s->q);
}

static int make_tables(struct state *s, struct error *err)
{
    int code = make_schema(s, err);
    for (size_t i = 0; !code && i < sizeof ddl / sizeof *ddl; i++) {
        char sql[2048];
        snprintf(sql, sizeof sql, ddl[i], s->q, s->q, s->q, s->q);
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
    if (pg_begin(s->pg, "ISOLATION LEVEL READ COMMITTED", err))
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
        return state_commit(s, err);
    pg_rollback(s->pg);
    return code;
}

/* ---- finding runs ----------------------------------------------------------------------- */

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
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    int64_t run = res ? pg_get_int(res, 0, 0) : 0;
    pg_free(res);
    return run;
}

/* ---- inside a run ---------------------------------------------------------------------- */

static int epoch_over(const struct state *s, int64_t now, struct error *err)
{
    error_set(err, STATUS_BUSY, "run %lld: epoch %lld is over, now %lld: another process took over",
              (long long)s->run, (long long)s->epoch, (long long)now);
    error_fix(err, "let the other process go on; see it with --status");
    return STATUS_BUSY;
}

/* FOR KEY SHARE: FOR UPDATE, by which a run or a part is taken, waits for it and it for that. */
static void fence_sql(const struct state *s, struct str *sql)
{
    str_printf(sql, "SELECT r.epoch FROM %s.run r", s->q);
    if (s->part)
        str_printf(sql, " JOIN %s.part p ON p.run = r.id AND p.no = %lld AND p.attempt = %lld",
                   s->q, (long long)s->part, (long long)s->attempt);
    str_printf(sql, " WHERE r.id = %lld FOR KEY SHARE", (long long)s->run);
}

int state_fence(struct state *s, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    fence_sql(s, &sql);
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    if (!res)
        return err->code;
    int there = pg_rows(res);
    int64_t epoch = there ? pg_get_int(res, 0, 0) : 0;
    pg_free(res);
    if (!there && s->part)
        return error_set(err, STATUS_BUSY, "run %lld: another process took over, or took the part",
                         (long long)s->run);
    return epoch == s->epoch ? 0 : epoch_over(s, epoch, err);
}

void state_begin_sql(const struct state *s, const char *settings, struct str *sql)
{
    pg_begin_sql(s->pg, "ISOLATION LEVEL READ COMMITTED", sql);
    str_printf(sql, ";%s ", settings);
    fence_sql(s, sql);
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
    int code = pg_commit(s->pg, 0, err);
    if (code)
        pg_rollback(s->pg);
    if (code != STATUS_UNKNOWN)
        return code;
    error_clear(err);
    error_set(err, STATUS_TEMPORARY, "no answer to COMMIT from the target");
    error_fix(err, "repeat the same command: it asks the target what became of it");
    return STATUS_TEMPORARY;
}

/* The row lock is that of a takeover: an old transaction of ours ends before we have it. One
 * that does not end has a client that is gone and a network that does not say so. */
static int lock_after_loss(struct state *s, enum run_state *now, struct error *err)
{
    struct pg_result *res =
        pg_queryf(s->pg, err, "SELECT epoch, state FROM %s.run WHERE id = %lld FOR UPDATE", s->q,
                  (long long)s->run);
    if (!res)
        return err->code;
    int64_t epoch = pg_rows(res) ? pg_get_int(res, 0, 0) : 0;
    if (now && epoch)
        state_parse(pg_get(res, 0, 1), now);
    pg_free(res);
    return epoch == s->epoch ? 0 : epoch_over(s, epoch, err);
}

static void end_old_backend(struct state *s)
{
    struct error err = {0};
    pg_execf(s->pg, &err,
             "SELECT pg_terminate_backend(a.pid) FROM %s.run r JOIN pg_stat_activity a ON a.pid IN"
             " (r.backend, %d) WHERE r.id = %lld AND r.epoch = %lld AND a.pid <>"
             " pg_backend_pid() AND a.application_name = 'mighost'",
             s->q, s->committing, (long long)s->run, (long long)s->epoch);
}

int state_reconnect(struct state *s, enum run_state *now, struct error *err)
{
    int code = pg_reconnect(s->pg, err);
    if (!code)
        code = pg_begin(s->pg, "ISOLATION LEVEL READ COMMITTED", err);
    if (!code)
        code = lock_after_loss(s, now, err);
    int held = code && str_equal(pg_sqlstate(s->pg), "55P03");
    if (!code)
        code = pg_execf(s->pg, err, "UPDATE %s.run SET backend = %s WHERE id = %lld", s->q,
                        s->backend, (long long)s->run);
    if (!code)
        return state_commit(s, err);
    pg_rollback(s->pg);
    if (held)
        end_old_backend(s);
    return code;
}

int state_settle(struct state *s, enum run_state wanted, int in_doubt, struct error *err)
{
    int tries = fault_number("MIGHOST_SETTLE", SETTLE_TRIES);
    log_write(LOG_WARNING, "%s; asking the target what became of it", err->what);
    signals_cancel_statements(0); /* who wants to stop has to know, too */
    for (int i = 0; i == 0 || (i < tries && !host_is_cancelled()); i++) {
        error_clear(err);
        int code = state_reconnect(s, &s->at, err);
        if (!code && s->at == wanted)
            return 0;
        if (!code)
            return error_set(err, STATUS_TEMPORARY, "the transaction of run %lld did not commit",
                             (long long)s->run);
        if (code != STATUS_TEMPORARY)
            return code;
        sleep(1);
    }
    if (!in_doubt)
        return STATUS_TEMPORARY;
    error_clear(err);
    error_set(err, STATUS_UNKNOWN, "whether the transaction of run %lld committed is not known",
              (long long)s->run);
    error_fix(err, "repeat the same command when the target can be reached: it asks the run row");
    return STATUS_UNKNOWN;
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

void state_heartbeat_sql(const struct state *s, const char *step, struct str *sql)
{
    str_printf(sql, "UPDATE %s.heartbeat SET at = clock_timestamp(), step = '%s' WHERE run = %lld",
               s->q, step, (long long)s->run);
}

int state_heartbeat(struct state *s, const char *step, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    state_heartbeat_sql(s, step, &sql);
    return pg_exec_str(s->pg, &sql, err);
}

/* What the chain's link is made of: an edited, added or removed line breaks it. */
#define CHAIN                                                                                      \
    "encode(sha256(convert_to(concat_ws('|', %s, run, no, at::text, who, what), 'UTF8')), 'hex')"

void state_event_sql(const struct state *s, const char *what, struct str *out)
{
    str_printf(out, "INSERT INTO %s.event SELECT run, no, at, who, what, " CHAIN, s->q, "last");
    str_printf(
        out,
        " FROM (SELECT %lld::bigint AS run, coalesce(max(no), 0) + 1 AS no,"
        " clock_timestamp() AS at, session_user::text AS who, coalesce((array_agg(chain ORDER"
        " BY no DESC))[1], '') AS last, ",
        (long long)s->run);
    sql_literal(out, what);
    str_printf(out, "::text AS what FROM %s.event WHERE run = %lld) x", s->q, (long long)s->run);
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
    state_event_sql(s, text.data, &sql);
    int code = pg_exec_str(s->pg, &sql, err);
    str_clear(&text);
    return code;
}

int state_trail(struct state *s, int64_t *broken, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_add(&sql, "SELECT count(*) FROM (SELECT *, row_number() OVER (ORDER BY no) AS n,"
                  " coalesce(lag(chain) OVER (ORDER BY no), '') AS last FROM ");
    str_printf(&sql, "%s.event WHERE run = %lld) x WHERE n <> no OR chain <> " CHAIN, s->q,
               (long long)s->run, "last");
    *broken = pg_count(s->pg, &sql, err);
    return err->code;
}

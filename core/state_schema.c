/* state_schema.c - schema "mighost" itself: its tables, its version, and who may make it. What
 * stands in the tables is written by those that it is about. */
#include <stdio.h>

#include "sql.h"
#include "state.h"

/* %s is the quoted schema, everywhere. Text for keys: source keys have no type of ours. */
static const char *const ddl[] = {
    "CREATE TABLE %s.meta (version int NOT NULL)",
    "CREATE TABLE %s.project (id int PRIMARY KEY, name text NOT NULL UNIQUE)",
    "CREATE TABLE %s.run (id bigint PRIMARY KEY, project int NOT NULL, parent bigint,"
    " kind text NOT NULL, state text NOT NULL, epoch bigint NOT NULL, plan_hash text NOT NULL,"
    " catalog_hash text, host text, pid int, backend int, started timestamptz NOT NULL,"
    " finished timestamptz, published timestamptz, publish_seconds float8, publish_xid xid8, "
    "undo_xid xid8,"
    " rolled_back timestamptz, exit_code int, backup text, bundle text, report text, version text,"
    " plan json, totals json)",
    /* steps: those so far with their seconds, the last one began at step_begun. For tell.c. */
    "CREATE TABLE %s.heartbeat (run bigint PRIMARY KEY, at timestamptz NOT NULL, step text"
    " NOT NULL, step_begun timestamptz, steps json, waits text)",
    /* What keeps a run waiting that its process cannot tell in its heartbeat: a call into a plugin
     * (worker 0), and what its worker processes wait for. */
    "CREATE TABLE %s.waiting (run bigint, worker int, epoch bigint NOT NULL, kind text NOT NULL,"
    " what text NOT NULL, backend int, since timestamptz NOT NULL, PRIMARY KEY (run, worker))",
    "CREATE TABLE %s.run_stage (run bigint, no int, name text NOT NULL, hash text NOT NULL,"
    " identity text NOT NULL, done bool NOT NULL, seconds float8, own_keys bool NOT NULL,"
    " map_sql text, key_column text, since bigint, snapshot text, login text[], PRIMARY KEY (run, "
    "name))",
    "CREATE TABLE %s.run_table (run bigint, no int, schema_name text NOT NULL,"
    " table_name text NOT NULL, oid oid NOT NULL, policy text NOT NULL, columns text[] NOT NULL,"
    " key_columns text[], staged bigint, inserted bigint, updated bigint, unchanged bigint,"
    " deleted bigint, skipped bigint, rejected bigint, was_empty bool, PRIMARY KEY (run, no))",
    "CREATE TABLE %s.chunk (run bigint, no bigint, stage text NOT NULL, first_record bigint"
    " NOT NULL, position_before text NOT NULL, position_after text NOT NULL, read bigint NOT NULL,"
    " loaded bigint NOT NULL, skipped bigint NOT NULL, rejected bigint NOT NULL, rows bigint"
    " NOT NULL, share float8, at timestamptz NOT NULL DEFAULT clock_timestamp(), mark bigint,"
    " keys int8range, snapshot text, filled json, PRIMARY KEY (run, no))",
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
    /* What sources told of the reading of a stage. */
    "CREATE TABLE %s.source_fact (run bigint, stage text, name text, value text NOT NULL, PRIMARY"
    " KEY (run, stage, name))",
    "CREATE TABLE %s.repair (run bigint, chunk bigint, stage text, field text, rule text,"
    " count bigint NOT NULL)",
    /* The first of each stage, field and rule; see hostrepairs.h. */
    "CREATE TABLE %s.repaired (run bigint NOT NULL, chunk bigint NOT NULL, stage text NOT NULL, key"
    " text, field text NOT NULL, rule text NOT NULL)",
    "CREATE INDEX repaired_run ON %s.repaired (run, chunk)",
    /* fate: suffix, null, reject. winner: who keeps the value, NULL: a live row. */
    "CREATE TABLE %s.taken (run bigint NOT NULL, stage text NOT NULL, key text, table_name text NOT"
    " NULL, column_name text NOT NULL, fate text NOT NULL, winner text)",
    "CREATE INDEX taken_run ON %s.taken (run)",
    "CREATE TABLE %s.event (run bigint, no bigint, at timestamptz NOT NULL, who text NOT NULL,"
    " what text NOT NULL, chain text NOT NULL, PRIMARY KEY (run, no))",
    "CREATE TABLE %s.check_result (run bigint, phase text, validator text, name text, kind text,"
    " severity text, status text NOT NULL, violations bigint NOT NULL, sql text, seconds float8)",
    "CREATE TABLE %s.fingerprint (run bigint, schema_name text, table_name text, phase text,"
    " rows bigint, sum text, PRIMARY KEY (run, phase, schema_name, table_name))",
    /* no: place in the project's list "preserve". */
    "CREATE TABLE %s.preserved (run bigint, no int, name text NOT NULL, schema_name text NOT NULL,"
    " table_name text NOT NULL, rows_before bigint, sum_before text, rows_after bigint, sum_after"
    " text, PRIMARY KEY (run, no))",
    "CREATE TABLE %s.preserved_row (run bigint NOT NULL, no int NOT NULL, key text, what text NOT"
    " NULL)",
    "CREATE TABLE %s.sequence (run bigint, schema_name text, sequence_name text, before_last"
    " bigint, before_called bool, after_last bigint, after_called bool,"
    " PRIMARY KEY (run, schema_name, sequence_name))",
    "CREATE TABLE %s.numbering (run bigint, no int, schema_name text NOT NULL, sequence_name text"
    " NOT NULL, base bigint NOT NULL, last bigint NOT NULL, PRIMARY KEY (run, no))",
    "CREATE TABLE %s.id_map_kept (project int, stage text, source_key text, final_key text NOT"
    " NULL, run bigint NOT NULL, PRIMARY KEY (project, stage, source_key))",
    /* Restricted: what else a statement does, that asks it, may be done by workers. */
    "CREATE FUNCTION %s.id_map_rows(of_stage text DEFAULT NULL) RETURNS TABLE (project int, stage"
    " text, source_key text, final_key text, run bigint, at bigint) LANGUAGE plpgsql STABLE "
    "PARALLEL RESTRICTED SET"
    " search_path = pg_catalog, pg_temp AS $map$ DECLARE p record; BEGIN RETURN QUERY SELECT"
    " k.project, k.stage, k.source_key, k.final_key, k.run, 0::bigint FROM %s.id_map_kept k WHERE"
    " of_stage IS NULL OR k.stage = of_stage; FOR p IN SELECT r.project, s.run, s.name, s.map_sql"
    " FROM %s.run_stage s JOIN %s.run r ON r.id = s.run WHERE r.state IN ('published', 'done',"
    " 'partly_rolled_back') AND"
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
    "CREATE TABLE %s.rehearsal (id bigint PRIMARY KEY, project text NOT NULL, at timestamptz NOT"
    " NULL, go bool NOT NULL, project_hash text NOT NULL, stages_hash text NOT NULL, plugins_hash"
    " text NOT NULL, catalog_hash text NOT NULL, place text NOT NULL, bundle text NOT NULL,"
    " measured json)",
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

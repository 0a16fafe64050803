/* staging.c - the run's staging tables: made, named in the state schema, dropped, and what the
 * planner is told of them. The rows on their way into them are in staged.c. */
#include "staging.h"

#include <stdio.h>

#include "match.h"
#include "memo.h"
#include "rewrite.h"
#include "sql.h"
#include "waits.h"

static int create_staging(struct state *s, const struct job *job, const struct job_table *t,
                          struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "CREATE TABLE IF NOT EXISTS %s (_mig_id bigint NOT NULL, _mig_record bigint NOT"
               " NULL, _mig_key text, _mig_state int2 NOT NULL, _mig_absent int4[]",
               t->staging);
    for (size_t i = 0; i < t->n_columns; i++) {
        str_add(&sql, ", ");
        sql_ident(&sql, t->columns[i]->name);
        str_printf(&sql, " %s", t->columns[i]->base);
    }
    rewrite_columns(job, t, &sql);
    str_add(&sql, ") WITH (autovacuum_enabled = false)");
    return pg_exec_str(s->pg, &sql, err);
}

static void add_array(struct str *sql, const char *const *items, size_t n)
{
    str_add(sql, "ARRAY[");
    for (size_t i = 0; i < n; i++) {
        if (i)
            str_add(sql, ", ");
        sql_literal(sql, items[i]);
    }
    str_add(sql, "]::text[]");
}

void staging_shape(const struct job_table *t, struct str *sql)
{
    str_printf(sql, "(%zu, %u::bigint, '%s', ARRAY[", t->no, t->t->oid, policy_text(t->policy));
    for (size_t i = 0; i < t->n_columns; i++) {
        str_add(sql, i ? ", " : "");
        sql_literal(sql, t->columns[i]->name);
    }
    str_add(sql, "]::text[], ");
    if (t->match)
        add_array(sql, t->match->columns, t->match->n);
    else
        str_add(sql, "NULL::text[]");
    str_add_char(sql, ')');
}

static int register_table(struct state *s, const struct job_table *t, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "INSERT INTO %s.run_table (run, schema_name, table_name, no, oid, policy, columns,"
               " key_columns) SELECT %lld, ",
               s->q, (long long)s->run);
    sql_literal(&sql, t->t->schema);
    str_add(&sql, ", ");
    sql_literal(&sql, t->t->name);
    str_add(&sql, ", x.* FROM (VALUES ");
    staging_shape(t, &sql);
    str_add(&sql, ") x ON CONFLICT DO NOTHING");
    return pg_exec_str(s->pg, &sql, err);
}

int staging_create(struct state *s, struct job *job, struct error *err)
{
    int code = memo_create(s, job, err);
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        code = create_staging(s, job, &job->tables[i], err);
        if (!code)
            code = waits_create(s, &job->tables[i], err);
        if (!code)
            code = register_table(s, &job->tables[i], err);
    }
    return code;
}

/* Below this many staged rows nested loops stay allowed: a few rows against a large live table
 * are found by its index. Hash tables may take as much as shows in the server's own cache: one that
 * does not fit is written to disk with all rows that look into it. */
#define FEW_ROWS 10000

int staging_tune(struct state *s, const struct job *job, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "SELECT coalesce(sum(CASE relkind WHEN 'v' THEN %d ELSE reltuples END), 0)::bigint"
               " FROM pg_class WHERE oid IN (0",
               FEW_ROWS);
    for (size_t i = 0; i < job->n_tables; i++) {
        str_add(&sql, ", to_regclass(");
        sql_literal(&sql, job->tables[i].staging);
        str_add_char(&sql, ')');
    }
    str_add_char(&sql, ')');
    int64_t rows = pg_count(s->pg, &sql, err);
    if (err->code)
        return err->code;
    if (rows < FEW_ROWS)
        return 0;
    return pg_exec(s->pg, err,
                   "SET LOCAL enable_nestloop = off; SET LOCAL parallel_tuple_cost = 0.01;"
                   " SELECT set_config(name, mb || 'MB', true) FROM (VALUES ('work_mem', greatest("
                   "32, least(256, pg_size_bytes(current_setting('shared_buffers')) / 8388608))),"
                   " ('maintenance_work_mem', 128)) AS v (name, mb)"
                   " WHERE pg_size_bytes(current_setting(name)) < mb * 1048576");
}

int staging_drop(struct state *s, const struct job *job, int all, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    memo_drop_sql(s, &sql);
    int code = pg_exec(s->pg, err, sql.data);
    str_clear(&sql);
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        const struct job_table *t = &job->tables[i];
        code =
            pg_execf(s->pg, err, "DROP VIEW IF EXISTS %s, %s, %s", t->done, t->as_if, t->will_be);
        if (!code)
            code = match_drop(s, t, err);
        if (!code)
            code = pg_execf(s->pg, err, "DROP TABLE IF EXISTS %s, %s", t->staging, t->delete_table);
        if (!code && all)
            code = pg_execf(s->pg, err, "DROP TABLE IF EXISTS %s", t->before);
    }
    return code;
}

int staging_drop_run(struct state *s, int64_t run, struct error *err)
{
    struct str list;
    char sql[900];
    str_init(&list, 0);
    snprintf(sql, sizeof sql,
             "SELECT c.relkind, format('%%I.%%I', n.nspname, c.relname) FROM pg_class c JOIN"
             " pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname ~"
             " '^(staging|match|delta|delete|before|willbe|asif|done|computed|left|overwritten|"
             "fallen)_%lld_[0-9]+$' ORDER BY "
             "c.relkind DESC",
             (long long)run);
    const char *const params[] = {s->schema};
    struct pg_result *res = pg_query(s->pg, err, sql, 1, params);
    if (!res)
        return err->code;
    for (int i = 0; i < pg_rows(res); i++)
        str_printf(&list, "DROP %s IF EXISTS %s CASCADE;",
                   pg_get(res, i, 0)[0] == 'v' ? "VIEW" : "TABLE", pg_get(res, i, 1));
    pg_free(res);
    int code = list.len ? pg_exec(s->pg, err, list.data) : 0;
    str_clear(&list);
    return code;
}

/* rights.c - needs are listed here, by object and privilege; the server says which of them the
 * role has. Undo deletes what a run inserts, so DELETE is always needed (it is also what allows
 * to lock a table); sequences are read, set and drawn from. */
#include "rights.h"

#include <stdio.h>
#include <string.h>

#include "sql.h"

static void need(struct str *sql, const char *kind, const char *schema, const char *name,
                 const char *privilege)
{
    str_printf(sql, "%s('%s', ", sql->len ? ", " : "", kind);
    sql_literal(sql, schema);
    str_add(sql, ", ");
    sql_literal(sql, name);
    str_printf(sql, ", '%s')", privilege);
}

/* Tables that are only looked at: parents, and children of rows that may be deleted. */
static void need_neighbours(const struct job *job, const struct job_table *t, struct str *sql)
{
    for (size_t k = 0; k < t->n_references; k++)
        if (t->references[k].parent == SIZE_MAX)
            need(sql, "TABLE", t->references[k].key.parent_schema,
                 t->references[k].key.parent_table, "SELECT");
    for (size_t k = 0; k < t->t->n_incoming; k++) {
        const struct catalog_reference *r = &t->t->incoming[k];
        if (job_find_table(job, r->child_schema, r->child_table) == SIZE_MAX)
            need(sql, "TABLE", r->child_schema, r->child_table, "SELECT");
    }
}

static void need_table(const struct job *job, const struct job_table *t, struct str *sql)
{
    static const char *const always[] = {"SELECT", "INSERT", "DELETE"};
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        need(sql, "TABLE", t->t->schema, t->t->name, always[i]);
    if (t->policy == POLICY_UPDATE || t->policy == POLICY_REPLACE)
        need(sql, "TABLE", t->t->schema, t->t->name, "UPDATE");
    for (size_t k = 0; k < t->t->n_sequences; k++) {
        need(sql, "SEQUENCE", t->t->sequences[k].schema, t->t->sequences[k].name, "SELECT");
        need(sql, "SEQUENCE", t->t->sequences[k].schema, t->t->sequences[k].name, "UPDATE");
    }
    need_neighbours(job, t, sql);
}

/* Rows: object, privileges, GRANT. */
static struct pg_result *ask(const struct job *job, struct pg *pg, int all, struct error *err)
{
    struct str needs, sql;
    str_init(&needs, 0);
    str_init(&sql, 0);
    for (size_t i = 0; i < job->n_tables; i++)
        need_table(job, &job->tables[i], &needs);
    str_printf(
        &sql,
        "WITH need(kind, schema, name, privilege) AS (VALUES %s), every AS (SELECT kind,"
        " n.nspname, c.relname, privilege, CASE kind WHEN 'SEQUENCE' THEN"
        " has_sequence_privilege(c.oid, privilege) ELSE has_table_privilege(c.oid, privilege)"
        " END AS has FROM need JOIN pg_namespace n ON n.nspname = schema JOIN pg_class c ON"
        " c.relnamespace = n.oid AND c.relname = name UNION SELECT 'SCHEMA', nspname, NULL,"
        " 'USAGE', has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname IN"
        " (SELECT schema FROM need)), listed AS (SELECT kind, format(CASE WHEN relname IS"
        " NULL THEN '%%I' ELSE '%%I.%%I' END, nspname, relname) AS object,"
        " string_agg(privilege, ', ' ORDER BY array_position(ARRAY['SELECT', 'INSERT',"
        " 'UPDATE', 'DELETE'], privilege)) AS privileges FROM every WHERE %s GROUP BY kind,"
        " nspname, relname) SELECT object, privileges, format('GRANT %%s ON %%s %%s TO %%I',"
        " privileges, kind, object, current_user) FROM listed ORDER BY kind = 'SCHEMA' DESC,"
        " kind DESC, object",
        needs.data, all ? "true" : "NOT has");
    struct pg_result *res = needs.len ? pg_query(pg, err, sql.data, 0, NULL) : NULL;
    str_clear(&needs);
    str_clear(&sql);
    return res;
}

static void cannot_alter(const struct job *job, struct faults *faults)
{
    for (size_t i = 0; i < job->n_tables; i++)
        for (size_t k = 0; k < job->tables[i].n_references; k++) {
            const struct job_reference *r = &job->tables[i].references[k];
            if (r->cycle != CYCLE_LOOSEN || !r->key.declared || job->tables[i].t->owned)
                continue;
            struct error fault = {0};
            error_set(&fault, STATUS_PREFLIGHT,
                      "foreign key %s of %s closes a cycle and is neither deferrable nor nullable",
                      r->key.name, job->tables[i].t->quoted);
            error_why(&fault, "only the table's owner may make it deferrable for the time");
            error_fix(&fault, "ALTER TABLE %s ALTER CONSTRAINT ... DEFERRABLE, or run as the owner",
                      job->tables[i].t->quoted);
            faults_add(faults, &fault);
        }
}

int rights_check(const struct job *job, struct pg *pg, struct faults *faults, struct error *err)
{
    struct pg_result *res = ask(job, pg, 0, err);
    for (int i = 0; res && i < pg_rows(res); i++) {
        struct error fault = {0};
        error_set(&fault, STATUS_PREFLIGHT, "the role lacks privileges on %s: %s",
                  pg_get(res, i, 0), pg_get(res, i, 1));
        error_why(&fault, "the run, or its undo, would fail half way");
        error_fix(&fault, "%s", pg_get(res, i, 2));
        faults_add(faults, &fault);
    }
    pg_free(res);
    cannot_alter(job, faults);
    return err->code;
}

int rights_text(const struct job *job, struct pg *pg, struct str *out, struct error *err)
{
    int code = pg_begin(pg, "READ ONLY", err);
    struct pg_result *res = code ? NULL : ask(job, pg, 1, err);
    for (int i = 0; res && i < pg_rows(res); i++)
        str_printf(out, "%s;\n", pg_get(res, i, 2));
    pg_free(res);
    pg_rollback(pg);
    return err->code;
}

/* requires.c - what project and plugins ask of the target beyond its tables. Who asks is listed
 * here as rows; the server says what is missing. */
#include "requires.h"

#include <stdio.h>
#include <string.h>

#include "kind.h"
#include "sql.h"

/* ---- extensions ------------------------------------------------------------------------ */

static void need(struct str *rows, const char *name, const char *who)
{
    str_add(rows, rows->len ? ", (" : "(");
    sql_literal(rows, name);
    str_add(rows, ", ");
    sql_literal(rows, who);
    str_add(rows, ")");
}

static void need_of_unit(const struct unit *u, struct arena *mem, struct str *rows)
{
    const mig_need_t *needs = u->def->unit->needs;
    const char *who = arena_printf(mem, "%s of plugin %s", u->def->feature, u->def->plugin->id);
    for (size_t i = 0; needs && needs[i].feature; i++) {
        const char *name = kind_extension(needs[i].feature);
        if (name && needs[i].flags == MIG_NEED_HARD)
            need(rows, name, who);
    }
}

static void need_of_stage(const struct project_stage *p, struct arena *mem, struct str *rows)
{
    for (size_t i = 0; i < p->n_needs; i++) {
        const char *name = kind_extension(p->needs[i].feature);
        if (name && p->needs[i].hard)
            need(rows, name, arena_printf(mem, "stage %s", p->name));
    }
}

static void list(const struct job *job, struct str *rows)
{
    const struct project_target *target = &job->project->target;
    for (size_t i = 0; i < target->n_extensions; i++)
        need(rows, target->extensions[i], "target.extensions of the project");
    for (size_t i = 0; i < job->n_stages; i++)
        need_of_stage(job->stages[i].p, job->mem, rows);
    for (const struct unit *u = job->host->units; u; u = u->next)
        need_of_unit(u, job->mem, rows);
}

static void extension_missing(const struct pg_result *res, int row, struct faults *faults)
{
    const char *statement = pg_get(res, row, 1), *who = pg_get(res, row, 2);
    struct error fault = {0};
    error_set(&fault, STATUS_PREFLIGHT, "the target database lacks extension %s",
              pg_get(res, row, 0));
    error_why(&fault, "needed by %s", who);
    if (pg_get(res, row, 3)[0] == 'f')
        error_fix(&fault,
                  "correct the name, or install its package on the server; then a superuser there: "
                  "%s",
                  statement);
    else if (pg_get(res, row, 4)[0] == 't')
        error_fix(&fault, "as a role that may CREATE in the database, such as its owner: %s",
                  statement);
    else
        error_fix(&fault, "as a superuser: %s", statement);
    faults_add(faults, &fault);
}

/* A trusted one can be made without a superuser. */
static void check_extensions(const struct str *rows, struct pg *pg, struct faults *faults,
                             struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "SELECT n.name, format('CREATE EXTENSION %%I', n.name), string_agg(DISTINCT n.who,"
               " ', '), a.name IS NOT NULL, EXISTS (SELECT FROM pg_available_extension_versions v"
               " WHERE v.name = a.name AND v.version = a.default_version AND (v.trusted OR NOT"
               " v.superuser)) FROM (VALUES %s) AS n (name, who) LEFT JOIN"
               " pg_available_extensions a ON a.name = n.name WHERE n.name NOT IN (SELECT extname"
               " FROM pg_extension) GROUP BY n.name, a.name, a.default_version ORDER BY n.name",
               rows->data);
    struct pg_result *res = pg_query_str(pg, &sql, err);
    for (int i = 0; res && i < pg_rows(res); i++)
        extension_missing(res, i, faults);
    pg_free(res);
}

/* ---- schema version -------------------------------------------------------------------- */

static void wrong_version(const struct project_target *target, const char *found,
                          struct faults *faults)
{
    struct error fault = {0};
    struct str due;
    str_init(&due, 400);
    for (size_t i = 0; i < target->n_version_is; i++)
        str_printf(&due, "%s\"%s\"", i ? " or " : "", target->version_is[i]);
    if (found)
        error_set(&fault, STATUS_PREFLIGHT, "the target's schema version is \"%.100s\", due is %s",
                  found, due.data);
    else
        error_set(&fault, STATUS_PREFLIGHT, "the target has no schema version, due is %s",
                  due.data);
    error_why(&fault, "the project was written for tables of that version");
    error_fix(&fault, "bring the target's schema to it; or, once mappings and tables are known to "
                      "fit, add the found one to \"is\" of \"schema_version\" in the project");
    faults_add(faults, &fault);
    str_clear(&due);
}

/* Also more than one row or column, which the server refuses. The statement does not answer the
 * question: the project's fault, not the connection's. */
static void no_answer(const char *what, struct faults *faults)
{
    struct error fault = {0};
    error_set(&fault, STATUS_PREFLIGHT, "the target's schema version cannot be read: %s", what);
    error_fix(&fault, "correct \"sql\" of \"schema_version\" in the project: one SELECT that gives "
                      "one value, on tables that the role may read");
    faults_add(faults, &fault);
}

static int fits(const struct project_target *target, const char *found)
{
    for (size_t i = 0; found && i < target->n_version_is; i++)
        if (str_equal(found, target->version_is[i]))
            return 1;
    return 0;
}

static void check_version(const struct project_target *target, struct pg *pg, struct faults *faults,
                          struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "SELECT (%s\n)::text", target->version_sql);
    struct error refused = {0};
    struct pg_result *res = sql.failed ? NULL : pg_query_one(pg, &refused, sql.data);
    if (sql.failed)
        error_set(&refused, STATUS_CONFIG, "its SQL is too long");
    str_clear(&sql);
    if (!res && refused.code == STATUS_TEMPORARY)
        *err = refused;
    else if (!res)
        no_answer(refused.what, faults);
    else if (!fits(target, pg_get(res, 0, 0)))
        wrong_version(target, pg_get(res, 0, 0), faults);
    pg_free(res);
}

/* ---- both ------------------------------------------------------------------------------ */

int requires_check(const struct job *job, struct pg *pg, struct faults *faults, struct error *err)
{
    const struct project_target *target = &job->project->target;
    struct str rows;
    str_init(&rows, 0);
    list(job, &rows);
    if (rows.len && !pg_begin(pg, "READ ONLY", err)) {
        check_extensions(&rows, pg, faults, err);
        pg_rollback(pg);
    }
    str_clear(&rows);
    /* The project's SQL may rely on the role's own path. */
    if (!err->code && target->version_sql && !pg_begin(pg, "READ ONLY", err)) {
        if (!pg_own_path(pg, err))
            check_version(target, pg, faults, err);
        pg_rollback(pg);
    }
    return err->code;
}

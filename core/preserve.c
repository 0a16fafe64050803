/* preserve.c - rows of the target that a run must not change, key "preserve" of the project: its
 * tables and conditions, what the plan would write of them, and their fingerprints before and
 * behind publish. What watches them within publish is untouched.c. */
#include "preserve.h"

#include <stdio.h>
#include <string.h>

#include "fingerprint.h"
#include "lineage.h"
#include "log.h"
#include "match.h"
#include "plural.h"
#include "sql.h"

const struct job_table *preserve_written(const struct job *job, size_t group)
{
    const struct catalog_table *t = &job->preserved.tables[group];
    size_t k = job_find_table(job, t->schema, t->name);
    return k == SIZE_MAX ? NULL : &job->tables[k];
}

/* What earlier runs of the project brought is the source's, whatever it looks like. */
static void not_brought(const struct state *s, const struct job *job, size_t group, struct str *sql)
{
    const struct job_table *t = preserve_written(job, group);
    for (size_t i = 0; t && i < t->n_stages; i++) {
        const struct job_stage *st = &job->stages[t->stages[i]];
        const struct catalog_key *k = job_find_stage_key(job, st);
        if (!k || &job->tables[st->tables[0]] != t)
            continue;
        str_printf(sql, " AND NOT EXISTS (SELECT FROM %s.id_map_rows(", s->q);
        sql_literal(sql, st->p->name);
        str_printf(sql,
                   ") i WHERE i.project = %lld AND i.run < %lld AND i.final_key ="
                   " concat_ws(E'\\x1f'",
                   (long long)s->project, (long long)s->run);
        for (size_t c = 0; c < k->n; c++) {
            str_add(sql, ", l.");
            sql_ident(sql, k->columns[c]);
        }
        str_add(sql, "))");
    }
}

void preserve_rows(const struct state *s, const struct job *job, size_t group, int theirs,
                   struct str *sql)
{
    const struct project_preserve *p = &job->project->preserve[group];
    str_printf(sql, "%s l WHERE (%s\n)", job->preserved.tables[group].quoted, p->where);
    if (p->added != ADDED_ALLOW)
        return;
    not_brought(s, job, group, sql);
    if (theirs) {
        str_add(sql, " AND NOT ");
        lineage_wrote(s, NULL, sql);
    }
}

/* ---- before anything is loaded --------------------------------------------------------------- */

/* By itself, so that it cannot end the transaction, nor hide what follows in a comment. */
static void try_condition(const struct job *job, struct pg *pg, size_t i, struct faults *faults)
{
    const struct project_preserve *p = &job->project->preserve[i];
    struct error err = {0};
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "SELECT FROM %s l WHERE (%s\n) LIMIT 0", job->preserved.tables[i].quoted,
               p->where);
    struct pg_result *res = pg_query_one(pg, &err, sql.data);
    str_clear(&sql);
    if (!res) {
        error_why(&err, "it is the condition of \"preserve\" %s, on rows of %s", p->name, p->table);
        error_fix(&err, "correct \"where\": columns of the table by their bare names, other tables "
                        "with their schema");
        faults_add(faults, &err);
    }
    pg_free(res);
}

int preserve_read(struct job *job, struct pg *pg, struct faults *faults, struct error *err)
{
    size_t n = job->project->n_preserve, before = faults->n;
    if (job->preserved.mem)
        catalog_clear(&job->preserved);
    if (!n)
        return 0;
    const char *(*names)[2] = arena_alloc(job->mem, n * sizeof *names);
    for (size_t i = 0; i < n; i++) {
        struct sql_name split;
        sql_split(job->project->preserve[i].table, job->project->target.schema, &split);
        names[i][0] = arena_strdup(job->mem, split.schema);
        names[i][1] = arena_strdup(job->mem, split.table);
    }
    int code = catalog_read(pg, (const char *const(*)[2])names, n, &job->preserved, faults, err);
    for (size_t i = 0; !code && faults->n == before && i < n; i++)
        try_condition(job, pg, i, faults);
    return code;
}

/* ---- behind check -------------------------------------------------------------------------- */

/* Live rows that will be overwritten or deleted, and rows as they will be. Since check a place may
 * have been given to another row; not one of the same transaction. */
static void overlap_sql(const struct state *s, const struct job *job, size_t i,
                        const struct job_table *t, struct str *sql)
{
    const struct project_preserve *p = &job->project->preserve[i];
    str_printf(sql, "SELECT (SELECT count(*) FROM (SELECT %s AS _mig_at, l.xmin AS _mig_xmin FROM ",
               match_at(t));
    preserve_rows(s, job, i, 0, sql);
    str_printf(sql, ") g JOIN (SELECT _mig_at, _mig_xmin FROM %s", t->delete_table);
    if (match_overwrites(t))
        str_printf(
            sql,
            " UNION ALL SELECT m._mig_at, m._mig_xmin FROM %s m JOIN %s s USING (_mig_id) WHERE"
            " s._mig_state = 0 AND NOT m._mig_same",
            t->match_table, t->staging);
    str_add(sql, ") w USING (_mig_at, _mig_xmin)), ");
    if (p->added == ADDED_ALLOW) {
        str_add_char(sql, '0');
        return;
    }
    str_printf(sql, "(SELECT count(*) FROM (SELECT * FROM %s w WHERE ", t->will_be);
    match_not_same(t, sql);
    str_printf(sql, ") l WHERE (%s\n))", p->where);
}

static int overlap(struct state *s, const struct job *job, size_t i, struct error *err)
{
    const struct project_preserve *p = &job->project->preserve[i];
    const struct job_table *t = preserve_written(job, i);
    struct str sql;
    if (!t)
        return 0;
    str_init(&sql, 0);
    overlap_sql(s, job, i, t, &sql);
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    if (!res)
        return err->code;
    int64_t changed = pg_get_int(res, 0, 0), added = pg_get_int(res, 0, 1);
    pg_free(res);
    if (!changed && !added)
        return 0;
    error_set(err, STATUS_INVALID,
              "\"preserve\" %s: the run would write %lld %s %s.%s, and %lld %s would "
              "be among them then",
              p->name, (long long)changed, plural(changed, "preserved row of", "preserved rows of"),
              t->t->schema, t->t->name, (long long)added, plural(added, "row", "rows"));
    error_why(err, "what is preserved is not changed, and nothing added to it");
    error_fix(err, "narrow \"where\" of \"preserve\", or leave these records out of the stage "
                   "(\"skip\", \"scope\")");
    return STATUS_INVALID;
}

int preserve_overlap(struct state *s, const struct job *job, struct error *err)
{
    if (!job->preserved.n)
        return 0;
    int code = pg_begin(s->pg, "READ ONLY", err);
    for (size_t i = 0; !code && i < job->preserved.n; i++)
        code = overlap(s, job, i, err);
    pg_rollback(s->pg);
    return code;
}

/* ---- fingerprints -----------------------------------------------------------------------------
 */

static int keep(struct state *s, const struct job *job, size_t i, int behind,
                const struct fingerprint *f, struct error *err)
{
    const struct catalog_table *t = &job->preserved.tables[i];
    char run[32], no[32], sql[600];
    snprintf(run, sizeof run, "%lld", (long long)s->run);
    snprintf(no, sizeof no, "%zu", i + 1);
    snprintf(
        sql, sizeof sql,
        "INSERT INTO %s.preserved AS p (run, no, name, schema_name, table_name, rows_%s, sum_%s)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (run, no) DO UPDATE SET rows_%s ="
        " excluded.rows_%s, sum_%s = excluded.sum_%s",
        s->q, behind ? "after" : "before", behind ? "after" : "before", behind ? "after" : "before",
        behind ? "after" : "before", behind ? "after" : "before", behind ? "after" : "before");
    const char *const params[] = {
        run, no, job->project->preserve[i].name, t->schema, t->name, f->rows, f->sum};
    struct pg_result *res = pg_query(s->pg, err, sql, 7, params);
    pg_free(res);
    return res ? 0 : err->code;
}

static int note_changes(struct state *s, struct job *job, struct error *err)
{
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "SELECT name FROM %s.preserved WHERE run = %lld AND (rows_before, sum_before) IS DISTINCT"
        " FROM (rows_after, sum_after) AND rows_before IS NOT NULL ORDER BY no",
        s->q, (long long)s->run);
    if (!res)
        return err->code;
    for (int i = 0; i < pg_rows(res); i++) {
        const char *name = pg_get(res, i, 0);
        log_write(LOG_WARNING, "preserved rows %s: others changed some meanwhile", name);
        str_printf(&job->notes,
                   "preserved rows %s: others changed some between the two fingerprints; the run's"
                   " transaction changed none\n",
                   name);
    }
    pg_free(res);
    return 0;
}

int preserve_fingerprint(struct state *s, struct job *job, int behind, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->preserved.n; i++) {
        struct fingerprint f;
        struct str rows;
        str_init(&rows, 0);
        str_add(&rows, "(SELECT l.* FROM ");
        preserve_rows(s, job, i, 1, &rows);
        str_add_char(&rows, ')');
        code = fingerprint_of(s, &job->preserved.tables[i], rows.data, "", &f, err);
        str_clear(&rows);
        if (!code)
            code = keep(s, job, i, behind, &f, err);
    }
    return code || !behind || !job->preserved.n ? code : note_changes(s, job, err);
}

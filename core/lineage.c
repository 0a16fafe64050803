/* lineage.c - xmin of a live row as if the runs that were rolled back had never been. An undo
 * writes rows back, so that their xmin is the undo's; the before-images of that run remember
 * what it was. Without this a run could not be rolled back once a later one was. What --purge
 * took of a rolled-back run's before-images is not known any more: such rows count as changed. */
#include "lineage.h"

#include <stdio.h>

#include "match.h"
#include "sql.h"

const char *lineage_xmin(const struct job_table *t)
{
    return t->xmin ? t->xmin : "l.xmin::text::bigint";
}

static void add_run(const struct state *s, const struct job_table *t, const struct pg_result *res,
                    int row, struct str *sql)
{
    char name[64];
    snprintf(name, sizeof name, "before_%s_%s", pg_get(res, row, 0), pg_get(res, row, 1));
    str_printf(sql, " WHEN l.xmin::text::bigint = %s THEN (SELECT b._mig_xmin FROM ",
               pg_get(res, row, 2));
    sql_table(sql, s->schema, name);
    str_add(sql, " b WHERE ");
    match_condition(t->match, "b", "l", sql);
    str_add(sql, ")");
}

static int read_table(struct state *s, struct job *job, struct job_table *t, struct error *err)
{
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "SELECT r.id, t.no, r.undo_xid::text::numeric %% 4294967296 FROM %s.run r JOIN"
        " %s.run_table t ON t.run = r.id WHERE t.oid = %u AND r.undo_xid IS NOT NULL AND r.id <>"
        " %lld AND to_regclass(format('%%I.%%I', $mig$%s$mig$::text, 'before_' || r.id || '_' ||"
        " t.no)) IS NOT NULL ORDER BY r.id DESC",
        s->q, s->q, t->t->oid, (long long)s->run, s->schema);
    if (!res)
        return err->code;
    if (pg_rows(res) && t->match) {
        struct str sql;
        str_init(&sql, 0);
        str_add(&sql, "(CASE");
        for (int i = 0; i < pg_rows(res); i++)
            add_run(s, t, res, i, &sql);
        str_add(&sql, " ELSE l.xmin::text::bigint END)");
        t->xmin = arena_strdup(job->mem, sql.data);
        str_clear(&sql);
    }
    pg_free(res);
    return 0;
}

int lineage_read(struct state *s, struct job *job, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++)
        code = read_table(s, job, &job->tables[i], err);
    return code;
}

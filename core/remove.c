/* remove.c - deletes live rows that the source no longer has, in two goes: before the writes, so
 * that what is inserted may take over a unique key; behind them, what a row that stays still
 * refers to until it is updated. Each go is one statement over all tables: foreign keys are
 * looked at when it ends, so that rows which refer to each other in a circle need no order. */
#include "remove.h"

#include <stdio.h>
#include <string.h>

#include "match.h"
#include "sql.h"
#include "write.h"

static int deletes(const struct job_table *t)
{
    return t->policy == POLICY_REPLACE;
}

int remove_lock(struct state *s, const struct job_table *t, struct error *err)
{
    return pg_execf(s->pg, err,
                    "SELECT count(*) FROM (SELECT FROM %s l JOIN %s d ON %s = d._mig_at FOR UPDATE"
                    " OF l) x",
                    t->t->quoted, t->delete_table, match_at(t));
}

/* Rows to which a live row refers that is not deleted in the first go. */
static int mark_late(struct state *s, const struct job *job, const struct job_table *t,
                     const struct catalog_reference *k, int64_t *marked, struct error *err)
{
    struct str sql;
    size_t child = job_find_table(job, k->child_schema, k->child_table);
    str_init(&sql, 0);
    str_printf(&sql,
               "UPDATE %s d SET _mig_late = true FROM %s l WHERE %s = d._mig_at AND NOT"
               " d._mig_late AND EXISTS (SELECT FROM (SELECT l.*",
               t->delete_table, t->t->quoted, match_at(t));
    if (child != SIZE_MAX)
        str_printf(&sql, ", %s AS _mig_at", match_at(&job->tables[child]));
    str_add(&sql, " FROM ");
    sql_table(&sql, k->child_schema, k->child_table);
    str_add(&sql, " l) c WHERE ");
    match_reference(k, "l", "c", &sql);
    if (child != SIZE_MAX)
        str_printf(&sql,
                   " AND NOT EXISTS (SELECT FROM %s e WHERE e._mig_at = c._mig_at AND NOT"
                   " e._mig_late)",
                   job->tables[child].delete_table);
    str_add_char(&sql, ')');
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    if (!res)
        return err->code;
    *marked += pg_affected(res);
    pg_free(res);
    return 0;
}

int remove_prepare(struct state *s, const struct job *job, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++)
        if (deletes(&job->tables[i]))
            code = remove_lock(s, &job->tables[i], err);
    int64_t marked;
    do { /* what a late row refers to is late, too */
        marked = 0;
        for (size_t i = job->n_tables; !code && i-- > 0;)
            for (size_t k = 0; !code && k < job->tables[i].t->n_incoming; k++)
                if (deletes(&job->tables[i]))
                    code = mark_late(s, job, &job->tables[i], &job->tables[i].t->incoming[k],
                                     &marked, err);
    } while (!code && marked);
    return code;
}

static void add_table(const struct job_table *t, size_t i, int late, struct str *deletions,
                      struct str *counts)
{
    const char *which = late ? "d._mig_late" : "NOT d._mig_late";
    str_printf(deletions,
               "%sd%zu AS (DELETE FROM %s l USING %s d WHERE %s = d._mig_at AND %s RETURNING 1)",
               deletions->len ? ", " : "WITH ", i, t->t->quoted, t->delete_table, match_at(t),
               which);
    str_printf(counts, "%s (SELECT count(*) FROM d%zu), (SELECT count(*) FROM %s d WHERE %s)",
               counts->len ? "," : " SELECT", i, t->delete_table, which);
}

int remove_rows(struct state *s, const struct job *job, int late, struct error *err)
{
    struct str sql, counts;
    str_init(&sql, 0);
    str_init(&counts, 0);
    for (size_t i = 0; i < job->n_tables; i++)
        if (deletes(&job->tables[i]))
            add_table(&job->tables[i], i, late, &sql, &counts);
    str_add(&sql, counts.data);
    int code = sql.failed ? error_set(err, STATUS_BUG, "a statement is too long") : 0;
    struct pg_result *res = code || !sql.len ? NULL : pg_query(s->pg, err, sql.data, 0, NULL);
    if (!res)
        code = err->code;
    int column = 0;
    for (size_t i = 0; res && !code && i < job->n_tables; i++) {
        if (!deletes(&job->tables[i]))
            continue;
        int64_t deleted = pg_get_int(res, 0, column), wanted = pg_get_int(res, 0, column + 1);
        column += 2;
        if (deleted != wanted)
            code = write_swallowed(&job->tables[i], "deletion", deleted, wanted, err);
    }
    pg_free(res);
    str_clear(&sql);
    str_clear(&counts);
    return code;
}

int remove_table(struct state *s, const struct job_table *t, int64_t expected, struct error *err)
{
    struct pg_result *res =
        pg_queryf(s->pg, err, "DELETE FROM %s l USING %s d WHERE %s = d._mig_at", t->t->quoted,
                  t->delete_table, match_at(t));
    if (!res)
        return err->code;
    int64_t n = pg_affected(res);
    pg_free(res);
    return n == expected ? 0 : write_swallowed(t, "deletion", n, expected, err);
}

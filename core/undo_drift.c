/* undo_drift.c - is everything as the run left it? Queries that count what is not, in front of what
 * undo.c does. A row that others changed since is told by its xmin, or by its after-image. */
#include "undo_drift.h"

#include "lineage.h"
#include "match.h"
#include "sql.h"

void undo_drift_inserted(const struct job_table *t, struct str *out)
{
    str_add(out, "s._mig_state = 0 AND NOT EXISTS (SELECT FROM ");
    str_printf(out, "%s m WHERE m._mig_id = s._mig_id) AND ", t->match_table);
    match_condition(t->match, "s", "l", out);
}

static void query_head(const struct job_table *t, struct str *out)
{
    str_add(out, "SELECT ");
    sql_literal(out, t->t->quoted);
    str_add(out, ", count(*) FROM ");
}

void undo_drift_written(const struct state *s, const struct job_table *t, struct str *out)
{
    str_printf(out, "%s s LEFT JOIN %s m ON m._mig_id = s._mig_id LEFT JOIN %s l ON ", t->staging,
               t->match_table, t->t->quoted);
    match_condition(t->match, "s", "l", out);
    str_printf(out,
               " WHERE s._mig_state = 0 AND (m._mig_id IS NULL OR %s) AND (l.ctid IS NULL OR"
               " NOT ",
               match_overwrites(t) ? "NOT m._mig_same" : "false");
    lineage_as_left(s, t, out);
    str_add_char(out, ')');
}

void undo_drift_returned(const struct job_table *t, struct str *out)
{
    str_printf(out, "%s b JOIN %s l ON ", t->before, t->t->quoted);
    match_condition(t->match, "b", "l", out);
    str_add(out, " WHERE b._mig_op IN ('D', 'L')");
}

static void drift_written(const struct state *s, const struct job_table *t, struct str *out)
{
    query_head(t, out);
    undo_drift_written(s, t, out);
    str_add_char(out, '\n');
    query_head(t, out);
    undo_drift_returned(t, out);
    str_add_char(out, '\n');
}

/* Without a key rows can only be told by the transaction that wrote them, and only where the
 * table was empty before is that the whole truth. */
static void drift_keyless(const struct state *s, const struct job_table *t, struct str *out)
{
    query_head(t, out);
    str_printf(out,
               "%s l, %s.run_table x WHERE x.run = %lld AND x.no = %zu AND x.inserted > 0 AND"
               " (NOT x.was_empty OR NOT ",
               t->t->quoted, s->q, (long long)s->run, t->no);
    lineage_wrote(s, NULL, out);
    str_add(out, ")\n");
}

/* Rows that the application added below a row that the run inserted. */
static void drift_children(const struct state *s, const struct job *job, const struct job_table *t,
                           const struct catalog_reference *k, struct str *out)
{
    for (size_t i = 0; i < k->n; i++)
        if (!job_find_staged(t, k->parent_columns[i]))
            return;
    str_add(out, "SELECT ");
    struct str child;
    size_t own = job_find_table(job, k->child_schema, k->child_table);
    str_init(&child, 0);
    sql_table(&child, k->child_schema, k->child_table);
    sql_literal(out, child.data);
    str_printf(out, ", count(*) FROM %s l JOIN %s s ON ", child.data, t->staging);
    match_reference(k, "s", "l", out);
    str_printf(out,
               " WHERE s._mig_state = 0 AND NOT EXISTS (SELECT FROM %s m WHERE m._mig_id ="
               " s._mig_id) AND NOT ",
               t->match_table);
    lineage_wrote(s, own == SIZE_MAX ? NULL : &job->tables[own], out);
    str_add_char(out, '\n');
    str_clear(&child);
}

/* Locks what undo deletes, before it is looked at: nobody can come to refer to it any more. */
static void lock_inserted(const struct job_table *t, struct str *out)
{
    if (!t->match || !t->t->n_incoming || !t->t->can_update)
        return;
    str_add(out, "SELECT ");
    sql_literal(out, t->t->quoted);
    str_printf(out, ", count(*) * 0 FROM (SELECT FROM %s l, %s s WHERE ", t->t->quoted, t->staging);
    undo_drift_inserted(t, out);
    str_add(out, " FOR UPDATE OF l) x\n");
}

void undo_drift_columns(const struct job_table *t, struct str *out)
{
    query_head(t, out);
    str_printf(out,
               "(SELECT attname, atttypid, atttypmod FROM pg_attribute WHERE attrelid = %u AND"
               " attnum > 0 AND NOT attisdropped) l FULL JOIN (SELECT attname, atttypid, atttypmod"
               " FROM pg_attribute WHERE attrelid = to_regclass(",
               t->t->oid);
    sql_literal(out, t->before);
    str_add(out, ") AND attnum > 0 AND NOT attisdropped AND attname NOT LIKE E'\\\\_mig\\\\_%') b"
                 " USING (attname, atttypid, atttypmod) WHERE l IS NULL OR b IS NULL");
}

int undo_drift_queries(struct state *s, const struct job *job, struct str *out, struct error *err)
{
    for (size_t i = 0; i < job->n_tables; i++) {
        const struct job_table *t = &job->tables[i];
        lock_inserted(t, out);
        if (t->match)
            drift_written(s, t, out);
        else
            drift_keyless(s, t, out);
        for (size_t k = 0; k < t->t->n_incoming; k++)
            drift_children(s, job, t, &t->t->incoming[k], out);
    }
    return out->failed ? error_set(err, STATUS_BUG, "rollback statements are too long") : 0;
}

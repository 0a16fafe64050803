/* undo_proof.c - compares what an undo set back with the before-images, in all columns, and looks
 * for what it should have taken away. Only the run's own rows: others may have written theirs
 * since. */
#include "undo_proof.h"

#include "match.h"
#include "plural.h"
#include "sql.h"

static void row_of(const struct job_table *t, const char *alias, struct str *sql)
{
    for (size_t i = 0; i < t->t->n_columns; i++) {
        str_printf(sql, "%s%s.", i ? ", " : "ROW(", alias);
        sql_ident(sql, t->t->columns[i].name);
    }
    str_add_char(sql, ')');
}

/* "SELECT table, key, why": of the row with this alias. */
static void row_named(const struct job_table *t, const char *alias, const char *why,
                      struct str *sql)
{
    str_add(sql, sql->len ? " UNION ALL SELECT " : "SELECT ");
    sql_literal(sql, t->t->quoted);
    str_add(sql, "::text, concat_ws(', '");
    for (size_t i = 0; i < t->match->n; i++) {
        str_printf(sql, ", %s.", alias);
        sql_ident(sql, t->match->columns[i]);
    }
    str_add(sql, "), ");
    sql_literal(sql, why);
}

/* What was updated or deleted is as its before-image has it, in all columns. */
static void not_restored(const struct job_table *t, struct str *sql)
{
    row_named(t, "b", "not as it was before the run", sql);
    str_printf(sql, " FROM %s b LEFT JOIN %s l ON ", t->before, t->t->quoted);
    match_condition(t->match, "b", "l", sql);
    str_add(sql, " WHERE b._mig_op IN ('U', 'D', 'L') AND (l.ctid IS NULL OR NOT record_image_eq(");
    row_of(t, "b", sql);
    str_add(sql, ", ");
    row_of(t, "l", sql);
    str_add(sql, "))");
}

static void not_removed(const struct job_table *t, struct str *sql)
{
    row_named(t, "l", "still there", sql);
    str_printf(sql, " FROM %s s JOIN %s l ON ", t->staging, t->t->quoted);
    match_condition(t->match, "s", "l", sql);
    str_printf(sql,
               " WHERE s._mig_state = 0 AND NOT EXISTS (SELECT FROM %s m WHERE m._mig_id ="
               " s._mig_id)",
               t->match_table);
}

static int count(struct state *s, const struct str *rows, int64_t *n, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "SELECT count(*) FROM (%s) x", rows->data);
    sql.failed |= rows->failed;
    *n = pg_count(s->pg, &sql, err);
    return err->code;
}

int undo_proof_rows(struct state *s, const struct job *job, struct undo_list *out,
                    struct error *err)
{
    struct str rows;
    int64_t n = 0;
    str_init(&rows, 0);
    for (size_t i = 0; i < job->n_tables; i++) {
        if (!job->tables[i].match)
            continue;
        not_restored(&job->tables[i], &rows);
        not_removed(&job->tables[i], &rows);
    }
    int code = rows.len ? count(s, &rows, &n, err) : 0;
    if (!code && n)
        code = undo_list_write(s, job->project, &rows, out, err);
    str_clear(&rows);
    if (code || !n)
        return code;
    error_set(err, STATUS_INVALID, "%lld %s would not be as before the run, see %s", (long long)n,
              plural(n, "row", "rows"), out->path);
    error_why(err, "a trigger or rule of their tables writes them at the undo, too");
    error_fix(err, "run as the tables' owner, who can hold triggers back, or have the owner run"
                   " rollback.sql of the run's bundle");
    return STATUS_INVALID;
}

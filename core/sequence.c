/* sequence.c - keeps, moves and settles sequences. Where the role owns a sequence, all that is
 * done to it here ends with the transaction; else it may keep a gap when publish fails. */
#include "sequence.h"

#include "sql.h"

static int moves(const struct job_table *t, const struct write_counts *c)
{
    return t->t->n_sequences && (c->inserted || c->updated);
}

/* WHERE run = ... AND schema_name = ... AND sequence_name = ... */
static void row_of(const struct state *s, const struct catalog_sequence *q, struct str *sql)
{
    str_printf(sql, " WHERE run = %lld AND schema_name = ", (long long)s->run);
    sql_literal(sql, q->schema);
    str_add(sql, " AND sequence_name = ");
    sql_literal(sql, q->name);
}

/* Between two batches others may draw numbers: undo must not give these again. */
#define STAYED "(x.after_last, x.after_called) = (excluded.after_last, excluded.after_called)"

/* ALTER SEQUENCE gives the sequence a new file, which goes when the transaction fails. Until it is
 * settled, what it was in the end is what it is now. */
static void hold(const struct state *s, const struct catalog_sequence *q, struct str *sql)
{
    struct str name;
    str_init(&name, 0);
    sql_table(&name, q->schema, q->name);
    str_printf(sql, "INSERT INTO %s.sequence AS x SELECT %lld, ", s->q, (long long)s->run);
    sql_literal(sql, q->schema);
    str_add(sql, ", ");
    sql_literal(sql, q->name);
    str_printf(
        sql,
        ", last_value, is_called, last_value, is_called FROM %s ON CONFLICT (run, schema_name,"
        " sequence_name) DO UPDATE SET before_last = CASE WHEN " STAYED " THEN x.before_last ELSE"
        " excluded.before_last END, before_called = CASE WHEN " STAYED " THEN x.before_called"
        " ELSE excluded.before_called END, after_last = excluded.after_last, after_called ="
        " excluded.after_called;",
        name.data);
    if (q->owned) {
        str_printf(sql, " ALTER SEQUENCE %s RESTART; SELECT setval(", name.data);
        sql_literal(sql, name.data);
        str_printf(sql, ", after_last, after_called) FROM %s.sequence", s->q);
        row_of(s, q, sql);
        str_add_char(sql, ';');
    }
    str_clear(&name);
}

int sequence_keep(struct state *s, const struct catalog_sequence *q, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    hold(s, q, &sql);
    return pg_exec_str(s->pg, &sql, err);
}

int sequence_hold(struct state *s, const struct job *job, const struct write_counts *counts,
                  struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        const struct catalog_table *t = job->tables[i].t;
        for (size_t k = 0; !code && moves(&job->tables[i], &counts[i]) && k < t->n_sequences; k++) {
            if (t->sequences[k].usable)
                code = sequence_keep(s, &t->sequences[k], err);
        }
    }
    return code;
}

static int is_integer(const struct catalog_column *c)
{
    return c && (c->type.oid == 20 || c->type.oid == 21 || c->type.oid == 23);
}

/* Beyond live values; with `numbered`, the column that staged rows lack, also beyond the values
 * of the staged rows that have it. */
static void pass(const struct job_table *t, const struct catalog_sequence *q,
                 const struct catalog_column *numbered, struct str *sql)
{
    const char *beyond = q->descending ? "<" : ">", *most = q->descending ? "min" : "max";
    struct str name, column;
    str_init(&name, 0);
    str_init(&column, 0);
    sql_table(&name, q->schema, q->name);
    sql_ident(&column, q->column);
    str_add(sql, "SELECT setval(");
    sql_literal(sql, name.data);
    str_printf(sql, ", m.top) FROM (SELECT %s(", q->descending ? "least" : "greatest");
    str_printf(sql, "(SELECT %s(%s) FROM %s)", most, column.data, t->t->quoted);
    if (numbered)
        str_printf(sql, ", (SELECT %s(%s) FROM %s WHERE _mig_state = 0)", most, column.data,
                   t->staging);
    str_printf(sql,
               ")::bigint AS top) m, %s q WHERE (m.top %s q.last_value OR m.top = q.last_value AND"
               " NOT q.is_called)",
               name.data, beyond);
    if (numbered)
        str_printf(sql,
                   " AND EXISTS (SELECT FROM %s WHERE _mig_state = 0 AND %d = ANY (_mig_absent))",
                   t->staging, numbered->attnum);
    str_add_char(sql, ';');
    str_clear(&name);
    str_clear(&column);
}

int sequence_pass(struct state *s, const struct job_table *t, const struct catalog_column *c,
                  struct error *err)
{
    int code = 0;
    for (size_t k = 0; !code && k < t->t->n_sequences; k++) {
        const struct catalog_sequence *q = &t->t->sequences[k];
        if (!q->usable || !str_equal(q->column, c->name) || !is_integer(c))
            continue;
        struct str sql;
        str_init(&sql, 0);
        pass(t, q, c, &sql);
        code = pg_exec_str(s->pg, &sql, err);
    }
    return code;
}

static void settle(const struct state *s, const struct job *job, const struct job_table *t,
                   const struct catalog_sequence *q, struct str *sql)
{
    struct str name;
    int due = job->project->sequences == SEQUENCES_ADVANCE || q == t->sequence;
    if (due && is_integer(catalog_column(t->t, q->column)))
        pass(t, q, NULL, sql);
    str_init(&name, 0);
    sql_table(&name, q->schema, q->name);
    str_printf(sql,
               "UPDATE %s.sequence SET (after_last, after_called) = (SELECT last_value, is_called"
               " FROM %s)",
               s->q, name.data);
    row_of(s, q, sql);
    str_clear(&name);
}

int sequence_settle(struct state *s, const struct job *job, const struct write_counts *counts,
                    struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        const struct job_table *t = &job->tables[i];
        for (size_t k = 0; !code && moves(t, &counts[i]) && k < t->t->n_sequences; k++) {
            struct str sql;
            str_init(&sql, 0);
            if (t->t->sequences[k].usable)
                settle(s, job, t, &t->t->sequences[k], &sql);
            code = sql.len ? pg_exec(s->pg, err, sql.data) : 0;
            str_clear(&sql);
        }
    }
    return code;
}

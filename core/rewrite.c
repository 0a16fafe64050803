/* rewrite.c - keeps the loaded value of a staged column in a column beside it, _mig_was_N, and the
 * numbers of those that hold one in _mig_rewritten. */
#include "rewrite.h"

#include <string.h>

#include "sql.h"

static int among(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (str_equal(names[i], name))
            return 1;
    return 0;
}

int rewrite_adopts(const struct job_table *t)
{
    const struct catalog_key *k = t->t->n_keys ? &t->t->keys[0] : NULL;
    if (!t->match || (t->match->primary && !t->also) || !k || !k->primary || !k->simple)
        return 0;
    for (size_t i = 0; i < k->n; i++)
        if (!job_find_staged(t, k->columns[i]))
            return 0;
    return 1;
}

int rewrite_beside_merge(const struct job *job, const struct job_table *t, const char *column)
{
    if (rewrite_adopts(t) && among(t->t->keys[0].columns, t->t->keys[0].n, column))
        return 1;
    for (size_t i = 0; i < t->n_uniques; i++)
        if (str_equal(t->uniques[i].column->name, column))
            return 1;
    for (size_t i = 0; i < t->n_references; i++) {
        const struct job_reference *r = &t->references[i];
        if (among(r->key.columns, r->key.n, column) &&
            (r->key.set_null || (r->parent != SIZE_MAX && rewrite_adopts(&job->tables[r->parent]))))
            return 1;
    }
    return 0;
}

static int may_change(const struct job *job, const struct job_table *t, const char *column)
{
    for (size_t i = 0; t->merge && i < t->n_columns; i++)
        if (str_equal(t->columns[i]->name, column) && t->merge[i] != MERGE_OVERWRITE &&
            t->merge[i] != MERGE_REJECT)
            return 1;
    return rewrite_beside_merge(job, t, column);
}

void rewrite_columns(const struct job *job, const struct job_table *t, struct str *sql)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n_columns; i++)
        if (may_change(job, t, t->columns[i]->name))
            str_printf(sql, "%s, _mig_was_%d %s", n++ ? "" : ", _mig_rewritten int4[]",
                       t->columns[i]->attnum, t->columns[i]->base);
}

void rewrite_keep(const struct job_table *t, const char *alias, const char *const *columns,
                  size_t n, struct str *sql)
{
    struct str numbers;
    str_init(&numbers, 0);
    for (size_t i = 0; i < n; i++) {
        const struct catalog_column *c = job_find_staged(t, columns[i]);
        str_printf(sql,
                   ", _mig_was_%d = CASE WHEN %d = ANY (%s._mig_rewritten) THEN %s._mig_was_%d ELSE"
                   " %s.",
                   c->attnum, c->attnum, alias, alias, c->attnum, alias);
        sql_ident(sql, c->name);
        str_add(sql, " END");
        str_printf(&numbers, "%s%d", i ? ", " : "", c->attnum);
    }
    str_printf(sql, ", _mig_rewritten = coalesce(%s._mig_rewritten, '{}') || ARRAY[%s]", alias,
               numbers.data);
    str_clear(&numbers);
}

/* "column = its value as it was loaded", of a staged row. */
static void as_loaded(const struct catalog_column *c, struct str *sql)
{
    sql_ident(sql, c->name);
    str_printf(sql, " = CASE WHEN %d = ANY (_mig_rewritten) THEN _mig_was_%d ELSE ", c->attnum,
               c->attnum);
    sql_ident(sql, c->name);
    str_add(sql, " END");
}

int rewrite_reset(struct state *s, const struct job *job, const struct job_table *t,
                  struct error *err)
{
    struct str sql;
    size_t n = 0;
    str_init(&sql, 0);
    str_printf(&sql, "UPDATE %s SET _mig_rewritten = NULL", t->staging);
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct catalog_column *c = t->columns[i];
        if (!may_change(job, t, c->name))
            continue;
        n++;
        str_add(&sql, ", ");
        as_loaded(c, &sql);
    }
    str_add(&sql, " WHERE _mig_rewritten IS NOT NULL");
    int code = n ? pg_exec(s->pg, err, sql.data) : 0;
    str_clear(&sql);
    return code;
}

int rewrite_forget(struct state *s, const struct job_table *t, const char *const *columns, size_t n,
                   struct error *err)
{
    struct str sql, numbers, left;
    str_init(&sql, 0);
    str_init(&numbers, 0);
    str_init(&left, 0);
    for (size_t i = 0; i < n; i++) {
        const struct catalog_column *c = job_find_staged(t, columns[i]);
        str_add(&sql, i ? ", " : "");
        as_loaded(c, &sql);
        str_printf(&numbers, "%s%d", i ? ", " : "", c->attnum);
        str_printf(&left, ", %d)", c->attnum);
    }
    struct str all;
    str_init(&all, 0);
    str_printf(&all, "UPDATE %s SET %s, _mig_rewritten = ", t->staging, sql.data);
    for (size_t i = 0; i < n; i++)
        str_add(&all, "array_remove(");
    str_printf(&all, "_mig_rewritten%s WHERE _mig_rewritten && ARRAY[%s]", left.data, numbers.data);
    all.failed |= sql.failed | numbers.failed | left.failed;
    str_clear(&sql);
    str_clear(&numbers);
    str_clear(&left);
    return pg_exec_str(s->pg, &all, err);
}

/* merge.c - the columns of a matched row, each by its rule. What wins is put into the staged row,
 * its loaded value is kept beside it (rewrite.h): publish and verify then know one row, the one
 * that is to be. */
#include "merge.h"

#include <stdio.h>

#include "match.h"
#include "rewrite.h"
#include "sql.h"

/* ---- plan -------------------------------------------------------------------------------- */

static void fault(struct faults *faults, const struct job_table *t, const char *name,
                  const char *what, const char *fix)
{
    struct error err = {0};
    error_set(&err, STATUS_CONFIG, "\"merge\" of %s.%s: %s%s", t->t->schema, t->t->name, name,
              what);
    error_fix(&err, "%s", fix);
    faults_add(faults, &err);
}

static size_t find_staged(const struct job_table *t, const char *name)
{
    size_t i = 0;
    while (i < t->n_columns && !str_equal(t->columns[i]->name, name))
        i++;
    return i;
}

/* Marks in `named` what has its own rule. */
static void read_lists(struct job_table *t, const struct project_table *set, char *named,
                       struct faults *faults)
{
    for (int rule = 0; rule < MERGE_RULES; rule++)
        for (size_t i = 0; i < set->merges[rule].n; i++) {
            const char *name = set->merges[rule].names[i];
            size_t at = find_staged(t, name);
            if (at == t->n_columns) {
                fault(faults, t, name, " is no column that the stage fills",
                      "name columns of the mapping: the others are left as they are anyway");
                continue;
            }
            if (named[at])
                fault(faults, t, name, " is named twice", "give each column one rule");
            named[at] = 1;
            t->merge[at] = (enum merge_rule)rule;
        }
}

static int has_rule(const struct job_table *t, enum merge_rule rule)
{
    for (size_t i = 0; i < t->n_columns; i++)
        if (t->merge[i] == rule)
            return 1;
    return 0;
}

void merge_plan(struct job *job, struct job_table *t, const struct project_table *set,
                struct faults *faults)
{
    int any = set && (set->merge != MERGE_OVERWRITE || set->newest_by);
    for (int rule = 0; set && rule < MERGE_RULES; rule++)
        any |= set->merges[rule].n > 0;
    if (!any)
        return;
    if (!match_overwrites(t)) {
        fault(faults, t, policy_text(t->policy), " is a policy that overwrites nothing",
              "choose policy update or replace");
        return;
    }
    char *named = arena_alloc(job->mem, t->n_columns + 1);
    t->merge = arena_alloc(job->mem, (t->n_columns + 1) * sizeof *t->merge);
    for (size_t i = 0; i < t->n_columns; i++)
        t->merge[i] = set->merge;
    read_lists(t, set, named, faults);
    size_t by = set->newest_by ? find_staged(t, set->newest_by) : t->n_columns;
    if (by == t->n_columns && (set->newest_by || has_rule(t, MERGE_NEWEST))) {
        fault(faults, t, "newest", " needs a column that the stage fills",
              "name it: \"by\": \"updated_at\"");
        return;
    }
    if (by == t->n_columns)
        return;
    t->newest_by = t->columns[by];
    if (!named[by]) /* it goes with the values that it dates */
        t->merge[by] = MERGE_NEWEST;
}

void merge_print(const struct job_table *t, struct str *out)
{
    for (int rule = 0; t->merge && rule < MERGE_RULES; rule++) {
        if (rule == MERGE_OVERWRITE || !has_rule(t, (enum merge_rule)rule))
            continue;
        str_printf(out, "      %s", merge_text((enum merge_rule)rule));
        if (rule == MERGE_NEWEST)
            str_printf(out, " by %s", t->newest_by->name);
        const char *between = ": ";
        for (size_t i = 0; i < t->n_columns; i++)
            if (t->merge[i] == (enum merge_rule)rule) {
                str_printf(out, "%s%s", between, t->columns[i]->name);
                between = ", ";
            }
        str_add_char(out, '\n');
    }
}

/* ---- values ------------------------------------------------------------------------------ */

static int may_keep(const struct job_table *t, size_t i)
{
    return t->merge[i] == MERGE_KEEP || t->merge[i] == MERGE_FILL || t->merge[i] == MERGE_NEWEST;
}

static int any_kept(const struct job_table *t)
{
    for (size_t i = 0; t->merge && i < t->n_columns; i++)
        if (may_keep(t, i))
            return 1;
    return 0;
}

static void of_row(const char *alias, const struct catalog_column *c, struct str *sql)
{
    str_printf(sql, "%s.", alias);
    sql_ident(sql, c->name);
    if (alias[0] == 'l')
        str_printf(sql, "::%s", c->base);
}

/* When the source's value is taken; a date that is the same or missing does not make it newer. */
static void source_wins(const struct job_table *t, size_t i, struct str *sql)
{
    if (t->merge[i] == MERGE_KEEP) {
        str_add(sql, "false");
    } else if (t->merge[i] == MERGE_FILL) {
        of_row("l", t->columns[i], sql);
        str_add(sql, " IS NULL");
    } else {
        of_row("s", t->newest_by, sql);
        str_add(sql, " > ");
        of_row("l", t->newest_by, sql);
        str_add(sql, " OR (");
        of_row("l", t->newest_by, sql);
        str_add(sql, " IS NULL AND ");
        of_row("s", t->newest_by, sql);
        str_add(sql, " IS NOT NULL)");
    }
}

static void winner(const struct job_table *t, size_t i, struct str *sql)
{
    str_add(sql, "(CASE WHEN ");
    source_wins(t, i, sql);
    str_add(sql, " THEN ");
    of_row("s", t->columns[i], sql);
    str_add(sql, " ELSE ");
    of_row("l", t->columns[i], sql);
    str_add(sql, " END)");
}

static void loses(const struct job_table *t, size_t i, struct str *sql)
{
    str_add(sql, "record_image_ne(ROW(");
    of_row("s", t->columns[i], sql);
    str_add(sql, "), ROW(");
    winner(t, i, sql);
    str_add(sql, "))");
}

/* What the source said otherwise is not lost unseen. */
static int count_kept(struct state *s, const struct job_table *t, struct error *err)
{
    struct str sql, names;
    size_t n = 0;
    str_init(&sql, 0);
    str_init(&names, 0);
    str_printf(&sql,
               "INSERT INTO %s.repair SELECT %lld, 0, x.stage, r.field, r.rule, r.n FROM"
               " (SELECT c.stage",
               s->q, (long long)s->run);
    for (size_t i = 0; i < t->n_columns; i++) {
        if (!may_keep(t, i))
            continue;
        str_add(&sql, ", count(*) FILTER (WHERE ");
        loses(t, i, &sql);
        str_printf(&sql, ") AS n%zu", ++n);
        str_add(&names, n > 1 ? ", (" : "(");
        sql_literal(&names, t->columns[i]->name);
        str_printf(&names, ", 'merge %s: the live value stays', x.n%zu)", merge_text(t->merge[i]),
                   n);
    }
    str_printf(&sql,
               " FROM %s s JOIN %s.chunk c ON c.run = %lld AND c.no = s._mig_record >> 20 JOIN %s m"
               " ON m._mig_id = s._mig_id AND NOT m._mig_same JOIN %s l ON %s = m._mig_at GROUP BY"
               " c.stage) x, LATERAL (VALUES %s) r (field, rule, n) WHERE r.n > 0",
               t->staging, s->q, (long long)s->run, t->match_table, t->t->quoted, match_at(t),
               names.data);
    str_clear(&names);
    return pg_exec_str(s->pg, &sql, err);
}

static int put_winners(struct state *s, const struct job_table *t, int *changed, struct error *err)
{
    struct str sql, is;
    const char *names[1700]; /* more columns than a table can have */
    size_t n = 0;
    str_init(&sql, 0);
    str_init(&is, 0);
    str_printf(&sql, "UPDATE %s s SET ", t->staging);
    for (size_t i = 0; i < t->n_columns; i++) {
        if (!may_keep(t, i))
            continue;
        str_add(&sql, n ? ", " : "");
        sql_ident(&sql, t->columns[i]->name);
        str_add(&sql, " = ");
        winner(t, i, &sql);
        str_add(&is, n ? " OR " : " AND (");
        loses(t, i, &is);
        names[n++] = t->columns[i]->name;
    }
    rewrite_keep(t, "s", names, n, &sql);
    str_printf(&sql,
               " FROM %s m JOIN %s l ON %s = m._mig_at WHERE m._mig_id = s._mig_id AND NOT"
               " m._mig_same%s)",
               t->match_table, t->t->quoted, match_at(t), is.data);
    sql.failed |= is.failed;
    str_clear(&is);
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    *changed |= res && pg_affected(res) > 0;
    pg_free(res);
    return err->code;
}

int merge_resolve(struct state *s, const struct job_table *t, int *changed, struct error *err)
{
    if (!any_kept(t))
        return 0;
    int code = count_kept(s, t, err);
    return code ? code : put_winners(s, t, changed, err);
}

/* ---- some rows once more ----------------------------------------------------------------- */

/* The key that they were matched by stays: a live row with another is another one. */
static int is_kept_again(const struct job_table *t, size_t i)
{
    for (size_t k = 0; t->match && k < t->match->n; k++)
        if (str_equal(t->match->columns[k], t->columns[i]->name))
            return 0;
    return may_keep(t, i);
}

static size_t kept_names(const struct job_table *t, const char **names)
{
    size_t n = 0;
    for (size_t i = 0; t->merge && i < t->n_columns; i++)
        if (is_kept_again(t, i))
            names[n++] = t->columns[i]->name;
    return n;
}

int merge_is_repeatable(const struct job *job, const struct job_table *t)
{
    for (size_t i = 0; t->merge && i < t->n_columns; i++)
        if (t->merge[i] == MERGE_REJECT ||
            (is_kept_again(t, i) && rewrite_beside_merge(job, t, t->columns[i]->name)))
            return 0;
    return 1;
}

int merge_forget(struct state *s, const struct job_table *t, struct error *err)
{
    const char *names[1700];
    size_t n = kept_names(t, names);
    return n ? rewrite_forget(s, t, names, n, err) : 0;
}

int merge_again(struct state *s, const struct job_table *t, int *changed, struct error *err)
{
    return any_kept(t) ? put_winners(s, t, changed, err) : 0;
}

/* ---- refusals ---------------------------------------------------------------------------- */

void merge_rules(const struct job_table *t, struct reject_rules *rules)
{
    for (size_t i = 0; t->merge && i < t->n_columns; i++) {
        if (t->merge[i] != MERGE_REJECT)
            continue;
        struct str condition;
        str_init(&condition, 0);
        str_printf(&condition,
                   "w._mig_old AND NOT w._mig_same AND EXISTS (SELECT FROM %s l WHERE %s ="
                   " w._mig_live AND record_image_ne(ROW(w.",
                   t->t->quoted, match_at(t));
        sql_ident(&condition, t->columns[i]->name);
        str_add(&condition, "), ROW(");
        of_row("l", t->columns[i], &condition);
        str_add(&condition, ")))");
        reject_rule_add(rules,
                        &(struct reject_rule){condition.data, "conflict",
                                              "the live row has another value, which no record may"
                                              " change (merge: reject)",
                                              t->columns[i]->name});
        str_clear(&condition);
    }
}

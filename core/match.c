/* match.c - which live row each staged row stands for, and whether it is the same: the match
 * tables, made as sets in the target. Live rows are remembered by place (ctid) and xmin: publish
 * compares both again under lock, so that a change in between is seen. Writes no live table, and no
 * staged row: what follows from a match is in absent.c, adopted.c, deletions.c and outcome.c. */
#include "match.h"

#include "sql.h"

int match_overwrites(const struct job_table *t)
{
    return t->policy == POLICY_UPDATE || t->policy == POLICY_REPLACE;
}

const char *match_at(const struct job_table *t)
{
    return t->t->many_files ? "(l.tableoid::text || l.ctid::text)" : "l.ctid";
}

void match_condition(const struct catalog_key *k, const char *left, const char *right,
                     struct str *out)
{
    for (size_t i = 0; i < k->n; i++) {
        str_printf(out, "%s%s.", i ? " AND " : "", left);
        sql_ident(out, k->columns[i]);
        str_printf(out, " %s %s.", k->operators[i], right);
        sql_ident(out, k->columns[i]);
        if (k->collations[i])
            str_printf(out, " COLLATE %s", k->collations[i]);
    }
}

void match_reference(const struct catalog_reference *k, const char *parent, const char *child,
                     struct str *out)
{
    for (size_t i = 0; i < k->n; i++) {
        str_printf(out, "%s%s.", i ? " AND " : "", parent);
        sql_ident(out, k->parent_columns[i]);
        str_printf(out, " %s %s.", k->operators[i], child);
        sql_ident(out, k->columns[i]);
    }
}

int match_same_parent(const struct catalog_reference *a, const struct catalog_reference *b)
{
    size_t i = 0;
    while (i < a->n && i < b->n && str_equal(a->parent_columns[i], b->parent_columns[i]))
        i++;
    return a->n == b->n && i == a->n;
}

void match_key_rows(const struct catalog_key *k, const char *ids, const char *from, struct str *sql)
{
    str_printf(sql, "(SELECT %s", ids);
    for (size_t i = 0; i < k->n; i++)
        str_printf(sql, ", (%s)%s%s AS k%zu", k->parts[i], k->collations[i] ? " COLLATE " : "",
                   k->collations[i] ? k->collations[i] : "", i);
    str_printf(sql, " FROM %s%s%s)", from, k->predicate ? " WHERE " : "",
               k->predicate ? k->predicate : "");
}

void match_key_equal(const struct catalog_key *k, const char *left, const char *right,
                     struct str *sql)
{
    for (size_t i = 0; i < k->n; i++)
        str_printf(sql, "%s%s.k%zu %s %s.k%zu", i ? " AND " : "", left, i, k->operators[i], right,
                   i);
}

void match_place(const struct job_table *t, const char *alias, struct str *sql)
{
    if (t->t->many_files)
        str_printf(sql, "(%s.tableoid::text || %s.ctid::text)", alias, alias);
    else
        str_printf(sql, "%s.ctid", alias);
}

/* ---- match tables ---------------------------------------------------------------------- */

void match_same_image(const struct job_table *t, struct str *sql)
{
    str_add(sql, "record_image_eq(ROW(");
    for (size_t i = 0; i < t->n_columns; i++) {
        str_add(sql, i ? ", s." : "s.");
        sql_ident(sql, t->columns[i]->name);
    }
    str_add(sql, "), ROW(");
    for (size_t i = 0; i < t->n_columns; i++) {
        str_add(sql, i ? ", l." : "l.");
        sql_ident(sql, t->columns[i]->name);
        str_printf(sql, "::%s", t->columns[i]->base);
    }
    str_add(sql, "))");
}

/* What the live row holds and no stage writes is kept beside the match: what asks for the row as
 * it will be then needs no live table. */
static int kept_from_live(const struct job_table *t, const struct catalog_column *c)
{
    return !c->computed && !job_find_staged(t, c->name);
}

static void live_columns(const struct job_table *t, struct str *sql)
{
    for (size_t i = 0; i < t->t->n_columns; i++) {
        const struct catalog_column *c = &t->t->columns[i];
        if (!kept_from_live(t, c))
            continue;
        str_add(sql, ", l.");
        sql_ident(sql, c->name);
        str_printf(sql, "::%s AS _mig_live_%d", c->base, c->attnum);
    }
}

/* Both columns are met: few rows by index, many by hash. _mig_id is unique as it is in staging: a
 * view whose columns of the match are not asked for then does without the join. Whether _mig_at is
 * too, says whether two records stand for one live row. */
static int index_match(struct state *s, struct job_table *t, struct error *err)
{
    int code = pg_execf(s->pg, err, "CREATE UNIQUE INDEX ON %s (_mig_id); SAVEPOINT one_to_one",
                        t->match_table);
    if (code)
        return code;
    code = pg_execf(s->pg, err, "CREATE UNIQUE INDEX ON %s (_mig_at)", t->match_table);
    t->one_to_one = !code;
    if (!code || !str_equal(pg_sqlstate(s->pg), "23505"))
        return code;
    error_clear(err);
    return pg_execf(s->pg, err, "ROLLBACK TO SAVEPOINT one_to_one; CREATE INDEX ON %s (_mig_at)",
                    t->match_table);
}

/* Domain casts are left out here: a value may still violate its domain; verify casts. */
static void select_match(const struct job_table *t, struct str *sql)
{
    str_printf(sql, "SELECT s._mig_id, s._mig_record, %s AS _mig_at, l.xmin AS _mig_xmin, ",
               match_at(t));
    match_same_image(t, sql);
    str_add(sql, " AS _mig_same");
    live_columns(t, sql);
    str_add(sql, " FROM ");
    if (t->also) {
        str_printf(sql,
                   "%s s JOIN %s p ON p._mig_id = s._mig_id AND NOT p.unclear JOIN %s l ON %s ="
                   " p._mig_at",
                   t->staging, t->pair, t->t->quoted, match_at(t));
    } else if (t->match) {
        str_printf(sql, "%s s JOIN %s l ON ", t->staging, t->t->quoted);
        match_condition(t->match, "s", "l", sql);
    } else {
        str_printf(sql, "%s s, %s l WHERE false", t->staging, t->t->quoted);
    }
}

/* It may be a view, see delta.h. */
int match_drop(struct state *s, const struct job_table *t, struct error *err)
{
    const char *const params[] = {t->match_table};
    struct pg_result *res =
        pg_query(s->pg, err, "SELECT FROM pg_class WHERE oid = to_regclass($1) AND relkind = 'v'",
                 1, params);
    int view = res && pg_rows(res);
    pg_free(res);
    return err->code ? err->code
                     : pg_execf(s->pg, err, "DROP %s IF EXISTS %s; DROP TABLE IF EXISTS %s",
                                view ? "VIEW" : "TABLE", t->match_table, t->delta);
}

int match_make(struct state *s, struct job_table *t, struct error *err)
{
    struct str sql;
    if (match_drop(s, t, err))
        return err->code;
    str_init(&sql, 0);
    str_printf(&sql, "CREATE TABLE %s AS ", t->match_table);
    select_match(t, &sql);
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    t->matched = res ? pg_affected(res) : 0;
    pg_free(res);
    int code = err->code ? err->code : index_match(s, t, err);
    return code ? code : pg_execf(s->pg, err, "ANALYZE %s", t->match_table);
}

int match_refill(struct state *s, struct job_table *t, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "DELETE FROM %s; INSERT INTO %s ", t->match_table, t->match_table);
    select_match(t, &sql);
    return pg_exec_str(s->pg, &sql, err);
}

/* ---- the same, and the rest --------------------------------------------------------------- */

static int count_rest(struct state *s, struct job_table *t, struct error *err)
{
    struct pg_result *res = pg_queryf(s->pg, err, "SELECT count(*) FROM %s", t->rest);
    t->rest_rows = res ? pg_get_int(res, 0, 0) : 0;
    pg_free(res);
    return err->code;
}

/* Only rows whose mark changes are written: called again when staged values changed. */
int match_same(struct state *s, struct job_table *t, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "UPDATE %s m SET _mig_same = NOT _mig_same FROM %s s, %s l WHERE s._mig_id ="
               " m._mig_id AND %s = m._mig_at AND _mig_same <> ",
               t->match_table, t->staging, t->t->quoted, match_at(t));
    match_same_image(t, &sql);
    int code = pg_exec_str(s->pg, &sql, err);
    return code || !t->has_rest ? code : match_rest_again(s, t, err);
}

int match_rest_again(struct state *s, struct job_table *t, struct error *err)
{
    int code = pg_execf(s->pg, err, "REFRESH MATERIALIZED VIEW %s", t->rest);
    return code ? code : count_rest(s, t, err);
}

/* Where most rows are as their live row already, what asks for the others must not meet all of
 * both tables each time. */
int match_rest(struct state *s, struct job_table *t, struct error *err)
{
    t->has_rest = t->has_delta;
    if (t->has_delta) {
        int failed = pg_execf(s->pg, err,
                              "CREATE MATERIALIZED VIEW %s AS SELECT _mig_id FROM %s; "
                              "ANALYZE %s",
                              t->rest, t->delta, t->rest);
        return failed ? failed : count_rest(s, t, err);
    }
    struct pg_result *res =
        pg_queryf(s->pg, err, "SELECT count(*) FROM %s WHERE _mig_same", t->match_table);
    t->has_rest = res && 2 * pg_get_int(res, 0, 0) > t->staged;
    pg_free(res);
    if (!t->has_rest)
        return err->code;
    int code =
        pg_execf(s->pg, err,
                 "CREATE MATERIALIZED VIEW %s AS SELECT s._mig_id FROM %s s WHERE NOT EXISTS"
                 " (SELECT FROM %s m WHERE m._mig_id = s._mig_id AND m._mig_same); ANALYZE %s",
                 t->rest, t->staging, t->match_table, t->rest);
    return code ? code : count_rest(s, t, err);
}

int match_takes_all(const struct job_table *t)
{
    return t->seen.xmin[0] && t->one_to_one && t->matched == t->seen.rows;
}

void match_not_same(const struct job_table *t, struct str *sql)
{
    if (t->has_rest)
        str_printf(sql, "w._mig_id IN (SELECT _mig_id FROM %s)", t->rest);
    else
        str_add(sql, "NOT w._mig_same");
}

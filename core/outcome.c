/* outcome.c - the tables as they will be after publish: what check finds out of each table, in its
 * order, and two views over it. "will be" has the accepted staged rows as live rows, "as if" the
 * whole live table with them. Nothing here writes a live table. */
#include "outcome.h"

#include "absent.h"
#include "adopted.h"
#include "deletions.h"
#include "delta.h"
#include "judge.h"
#include "match.h"
#include "merge.h"
#include "owner.h"
#include "pair.h"
#include "seen.h"
#include "sql.h"
#include "staging.h"

/* ---- views ----------------------------------------------------------------------------- */

static void will_be_column(const struct job_table *t, const struct catalog_column *c,
                           struct str *sql)
{
    if (job_find_staged(t, c->name)) {
        str_add(sql, "s.");
        sql_ident(sql, c->name);
    } else {
        str_printf(sql, "CASE WHEN m._mig_id IS NOT NULL THEN m._mig_live_%d", c->attnum);
        if (c->fallback && !c->fallback_moves)
            str_printf(sql, " ELSE %s", c->fallback);
        str_add(sql, " END");
    }
    str_printf(sql, "::%s AS ", c->base);
    sql_ident(sql, c->name);
}

/* Accepted staged rows as the live table will hold them. Rows that leave their live row as it
 * is (skip, insert of what is there) are not among them. */
static int make_will_be(struct state *s, const struct job_table *t, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "CREATE OR REPLACE VIEW %s AS SELECT _mig_id, _mig_record, _mig_key, _mig_old,"
               " _mig_live, _mig_same",
               t->will_be);
    for (size_t i = 0; i < t->t->n_columns; i++) {
        const struct catalog_column *c = &t->t->columns[i];
        str_add(&sql, ", ");
        if (c->computed)
            str_printf(&sql, "(%s)::%s AS ", c->computed, c->base);
        sql_ident(&sql, c->name);
    }
    str_printf(&sql,
               " FROM (SELECT s._mig_id, s._mig_record, s._mig_key, %s AS _mig_old, m._mig_at AS"
               " _mig_live, %s AS _mig_same",
               t->has_delta ? "(m._mig_id IS NULL OR m._mig_at IS NOT NULL)"
                            : "m._mig_id IS NOT NULL",
               t->has_delta ? "m._mig_id IS NULL" : "coalesce(m._mig_same, false)");
    for (size_t i = 0; i < t->t->n_columns; i++)
        if (!t->t->columns[i].computed) {
            str_add(&sql, ", ");
            will_be_column(t, &t->t->columns[i], &sql);
        }
    str_printf(&sql,
               " FROM %s s LEFT JOIN %s m ON m._mig_id = s._mig_id WHERE s._mig_state = 0%s) w",
               t->staging, delta_or_all(t), match_overwrites(t) ? "" : " AND m._mig_id IS NULL");
    return pg_exec_str(s->pg, &sql, err);
}

/* A staged row that is the same as its live row is told by the live one. Validators ask in a
 * snapshot of their own: by then another row may have the place of one that was met. */
static int make_as_if(struct state *s, const struct job_table *t, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "CREATE OR REPLACE VIEW %s AS SELECT ", t->as_if);
    for (size_t i = 0; i < t->t->n_columns; i++) {
        str_add(&sql, i ? ", l." : "l.");
        sql_ident(&sql, t->t->columns[i].name);
        str_printf(&sql, "::%s", t->t->columns[i].base);
    }
    str_printf(&sql,
               " FROM %s l WHERE NOT EXISTS (SELECT FROM %s d WHERE d._mig_at = %s AND d._mig_xmin"
               " = l.xmin)",
               t->t->quoted, t->delete_table, match_at(t));
    if (match_overwrites(t))
        str_printf(&sql,
                   " AND NOT EXISTS (SELECT FROM %s m JOIN %s s USING (_mig_id) WHERE"
                   " m._mig_at = %s AND m._mig_xmin = l.xmin AND s._mig_state = 0 AND NOT"
                   " m._mig_same)",
                   delta_or_all(t), t->staging, match_at(t));
    str_add(&sql, " UNION ALL SELECT ");
    for (size_t i = 0; i < t->t->n_columns; i++) {
        str_add(&sql, i ? ", " : "");
        sql_ident(&sql, t->t->columns[i].name);
    }
    str_printf(&sql, " FROM (SELECT * FROM %s w WHERE ", t->will_be);
    match_not_same(t, &sql);
    str_add(&sql, t->has_rest ? " OFFSET 0) w" : ") w"); /* conditions wait for the few */
    return pg_exec_str(s->pg, &sql, err);
}

/* ---- all together ---------------------------------------------------------------------- */

static int look_at_staged(struct state *s, struct job_table *t, struct error *err)
{
    struct pg_result *res =
        pg_queryf(s->pg, err, "SELECT count(*), count(_mig_absent) > 0 FROM %s", t->staging);
    if (!res)
        return err->code;
    t->staged = pg_get_int(res, 0, 0);
    t->any_absent = pg_get(res, 0, 1)[0] == 't';
    pg_free(res);
    return pg_execf(s->pg, err, "ANALYZE %s", t->staging);
}

int outcome_drop(struct state *s, const struct job *job, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++)
        code = pg_execf(
            s->pg, err,
            "DROP VIEW IF EXISTS %s; DROP VIEW IF EXISTS %s; DROP MATERIALIZED VIEW IF EXISTS %s",
            job->tables[i].as_if, job->tables[i].will_be, job->tables[i].rest);
    return code;
}

int outcome_make(struct state *s, struct job *job, int may_delete, struct str *notes,
                 struct error *err)
{
    int code = outcome_drop(s, job, err);
    /* Numbers of rows and of distinct keys are what the plans here depend on: a small sample. */
    if (!code)
        code = pg_exec(s->pg, err, "SET LOCAL default_statistics_target = 20");
    for (size_t i = 0; !code && i < job->n_tables; i++)
        code = look_at_staged(s, &job->tables[i], err);
    if (!code)
        code = staging_tune(s, job, err);
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        struct job_table *t = &job->tables[i];
        int changed = 0;
        t->has_rest = t->has_images = 0;
        code = seen_take(s, t, err);
        if (!code)
            code = delta_make(s, job, t, err);
        if (!code && t->also)
            code = pair_make(s, job, t, err);
        if (!code && !t->has_delta)
            code = match_make(s, t, err);
        if (!code)
            code = owner_make(s, job, t, err);
        if (!code)
            code = judge_both(s, job, t, notes, err);
        if (!code)
            code = judge_follow(s, job, i, err);
        if (!code)
            code = adopted_keys(s, job, i, &changed, err);
        if (!code)
            code = absent_resolve(s, t, &changed, err);
        if (!code)
            code = merge_resolve(s, t, &changed, err);
        if (!code && changed)
            code = match_same(s, t, err);
        if (!code)
            code = deletions_find(s, job, t, may_delete, notes, err);
        if (!code)
            code = match_rest(s, t, err);
        if (!code)
            code = make_will_be(s, t, err);
        if (!code)
            code = make_as_if(s, t, err);
    }
    return code;
}

int outcome_again(struct state *s, struct job *job, size_t table, struct error *err)
{
    struct job_table *t = &job->tables[table];
    int changed = 0;
    int code = match_refill(s, t, err);
    code = code ? code : adopted_keys(s, job, table, &changed, err);
    code = code ? code : absent_resolve(s, t, &changed, err);
    return code || !changed ? code : match_same(s, t, err);
}

/* match.c - staged rows against live rows, as sets in the target. Live rows are remembered by
 * place (ctid) and xmin: publish compares both again under lock, so that a change in between is
 * seen. Nothing here writes a live table. */
#include "match.h"

#include <stdio.h>
#include <string.h>

#include "adopted.h"
#include "highwater.h"
#include "rewrite.h"
#include "seen.h"
#include "sql.h"
#include "staging.h"

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

/* Staged columns side by side: "s.a, s.b"; domains are compared as the live table has them. */
static void columns_of(const struct job_table *t, const char *alias, int cast, struct str *out)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        str_printf(out, "%s%s.", i ? ", " : "", alias);
        sql_ident(out, t->columns[i]->name);
        if (cast)
            str_printf(out, "::%s", t->columns[i]->declared);
    }
}

/* ---- match tables ---------------------------------------------------------------------- */

static void same_image(const struct job_table *t, struct str *sql)
{
    str_add(sql, "record_image_eq(ROW(");
    columns_of(t, "s", 0, sql);
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
    same_image(t, sql);
    str_add(sql, " AS _mig_same");
    live_columns(t, sql);
    str_add(sql, " FROM ");
    if (t->match) {
        str_printf(sql, "%s s JOIN %s l ON ", t->staging, t->t->quoted);
        match_condition(t->match, "s", "l", sql);
    } else {
        str_printf(sql, "%s s, %s l WHERE false", t->staging, t->t->quoted);
    }
}

static int make_match(struct state *s, struct job_table *t, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "DROP TABLE IF EXISTS %s; CREATE TABLE %s AS ", t->match_table,
               t->match_table);
    select_match(t, &sql);
    int code = pg_exec_str(s->pg, &sql, err);
    if (!code)
        code = index_match(s, t, err);
    return code ? code : pg_execf(s->pg, err, "ANALYZE %s", t->match_table);
}

/* Absent on update: the live value stays; absent on insert: the catalog's default, unless it
 * takes from a sequence, which publish does. */
static void resolved(const struct catalog_column *c, int live, struct str *sql)
{
    str_printf(sql, "(CASE WHEN NOT %d = ANY (s._mig_absent) THEN s.", c->attnum);
    sql_ident(sql, c->name);
    if (live) {
        str_add(sql, " ELSE l.");
        sql_ident(sql, c->name);
    } else if (c->fallback && !c->fallback_moves) {
        str_printf(sql, " ELSE %s", c->fallback);
    }
    str_printf(sql, " END)::%s", c->base);
}

/* Rows that hold the outcome already, as NULL mostly does, are not written again. */
static int resolve_rows(struct state *s, const struct job_table *t, int live, int *changed,
                        struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "UPDATE %s s SET ", t->staging);
    for (size_t i = 0; i < t->n_columns; i++) {
        str_add(&sql, i ? ", " : "");
        sql_ident(&sql, t->columns[i]->name);
        str_add(&sql, " = ");
        resolved(t->columns[i], live, &sql);
    }
    if (live)
        str_printf(&sql,
                   " FROM %s m JOIN %s l ON %s = m._mig_at WHERE m._mig_id = s._mig_id"
                   " AND NOT m._mig_same",
                   t->match_table, t->t->quoted, match_at(t));
    else
        str_printf(&sql, " WHERE NOT EXISTS (SELECT FROM %s m WHERE m._mig_id = s._mig_id)",
                   t->match_table);
    str_add(&sql, " AND s._mig_absent IS NOT NULL AND record_image_ne(ROW(");
    columns_of(t, "s", 0, &sql);
    str_add(&sql, "), ROW(");
    for (size_t i = 0; i < t->n_columns; i++) {
        str_add(&sql, i ? ", " : "");
        resolved(t->columns[i], live, &sql);
    }
    str_add(&sql, "))");
    struct pg_result *res = sql.failed ? NULL : pg_query(s->pg, err, sql.data, 0, NULL);
    if (sql.failed)
        error_set(err, STATUS_BUG, "a statement is too long");
    str_clear(&sql);
    *changed |= res && pg_affected(res) > 0;
    pg_free(res);
    return err->code;
}

static int resolve_absent(struct state *s, const struct job_table *t, int *changed,
                          struct error *err)
{
    if (!t->any_absent)
        return 0;
    int code = resolve_rows(s, t, 0, changed, err);
    return code ? code : resolve_rows(s, t, 1, changed, err);
}

/* Where rows are found by another key than the one that children refer to, the live key wins:
 * references in staged children are rewritten first, then the staged row takes the key. */
static int adopt_reference(struct state *s, const struct job_table *parent,
                           const struct job_table *child, const struct catalog_reference *k,
                           struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "UPDATE %s c SET ", child->staging);
    for (size_t i = 0; i < k->n; i++) {
        str_add(&sql, i ? ", " : "");
        sql_ident(&sql, k->columns[i]);
        str_add(&sql, " = l.");
        sql_ident(&sql, k->parent_columns[i]);
    }
    rewrite_keep(child, "c", k->columns, k->n, &sql);
    str_printf(&sql, " FROM %s p JOIN %s m USING (_mig_id) JOIN %s l ON %s = m._mig_at WHERE ",
               parent->staging, parent->match_table, parent->t->quoted, match_at(parent));
    for (size_t i = 0; i < k->n; i++) {
        str_printf(&sql, "%sp.", i ? " AND " : "");
        sql_ident(&sql, k->parent_columns[i]);
        str_printf(&sql, " %s c.", k->operators[i]);
        sql_ident(&sql, k->columns[i]);
    }
    return pg_exec_str(s->pg, &sql, err);
}

static int adopt_own(struct state *s, const struct job_table *t, const struct catalog_key *k,
                     struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "UPDATE %s s SET ", t->staging);
    for (size_t i = 0; i < k->n; i++) {
        str_add(&sql, i ? ", " : "");
        sql_ident(&sql, k->columns[i]);
        str_add(&sql, " = l.");
        sql_ident(&sql, k->columns[i]);
    }
    rewrite_keep(t, "s", k->columns, k->n, &sql);
    str_printf(&sql, " FROM %s m JOIN %s l ON %s = m._mig_at WHERE m._mig_id = s._mig_id",
               t->match_table, t->t->quoted, match_at(t));
    return pg_exec_str(s->pg, &sql, err);
}

static int adopt_keys(struct state *s, struct job *job, size_t index, int *changed,
                      struct error *err)
{
    const struct job_table *t = &job->tables[index];
    if (!rewrite_adopts(t))
        return 0;
    int code = 0;
    *changed = 1;
    for (size_t i = 0; i < job->n_tables; i++)
        for (size_t k = 0; !code && k < job->tables[i].n_references; k++) {
            const struct job_reference *r = &job->tables[i].references[k];
            if (r->parent != index)
                continue;
            int staged = 1;
            for (size_t c = 0; c < r->key.n; c++)
                staged &= job_find_staged(&job->tables[i], r->key.columns[c]) &&
                          job_find_staged(t, r->key.parent_columns[c]);
            if (staged)
                code = adopt_reference(s, t, &job->tables[i], &r->key, err);
            if (!code && staged)
                code = adopted_earlier(s, job, &job->tables[i], r, err);
            if (!code && staged && i < index) /* in a cycle: it was compared before */
                code = match_same(s, &job->tables[i], err);
        }
    return code ? code : adopt_own(s, t, &t->t->keys[0], err);
}

static int count_rows(struct state *s, const char *table, int64_t *n, struct error *err)
{
    struct pg_result *res = pg_queryf(s->pg, err, "SELECT count(*) FROM %s", table);
    if (!res)
        return err->code;
    *n = pg_get_int(res, 0, 0);
    pg_free(res);
    return 0;
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
    same_image(t, &sql);
    int code = pg_exec_str(s->pg, &sql, err);
    if (!code && t->has_rest)
        code = pg_execf(s->pg, err, "REFRESH MATERIALIZED VIEW %s", t->rest);
    return code || !t->has_rest ? code : count_rows(s, t->rest, &t->rest_rows, err);
}

int match_again(struct state *s, struct job *job, size_t table, struct error *err)
{
    struct job_table *t = &job->tables[table];
    int changed = 0;
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "DELETE FROM %s; INSERT INTO %s ", t->match_table, t->match_table);
    select_match(t, &sql);
    int code = pg_exec_str(s->pg, &sql, err);
    code = code ? code : adopt_keys(s, job, table, &changed, err);
    code = code ? code : resolve_absent(s, t, &changed, err);
    return code || !changed ? code : match_same(s, t, err);
}

/* ---- what replace deletes ---------------------------------------------------------------- */

/* A source key that the column's type may write otherwise ("07", 1.0, {uuid}) cannot be compared
 * as text; neither can one that was never read. */
static void key_is_vague(const struct job_table *t, struct str *sql)
{
    const struct catalog_column *c =
        t->match && t->match->n == 1 ? catalog_column(t->t, t->match->columns[0]) : NULL;
    str_add(sql, "final_key IS NULL OR ");
    if (c && c->type.category == 'S')
        str_add(sql, "false");
    else if (c && c->type.oid == 2950) /* uuid */
        str_add(sql, "final_key !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'");
    else if (c && (c->type.oid == 20 || c->type.oid == 21 || c->type.oid == 23)) /* integers */
        str_add(sql, "final_key ~ '[0-9]' AND final_key !~ '^(0|-?[1-9][0-9]*)$'");
    else
        str_add(sql, "true");
}

/* Rows of records that the load rejected are not in staging: their live rows must stay. The
 * first table of a stage can be told by the record's own key; of other tables nothing is
 * deleted while their stage rejected a record. 1: deletes must be left out, 0: fine. */
static int unknown_rows(struct state *s, const struct job *job, const struct job_table *t,
                        int *unknown, struct error *err)
{
    *unknown = 0;
    for (size_t i = 0; i < t->n_stages; i++) {
        const struct job_stage *st = &job->stages[t->stages[i]];
        struct str sql;
        str_init(&sql, 0);
        str_printf(&sql,
                   "SELECT EXISTS (SELECT FROM %s.reject WHERE run = %lld AND step = 'load' AND"
                   " stage = ",
                   s->q, (long long)s->run);
        sql_literal(&sql, st->p->name);
        str_printf(&sql,
                   "), own_keys AND NOT EXISTS (SELECT FROM %s.reject WHERE run = %lld AND"
                   " step = 'load' AND stage = ",
                   s->q, (long long)s->run);
        sql_literal(&sql, st->p->name);
        str_add(&sql, " AND (");
        key_is_vague(t, &sql);
        str_printf(&sql, ")) FROM %s.run_stage WHERE run = %lld AND name = ", s->q,
                   (long long)s->run);
        sql_literal(&sql, st->p->name);
        struct pg_result *res = pg_query(s->pg, err, sql.data, 0, NULL);
        str_clear(&sql);
        if (!res)
            return err->code;
        int rejects = pg_rows(res) && pg_get(res, 0, 0)[0] == 't';
        int own = pg_rows(res) && pg_get(res, 0, 1)[0] == 't';
        pg_free(res);
        if (rejects && (!own || &job->tables[st->tables[0]] != t))
            *unknown = 1;
    }
    return 0;
}

static void not_rejected(const struct state *s, const struct job *job, const struct job_table *t,
                         struct str *sql)
{
    if (!t->match || t->match->n != 1)
        return;
    str_printf(sql,
               " AND NOT EXISTS (SELECT FROM %s.reject r WHERE r.run = %lld AND r.final_key ="
               " l.",
               s->q, (long long)s->run);
    sql_ident(sql, t->match->columns[0]);
    str_add(sql, "::text AND r.stage IN (''");
    for (size_t i = 0; i < t->n_stages; i++) {
        str_add(sql, ", ");
        sql_literal(sql, job->stages[t->stages[i]].p->name);
    }
    str_add(sql, "))");
}

/* What an incremental read passed over looks as if it were gone. */
static int read_whole(const struct job *job, const struct job_table *t)
{
    int whole = 1;
    for (size_t i = 0; i < t->n_stages; i++)
        whole &= highwater_is_whole(&job->stages[t->stages[i]]);
    return whole;
}

static int make_delete(struct state *s, const struct job *job, struct job_table *t, int may_delete,
                       struct str *notes, struct error *err)
{
    int unknown = 0;
    if (t->policy == POLICY_REPLACE && unknown_rows(s, job, t, &unknown, err))
        return err->code;
    int deletes = t->policy == POLICY_REPLACE && may_delete && !unknown && read_whole(job, t);
    if (unknown)
        str_printf(notes,
                   "%s.%s: no live row is deleted, because rows of rejected records cannot be told "
                   "from rows that the source no longer has\n",
                   t->t->schema, t->t->name);
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "DROP TABLE IF EXISTS %s; CREATE TABLE %s AS SELECT %s AS _mig_at,"
               " l.xmin AS _mig_xmin, false AS _mig_late FROM %s l WHERE ",
               t->delete_table, t->delete_table, match_at(t), t->t->quoted);
    if (deletes) {
        str_printf(&sql, "(%s) AND NOT EXISTS (SELECT FROM %s s WHERE ",
                   t->scope ? t->scope : "true", t->staging);
        match_condition(t->match, "s", "l", &sql);
        str_add_char(&sql, ')');
        not_rejected(s, job, t, &sql);
    } else {
        str_add(&sql, "false");
    }
    int code = pg_exec_str(s->pg, &sql, err);
    if (!code)
        code = pg_execf(s->pg, err, "ANALYZE %s", t->delete_table);
    return code ? code : count_rows(s, t->delete_table, &t->deletes, err);
}

/* ---- the rest ---------------------------------------------------------------------------- */

/* Where most rows are as their live row already, what asks for the others must not meet all of
 * both tables each time. */
static int make_rest(struct state *s, struct job_table *t, struct error *err)
{
    char same[JOB_NAME_SIZE + 32];
    int64_t n = 0;
    snprintf(same, sizeof same, "%s WHERE _mig_same", t->match_table);
    int code = count_rows(s, same, &n, err);
    t->has_rest = !code && 2 * n > t->staged;
    if (code || !t->has_rest)
        return code;
    code = pg_execf(s->pg, err,
                    "CREATE MATERIALIZED VIEW %s AS SELECT s._mig_id FROM %s s WHERE NOT EXISTS"
                    " (SELECT FROM %s m WHERE m._mig_id = s._mig_id AND m._mig_same); ANALYZE %s",
                    t->rest, t->staging, t->match_table, t->rest);
    return code ? code : count_rows(s, t->rest, &t->rest_rows, err);
}

void match_not_same(const struct job_table *t, struct str *sql)
{
    if (t->has_rest)
        str_printf(sql, "w._mig_id IN (SELECT _mig_id FROM %s)", t->rest);
    else
        str_add(sql, "NOT w._mig_same");
}

/* ---- staged rows ----------------------------------------------------------------------- */

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
    str_add(&sql, " FROM (SELECT s._mig_id, s._mig_record, s._mig_key, m._mig_id IS NOT NULL AS"
                  " _mig_old, m._mig_at AS _mig_live, coalesce(m._mig_same, false) AS"
                  " _mig_same");
    for (size_t i = 0; i < t->t->n_columns; i++)
        if (!t->t->columns[i].computed) {
            str_add(&sql, ", ");
            will_be_column(t, &t->t->columns[i], &sql);
        }
    str_printf(&sql,
               " FROM %s s LEFT JOIN %s m ON m._mig_id = s._mig_id WHERE s._mig_state = 0%s) w",
               t->staging, t->match_table, match_overwrites(t) ? "" : " AND m._mig_id IS NULL");
    return pg_exec_str(s->pg, &sql, err);
}

/* A staged row that is the same as its live row is told by the live one. */
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
    str_printf(&sql, " FROM %s l WHERE NOT EXISTS (SELECT FROM %s d WHERE d._mig_at = %s)",
               t->t->quoted, t->delete_table, match_at(t));
    if (match_overwrites(t))
        str_printf(&sql,
                   " AND NOT EXISTS (SELECT FROM %s m JOIN %s s USING (_mig_id) WHERE"
                   " m._mig_at = %s AND s._mig_state = 0 AND NOT m._mig_same)",
                   t->match_table, t->staging, match_at(t));
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

int match_drop_views(struct state *s, const struct job *job, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++)
        code = pg_execf(
            s->pg, err,
            "DROP VIEW IF EXISTS %s; DROP VIEW IF EXISTS %s; DROP MATERIALIZED VIEW IF EXISTS %s",
            job->tables[i].as_if, job->tables[i].will_be, job->tables[i].rest);
    return code;
}

int match_run(struct state *s, struct job *job, int may_delete, struct str *notes,
              struct error *err)
{
    int code = match_drop_views(s, job, err);
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
        t->has_rest = 0;
        code = seen_take(s, t, err);
        if (!code)
            code = make_match(s, t, err);
        if (!code)
            code = adopt_keys(s, job, i, &changed, err);
        if (!code)
            code = resolve_absent(s, t, &changed, err);
        if (!code && changed)
            code = match_same(s, t, err);
        if (!code)
            code = make_delete(s, job, t, may_delete, notes, err);
        if (!code)
            code = make_rest(s, t, err);
        if (!code)
            code = make_will_be(s, t, err);
        if (!code)
            code = make_as_if(s, t, err);
    }
    return code;
}

/* check.c - values, collisions and references of staged rows, as sets in the target.
 * Order of refusal: values, then collisions, then references, until nothing more is refused. A
 * loser of a collision does not come back when its winner falls later. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "fault.h"
#include "match.h"
#include "sql.h"
#include "validate.h"

static int run_sql(struct state *s, struct str *sql, struct error *err)
{
    int code = sql->failed ? error_set(err, STATUS_BUG, "a statement is too long")
                           : pg_exec(s->pg, err, sql->data);
    str_clear(sql);
    return code;
}

/* As run_sql; adds the number of rows to `affected`. */
static int count_sql(struct state *s, struct str *sql, int64_t *affected, struct error *err)
{
    struct pg_result *res = pg_query(s->pg, err, sql->data, 0, NULL);
    str_clear(sql);
    if (!res)
        return err->code;
    *affected += pg_affected(res);
    pg_free(res);
    return 0;
}

/* ---- rejecting ------------------------------------------------------------------------- */

/* INSERT INTO reject ... SELECT: one line per record, its first row counts. The record's
 * number in its entity comes from its chunk. */
static void reject_head(const struct state *s, const struct job_table *t, int outcome,
                        struct str *sql)
{
    str_printf(sql,
               "INSERT INTO %s.reject (run, record, stage, number, key, outcome, step, table_name,"
               " field, code, reason, cause, first_cause) SELECT DISTINCT ON (w._mig_record) %lld,"
               " w._mig_record, c.stage, c.first_record + (w._mig_record & 4294967295) - 1,"
               " w._mig_key, %d, 'check', ",
               s->q, (long long)s->run, outcome);
    char name[520];
    snprintf(name, sizeof name, "%s.%s", t->t->schema, t->t->name);
    sql_literal(sql, name);
}

static void chunk_join(const struct state *s, struct str *sql)
{
    str_printf(sql, " JOIN %s.chunk c ON c.run = %lld AND c.no = w._mig_record >> 32", s->q,
               (long long)s->run);
}

static void text_or_null(struct str *sql, const char *text)
{
    if (text && text[0])
        sql_literal(sql, text);
    else
        str_add(sql, "NULL");
}

static void reject_rule(const struct check_rule *rule, struct str *sql)
{
    str_add(sql, ", ");
    text_or_null(sql, rule->field);
    str_add(sql, ", ");
    sql_literal(sql, rule->code);
    str_add(sql, ", ");
    sql_literal(sql, rule->reason);
    str_add(sql, ", NULL::bigint, NULL ");
}

int check_reject(struct state *s, const struct job_table *t, const struct check_rule *rule,
                 struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    reject_head(s, t, MIG_REJECT, &sql);
    reject_rule(rule, &sql);
    /* Inside, only the row's own columns can be meant by the condition's names. */
    str_printf(&sql, "FROM (SELECT _mig_id, _mig_record, _mig_key FROM %s w WHERE (%s)) w",
               t->will_be, rule->condition);
    chunk_join(s, &sql);
    str_add(&sql, " ORDER BY w._mig_record, w._mig_id ON CONFLICT DO NOTHING");
    return run_sql(s, &sql, err);
}

/* All rows of rejected records leave the accepted ones. */
static int spread(struct state *s, const struct job *job, int64_t *changed, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        struct str sql;
        str_init(&sql, 0);
        str_printf(&sql,
                   "UPDATE %s s SET _mig_state = 1 FROM %s.reject r WHERE r.run = %lld AND r.step ="
                   " 'check' AND r.record = s._mig_record AND s._mig_state = 0",
                   job->tables[i].staging, s->q, (long long)s->run);
        code = count_sql(s, &sql, changed, err);
    }
    return code;
}

/* ---- values ---------------------------------------------------------------------------- */

static int check_not_null(struct state *s, const struct job_table *t, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < t->t->n_columns; i++) {
        const struct catalog_column *c = &t->t->columns[i];
        if (!c->not_null || c->computed)
            continue;
        struct str condition;
        str_init(&condition, 0);
        str_add(&condition, "w.");
        sql_ident(&condition, c->name);
        str_add(&condition, " IS NULL");
        /* What a sequence will give is not known before publish. */
        if (c->fallback_moves && job_staged(t, c->name))
            str_printf(&condition,
                       " AND NOT EXISTS (SELECT FROM %s x WHERE x._mig_id = w._mig_id AND %d = ANY"
                       " (x._mig_absent) AND NOT w._mig_old)",
                       t->staging, c->attnum);
        else if (c->fallback_moves)
            str_add(&condition, " AND w._mig_old");
        code = check_reject(s, t,
                            &(struct check_rule){condition.data, "required",
                                                 "a value is required (NOT NULL)", c->name},
                            err);
        str_clear(&condition);
    }
    return code;
}

/* The word VALUE of a domain's check stands for the column. Text in quotes is left alone. */
static void domain_condition(const struct catalog_column *c, struct str *out)
{
    char quote = 0;
    for (const char *p = c->domain_check; *p; p++) {
        if (quote) {
            quote = *p == quote ? 0 : quote;
        } else if (*p == '\'' || *p == '"') {
            quote = *p;
        } else if (strncmp(p, "VALUE", 5) == 0) {
            str_add(out, "w.");
            sql_ident(out, c->name);
            p += 4;
            continue;
        }
        str_add_char(out, *p);
    }
}

static int check_domains(struct state *s, const struct job_table *t, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < t->n_columns; i++) {
        const struct catalog_column *c = t->columns[i];
        if (!c->domain_check)
            continue;
        struct str condition;
        str_init(&condition, 0);
        str_add(&condition, "NOT (");
        domain_condition(c, &condition);
        str_add_char(&condition, ')');
        char reason[300];
        snprintf(reason, sizeof reason, "the value violates domain %s", c->declared);
        code = check_reject(s, t, &(struct check_rule){condition.data, "domain", reason, c->name},
                            err);
        str_clear(&condition);
    }
    return code;
}

static int check_constraints(struct state *s, const struct job_table *t, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < t->t->n_checks; i++) {
        struct str condition;
        char reason[300];
        str_init(&condition, 0);
        str_printf(&condition, "NOT (%s)", t->t->checks[i].sql);
        snprintf(reason, sizeof reason, "the row violates check constraint %s",
                 t->t->checks[i].name);
        code = check_reject(
            s, t, &(struct check_rule){condition.data, "check_constraint", reason, NULL}, err);
        str_clear(&condition);
    }
    return code;
}

static int check_values(struct state *s, struct job *job, struct error *err)
{
    int64_t changed = 0;
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        code = check_not_null(s, &job->tables[i], err);
        if (!code)
            code = check_domains(s, &job->tables[i], err);
        if (!code)
            code = check_constraints(s, &job->tables[i], err);
    }
    if (!code)
        code = validate_rows(s, job, err);
    return code ? code : spread(s, job, &changed, err);
}

/* ---- collisions ------------------------------------------------------------------------ */

static void key_list(const struct catalog_key *k, const char *prefix, struct str *sql)
{
    for (size_t i = 0; i < k->n; i++)
        str_printf(sql, "%s%sk%zu", i ? ", " : "", prefix, i);
}

/* (SELECT ids, (part) AS k0, ... FROM source WHERE predicate): an index's key of each row. */
static void key_rows(const struct catalog_key *k, const char *ids, const char *from,
                     struct str *sql)
{
    str_printf(sql, "(SELECT %s", ids);
    for (size_t i = 0; i < k->n; i++)
        str_printf(sql, ", (%s)%s%s AS k%zu", k->parts[i], k->collations[i] ? " COLLATE " : "",
                   k->collations[i] ? k->collations[i] : "", i);
    str_printf(sql, " FROM %s%s%s)", from, k->predicate ? " WHERE " : "",
               k->predicate ? k->predicate : "");
}

static void none_null(const struct catalog_key *k, const char *alias, struct str *sql)
{
    for (size_t i = 0; !k->nulls_equal && i < k->n; i++)
        str_printf(sql, " AND %s.k%zu IS NOT NULL", alias, i);
}

static const char *key_field(const struct catalog_key *k)
{
    return k->n == 1 ? k->columns[0] : NULL;
}

/* The first record in source order keeps the key. */
static int duplicates_within(struct state *s, const struct job_table *t,
                             const struct catalog_key *k, struct error *err)
{
    struct str sql;
    char reason[300];
    str_init(&sql, 0);
    snprintf(reason, sizeof reason, "an earlier record of this run has the same key (index %s)",
             k->name);
    reject_head(s, t, MIG_REJECT, &sql);
    reject_rule(&(struct check_rule){NULL, "duplicate", reason, key_field(k)}, &sql);
    str_add(&sql, "FROM (SELECT _mig_id, _mig_record, _mig_key, row_number() OVER (PARTITION BY ");
    key_list(k, "", &sql);
    str_add(&sql, " ORDER BY _mig_id) AS n FROM ");
    key_rows(k, "_mig_id, _mig_record, _mig_key", t->will_be, &sql);
    str_add(&sql, " x WHERE true");
    none_null(k, "x", &sql);
    str_add(&sql, ") w");
    chunk_join(s, &sql);
    str_add(&sql, " WHERE w.n > 1 ORDER BY w._mig_record, w._mig_id ON CONFLICT DO NOTHING");
    return run_sql(s, &sql, err);
}

/* The same for the match key itself where the live row is not overwritten: staged rows that
 * stand for one live row are not in the view of what will be. */
static int duplicates_matched(struct state *s, const struct job_table *t, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    reject_head(s, t, MIG_REJECT, &sql);
    reject_rule(&(struct check_rule){NULL, "duplicate",
                                     "an earlier record of this run stands for the same live row",
                                     key_field(t->match)},
                &sql);
    str_printf(&sql,
               "FROM (SELECT s._mig_id, s._mig_record, s._mig_key, row_number() OVER (PARTITION BY"
               " m._mig_ctid ORDER BY s._mig_id) AS n FROM %s s JOIN %s m USING (_mig_id) WHERE"
               " s._mig_state = 0) w",
               t->staging, t->match_table);
    chunk_join(s, &sql);
    str_add(&sql, " WHERE w.n > 1 ORDER BY w._mig_record, w._mig_id ON CONFLICT DO NOTHING");
    return run_sql(s, &sql, err);
}

/* Live rows that stay as they are and hold a key that a staged row wants. First the pairs of
 * equal keys other than a row with its own live row, which are few; then what becomes of these
 * live rows. */
static int collisions_with_live(struct state *s, const struct job_table *t,
                                const struct catalog_key *k, struct error *err)
{
    struct str sql;
    char reason[300];
    str_init(&sql, 0);
    snprintf(reason, sizeof reason, "a live row that stays has the same key (index %s)", k->name);
    str_add(&sql, "WITH hit AS MATERIALIZED (SELECT w._mig_id, w._mig_record, w._mig_key, l.ctid AS"
                  " live FROM ");
    key_rows(k, "_mig_id, _mig_record, _mig_key, _mig_live", t->will_be, &sql);
    str_add(&sql, " w JOIN ");
    key_rows(k, "ctid", t->t->quoted, &sql);
    str_add(&sql, " l ON l.ctid IS DISTINCT FROM w._mig_live");
    for (size_t i = 0; i < k->n; i++) {
        if (k->nulls_equal)
            str_printf(&sql, " AND (w.k%zu %s l.k%zu OR (w.k%zu IS NULL AND l.k%zu IS NULL))", i,
                       k->operators[i], i, i, i);
        else
            str_printf(&sql, " AND w.k%zu %s l.k%zu", i, k->operators[i], i);
    }
    str_add(&sql, ") ");
    reject_head(s, t, MIG_REJECT, &sql);
    reject_rule(&(struct check_rule){NULL, "collision", reason, key_field(k)}, &sql);
    str_add(&sql, "FROM hit w");
    chunk_join(s, &sql);
    str_printf(&sql, " WHERE NOT EXISTS (SELECT FROM %s d WHERE d._mig_ctid = w.live)",
               t->delete_table);
    if (match_overwrites(t))
        str_printf(&sql,
                   " AND NOT EXISTS (SELECT FROM %s m JOIN %s s USING (_mig_id) WHERE m._mig_ctid ="
                   " w.live AND s._mig_state = 0)",
                   t->match_table, t->staging);
    str_add(&sql, " ORDER BY w._mig_record, w._mig_id ON CONFLICT DO NOTHING");
    return run_sql(s, &sql, err);
}

/* Policies insert and reject: a staged row that has a live row. Under insert one that is the
 * same already is left as unchanged, so that a second run has nothing to do. */
static int refuse_existing(struct state *s, const struct job_table *t, struct error *err)
{
    if (t->policy != POLICY_INSERT && t->policy != POLICY_REJECT)
        return 0;
    struct str sql;
    str_init(&sql, 0);
    reject_head(s, t, MIG_REJECT, &sql);
    reject_rule(&(struct check_rule){NULL, "exists",
                                     t->policy == POLICY_INSERT
                                         ? "a live row with this key is there, with other values"
                                         : "a live row with this key is there",
                                     NULL},
                &sql);
    str_printf(&sql, "FROM %s w JOIN %s m USING (_mig_id)", t->staging, t->match_table);
    chunk_join(s, &sql);
    str_printf(&sql,
               " WHERE w._mig_state = 0%s ORDER BY w._mig_record, w._mig_id ON CONFLICT DO NOTHING",
               t->policy == POLICY_INSERT ? " AND NOT m._mig_same" : "");
    return run_sql(s, &sql, err);
}

static int check_own_duplicates(struct state *s, struct job *job, struct error *err)
{
    int64_t changed = 0;
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        const struct job_table *t = &job->tables[i];
        if (t->match)
            code = duplicates_matched(s, t, err);
        for (size_t k = 0; !code && k < t->t->n_keys; k++)
            code = duplicates_within(s, t, &t->t->keys[k], err);
        if (!code)
            code = refuse_existing(s, t, err);
    }
    return code ? code : spread(s, job, &changed, err);
}

/* ---- references ------------------------------------------------------------------------ */

static void same_key(const struct catalog_reference *k, const char *parent, const char *child,
                     struct str *sql)
{
    for (size_t i = 0; i < k->n; i++) {
        str_printf(sql, "%s%s.", i ? " AND " : "", parent);
        sql_ident(sql, k->parent_columns[i]);
        str_printf(sql, " %s %s.", k->operators[i], child);
        sql_ident(sql, k->columns[i]);
    }
}

/* WHERE the child's columns are set and no parent will be there. */
static void orphan_condition(const struct job *job, const struct job_reference *r, struct str *sql)
{
    const char *parent = r->parent == SIZE_MAX ? r->parent_quoted : job->tables[r->parent].as_if;
    for (size_t i = 0; i < r->key.n; i++) {
        str_printf(sql, "%sw.", i ? " AND " : "");
        sql_ident(sql, r->key.columns[i]);
        str_add(sql, " IS NOT NULL");
    }
    str_printf(sql, " AND NOT EXISTS (SELECT FROM %s p WHERE ", parent);
    same_key(&r->key, "p", "w", sql);
    str_add_char(sql, ')');
}

/* LEFT JOINs that find the record which should have brought the parent, if this run refused it:
 * among staged rows when check did (p), by its final key when load did (q). */
static void cause_joins(const struct state *s, const struct job *job, const struct job_reference *r,
                        struct str *sql)
{
    const struct job_table *p = &job->tables[r->parent];
    str_add(sql, " LEFT JOIN (SELECT min(_mig_record) AS record");
    for (size_t i = 0; i < r->key.n; i++) {
        str_add(sql, ", ");
        sql_ident(sql, r->key.parent_columns[i]);
        str_printf(sql, " AS k%zu", i);
    }
    str_printf(sql, " FROM %s WHERE _mig_state <> 0 GROUP BY ", p->staging);
    for (size_t i = 0; i < r->key.n; i++) {
        str_add(sql, i ? ", " : "");
        sql_ident(sql, r->key.parent_columns[i]);
    }
    str_add(sql, ") p ON ");
    for (size_t i = 0; i < r->key.n; i++)
        str_printf(sql, "%sp.k%zu %s w.k%zu", i ? " AND " : "", i, r->key.operators[i], i);
    str_printf(sql,
               " LEFT JOIN (SELECT final_key, min(record) AS record FROM %s.reject WHERE run = %lld"
               " AND step = 'load' AND stage IN (''",
               s->q, (long long)s->run);
    for (size_t i = 0; i < p->n_stages; i++) {
        str_add(sql, ", ");
        sql_literal(sql, job->stages[p->stages[i]].p->name);
    }
    str_add(sql, ") GROUP BY final_key) q ON q.final_key = w.k0::text");
}

static int cause_known(const struct job *job, const struct job_reference *r)
{
    for (size_t i = 0; r->parent != SIZE_MAX && i < r->key.n; i++)
        if (!job_staged(&job->tables[r->parent], r->key.parent_columns[i]))
            return 0;
    return r->parent != SIZE_MAX;
}

static int reject_orphans(struct state *s, const struct job *job, const struct job_table *t,
                          const struct job_reference *r, struct error *err)
{
    struct str sql;
    char name[520];
    int known = cause_known(job, r);
    const char *cause = known ? "coalesce(p.record, q.record)" : "NULL::bigint";
    str_init(&sql, 0);
    str_add(&sql, "WITH o AS MATERIALIZED (SELECT w._mig_id, w._mig_record, w._mig_key");
    for (size_t i = 0; i < r->key.n; i++) {
        str_add(&sql, ", w.");
        sql_ident(&sql, r->key.columns[i]);
        str_printf(&sql, " AS k%zu", i);
    }
    str_printf(&sql, " FROM %s w WHERE ", t->will_be);
    orphan_condition(job, r, &sql);
    str_printf(&sql,
               "), w AS MATERIALIZED (SELECT w._mig_id, w._mig_record, w._mig_key, %s AS cause"
               " FROM o w",
               cause);
    if (known)
        cause_joins(s, job, r, &sql);
    str_add(&sql, ") ");
    reject_head(s, t, MIG_REJECT, &sql);
    str_add(&sql, ", ");
    text_or_null(&sql, r->key.n == 1 ? r->key.columns[0] : NULL);
    snprintf(name, sizeof name, "the row refers to a missing row of %s.%s (%s)",
             r->key.parent_schema, r->key.parent_table, r->key.name);
    str_add(&sql, ", CASE WHEN w.cause IS NULL THEN 'orphan' ELSE 'parent_rejected' END, ");
    sql_literal(&sql, name);
    str_printf(&sql,
               ", w.cause, coalesce(f.first_cause, f.stage || ':' || coalesce(f.key, '?') || ' ' ||"
               " f.code) FROM w LEFT JOIN %s.reject f ON f.run = %lld AND f.record = w.cause",
               s->q, (long long)s->run);
    chunk_join(s, &sql);
    str_add(&sql, " ORDER BY w._mig_record, w._mig_id ON CONFLICT DO NOTHING");
    int code = run_sql(s, &sql, err);
    /* Left out because its parent was: that is a skip, not a fault of its own. */
    return code ? code
                : pg_execf(s->pg, err,
                           "UPDATE %s.reject SET outcome = %d WHERE run = %lld AND code ="
                           " 'parent_rejected' AND outcome = %d",
                           s->q, MIG_SKIP, (long long)s->run, MIG_REJECT);
}

static int null_orphans(struct state *s, const struct job *job, const struct job_table *t,
                        const struct job_reference *r, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_add(&sql, "WITH gone AS (SELECT w._mig_id, w._mig_record FROM ");
    str_printf(&sql, "%s w WHERE ", t->will_be);
    orphan_condition(job, r, &sql);
    str_printf(&sql, "), cut AS (UPDATE %s s SET ", t->staging);
    for (size_t i = 0; i < r->key.n; i++) {
        str_add(&sql, i ? ", " : "");
        sql_ident(&sql, r->key.columns[i]);
        str_add(&sql, " = NULL");
    }
    str_printf(&sql,
               " FROM gone g WHERE g._mig_id = s._mig_id) INSERT INTO %s.repair SELECT %lld, 0,"
               " c.stage, ",
               s->q, (long long)s->run);
    sql_literal(&sql, r->key.columns[0]);
    str_add(&sql, ", 'missing parent set to NULL', count(*) FROM gone w");
    chunk_join(s, &sql);
    str_add(&sql, " GROUP BY c.stage");
    return run_sql(s, &sql, err);
}

static int reference_staged(const struct job_table *t, const struct job_reference *r)
{
    for (size_t i = 0; i < r->key.n; i++)
        if (!job_staged(t, r->key.columns[i]))
            return 0;
    return 1;
}

static int check_references(struct state *s, struct job *job, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        const struct job_table *t = &job->tables[i];
        int64_t changed = 0;
        for (size_t k = 0; !code && k < t->n_references; k++) {
            const struct job_reference *r = &t->references[k];
            if (!reference_staged(t, r))
                continue;
            code = r->key.set_null ? null_orphans(s, job, t, r, err)
                                   : reject_orphans(s, job, t, r, err);
        }
        /* Parents come first: what falls here is known to the tables behind. */
        if (!code)
            code = spread(s, job, &changed, err);
    }
    return code;
}

static int count_rejects(struct state *s, int64_t *n, struct error *err)
{
    struct pg_result *res =
        pg_queryf(s->pg, err, "SELECT count(*) FROM %s.reject WHERE run = %lld AND step = 'check'",
                  s->q, (long long)s->run);
    if (!res)
        return err->code;
    *n = pg_get_int(res, 0, 0);
    pg_free(res);
    return 0;
}

/* Parents come first, so that one pass over the references settles every chain but those within
 * a table or a cycle. */
static int has_cycles(const struct job *job)
{
    for (size_t i = 0; i < job->n_tables; i++)
        for (size_t k = 0; k < job->tables[i].n_references; k++)
            if (job->tables[i].references[k].cycle || job->tables[i].references[k].parent == i)
                return 1;
    return 0;
}

static int check_live_collisions(struct state *s, const struct job *job, struct error *err)
{
    int64_t changed = 0;
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++)
        for (size_t k = 0; !code && k < job->tables[i].t->n_keys; k++)
            code = collisions_with_live(s, &job->tables[i], &job->tables[i].t->keys[k], err);
    return code ? code : spread(s, job, &changed, err);
}

/* A row that falls gives its live row back, which may then hold a key that another wants. */
static int to_fixed_point(struct state *s, struct job *job, struct error *err)
{
    int64_t before, now = -1, collided = 0;
    int code = 0;
    do {
        before = now;
        code = check_live_collisions(s, job, err);
        if (!code)
            code = count_rejects(s, &collided, err);
        if (!code && (before == -1 || collided != before || has_cycles(job)))
            code = check_references(s, job, err);
        if (!code)
            code = count_rejects(s, &now, err);
    } while (!code && now != before);
    return code;
}

/* ---- deletions of replace -------------------------------------------------------------- */

/* Live rows that stay and refer to a row that replace would delete: the foreign key would
 * refuse, or worse, cascade. */
static int check_left_behind(struct state *s, const struct job *job, const struct job_table *t,
                             const struct catalog_reference *k, struct error *err)
{
    struct str sql;
    size_t child = job_find_table(job, k->child_schema, k->child_table);
    str_init(&sql, 0);
    str_add(&sql, "SELECT count(*) FROM ");
    if (child == SIZE_MAX)
        sql_table(&sql, k->child_schema, k->child_table);
    else
        str_add(&sql, job->tables[child].as_if);
    str_printf(&sql, " w WHERE EXISTS (SELECT FROM %s d JOIN %s p ON p.ctid = d._mig_ctid WHERE ",
               t->delete_table, t->t->quoted);
    same_key(k, "p", "w", &sql);
    str_printf(&sql, ") AND NOT EXISTS (SELECT FROM %s p WHERE ", t->as_if);
    same_key(k, "p", "w", &sql);
    str_add_char(&sql, ')');
    struct pg_result *res = pg_query(s->pg, err, sql.data, 0, NULL);
    str_clear(&sql);
    if (!res)
        return err->code;
    long long n = (long long)pg_get_int(res, 0, 0);
    pg_free(res);
    if (!n)
        return 0;
    error_set(err, STATUS_INVALID,
              "policy replace would delete rows of %s.%s to which %lld rows of %s.%s refer (%s)",
              t->t->schema, t->t->name, n, k->child_schema, k->child_table, k->name);
    error_fix(err, "narrow the policy by \"scope\", or migrate %s.%s too", k->child_schema,
              k->child_table);
    return STATUS_INVALID;
}

static int check_share(struct state *s, const struct job *job, const struct job_table *t,
                       const struct check_options *options, struct error *err)
{
    struct pg_result *res =
        pg_queryf(s->pg, err, "SELECT (SELECT count(*) FROM %s), (SELECT count(*) FROM %s)",
                  t->delete_table, t->t->quoted);
    if (!res)
        return err->code;
    int64_t deleted = pg_get_int(res, 0, 0), all = pg_get_int(res, 0, 1);
    pg_free(res);
    double percent = all ? 100.0 * (double)deleted / (double)all : 0;
    if (percent <= job->project->max_delete_percent || options->delete_confirmed)
        return 0;
    error_set(
        err, STATUS_INVALID,
        "policy replace would delete %lld of %lld rows of %s.%s (%.1f %%, allowed are %.1f %%)",
        (long long)deleted, (long long)all, t->t->schema, t->t->name, percent,
        job->project->max_delete_percent);
    error_why(err, "a source that lost its rows looks just like this");
    error_fix(err, "see that the source is complete; then repeat with --yes, or raise "
                   "\"max_delete\"");
    return STATUS_INVALID;
}

static int check_deletions(struct state *s, const struct job *job,
                           const struct check_options *options, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        const struct job_table *t = &job->tables[i];
        if (t->policy != POLICY_REPLACE)
            continue;
        code = check_share(s, job, t, options, err);
        for (size_t k = 0; !code && k < t->t->n_incoming; k++)
            code = check_left_behind(s, job, t, &t->t->incoming[k], err);
    }
    return code;
}

/* ---- all together ---------------------------------------------------------------------- */

static int reset(struct state *s, const struct job *job, struct error *err)
{
    int code = pg_execf(s->pg, err,
                        "DELETE FROM %s.reject WHERE run = %lld AND step = 'check'; DELETE FROM"
                        " %s.repair WHERE run = %lld AND chunk = 0; DELETE FROM %s.check_result"
                        " WHERE run = %lld",
                        s->q, (long long)s->run, s->q, (long long)s->run, s->q, (long long)s->run);
    for (size_t i = 0; !code && i < job->n_tables; i++)
        code = pg_execf(s->pg, err, "UPDATE %s SET _mig_state = 0 WHERE _mig_state <> 0",
                        job->tables[i].staging);
    return code;
}

int check_run(struct state *s, struct job *job, const struct check_options *options,
              struct str *notes, struct error *err)
{
    if (fault_point("check.begin"))
        return error_set(err, STATUS_TEMPORARY, "fault point check.begin");
    int code = state_begin(s, err);
    if (!code)
        code = reset(s, job, err);
    if (!code)
        code = match_run(s, job, options->may_delete, notes, err);
    if (!code)
        code = check_values(s, job, err);
    if (!code && fault_point("check.values"))
        code = error_set(err, STATUS_TEMPORARY, "fault point check.values");
    if (!code)
        code = check_own_duplicates(s, job, err);
    if (!code)
        code = to_fixed_point(s, job, err);
    if (!code && fault_point("check.references"))
        code = error_set(err, STATUS_TEMPORARY, "fault point check.references");
    if (!code)
        code = check_deletions(s, job, options, err);
    if (!code)
        code = state_heartbeat(s, err);
    if (!code)
        code = state_commit(s, err);
    else
        pg_rollback(s->pg);
    if (!code && fault_point("check.done"))
        code = error_set(err, STATUS_TEMPORARY, "fault point check.done");
    return code;
}

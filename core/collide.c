/* collide.c - rows that want a key which another row has: within the run, and against live rows
 * that stay. Keys are compared as their unique index compares them: its expressions, operators,
 * collation and predicate. The first record in source order wins. Exclusion constraints likewise.
 */
#include "collide.h"

#include <stdio.h>

#include "delta.h"
#include "found.h"
#include "keyorder.h"
#include "match.h"
#include "refer.h"
#include "reject.h"
#include "sql.h"

static void key_list(const struct catalog_key *k, const char *prefix, struct str *sql)
{
    for (size_t i = 0; i < k->n; i++)
        str_printf(sql, "%s%sk%zu", i ? ", " : "", prefix, i);
}

static const char *key_field(const struct catalog_key *k)
{
    return k->n == 1 ? k->columns[0] : NULL;
}

/* Rows that are as their live rows share no key with each other: one of the two is another. */
static int settled(const struct job_table *t)
{
    return t->has_rest && t->one_to_one;
}

static void wanted_by_rest(const struct job_table *t, const struct catalog_key *k, struct str *sql)
{
    struct str rest;
    str_init(&rest, 0);
    str_printf(&rest, "(SELECT * FROM %s w WHERE ", t->will_be);
    match_not_same(t, &rest);
    str_add(&rest, " OFFSET 0) w");
    str_add(sql, " WHERE EXISTS (SELECT FROM ");
    match_key_rows(k, "_mig_id", rest.data, sql);
    str_add(sql, " r WHERE ");
    for (size_t i = 0; i < k->n; i++)
        str_printf(sql, "%sz.k%zu %s r.k%zu", i ? " AND " : "", i, k->operators[i], i);
    str_add_char(sql, ')');
    str_clear(&rest);
}

/* Only keys that occur twice are put in order: they are few, all rows are many. */
static int occur_twice(struct state *s, const struct job_table *t, const struct catalog_key *k,
                       struct found *out, struct error *err)
{
    struct str sql, from;
    str_init(&sql, 0);
    str_init(&from, 0);
    str_add(&sql, "SELECT ");
    key_list(k, "", &sql);
    str_add(&sql, " FROM ");
    if (settled(t) && k == t->match) { /* the others' are live, and not one of the rest's is */
        str_printf(&from, "(SELECT * FROM %s w WHERE ", t->will_be);
        match_not_same(t, &from);
        str_add(&from, " OFFSET 0) w");
    }
    match_key_rows(k, "_mig_id", from.len ? from.data : t->will_be, &sql);
    str_add(&sql, " z");
    if (settled(t) && k != t->match)
        wanted_by_rest(t, k, &sql);
    str_clear(&from);
    str_add(&sql, " GROUP BY ");
    key_list(k, "", &sql);
    str_add(&sql, " HAVING count(*) > 1");
    return found_make(s, &sql, out, err);
}

/* The first record in source order keeps the key. `twice`: NULL where NULL is a key as well. */
static int reject_later(struct state *s, const struct job_table *t, const struct catalog_key *k,
                        const struct found *twice, struct error *err)
{
    struct str sql;
    char reason[300];
    str_init(&sql, 0);
    snprintf(reason, sizeof reason, "an earlier record of this run has the same key (index %s)",
             k->name);
    reject_head(s, t, MIG_REJECT, &sql);
    reject_for(&(struct reject_rule){NULL, "duplicate", reason, key_field(k)}, "w.winner", &sql);
    str_add(&sql, "FROM (SELECT _mig_id, _mig_record, _mig_key, row_number() OVER same AS n,"
                  " first_value(_mig_key) OVER same AS winner FROM ");
    match_key_rows(k, "_mig_id, _mig_record, _mig_key", t->will_be, &sql);
    str_add(&sql, " x");
    if (twice)
        str_printf(&sql, " JOIN %s y ON true", twice->table);
    for (size_t i = 0; twice && i < k->n; i++)
        str_printf(&sql, " AND x.k%zu %s y.k%zu", i, k->operators[i], i);
    str_add(&sql, " WINDOW same AS (PARTITION BY ");
    key_list(k, "x.", &sql);
    str_add(&sql, " ORDER BY _mig_id)) w");
    reject_join(s, &sql);
    str_add(&sql, " WHERE w.n > 1 ORDER BY w._mig_record, w._mig_id ON CONFLICT DO NOTHING");
    return reject_run(s, &sql, err);
}

static int duplicates_within(struct state *s, const struct job *job, const struct job_table *t,
                             const struct catalog_key *k, struct error *err)
{
    struct found twice;
    int proven = settled(t) && !t->rest_rows ? 1 : keyorder_proves(s, job, t, k, err);
    if (proven)
        return proven < 0 ? -proven : 0;
    if (k->nulls_equal)
        return reject_later(s, t, k, NULL, err);
    int code = occur_twice(s, t, k, &twice, err);
    if (!code && twice.rows)
        code = reject_later(s, t, k, &twice, err);
    return code ? code : found_drop(s, &twice, err);
}

/* An exclusion constraint says of any two rows whether both may be. Who stands against whom is
 * asked of an index as the constraint has it; a loser takes others with it, as with keys. */
static int index_apart(struct state *s, const struct catalog_key *k, const struct found *rows,
                       struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "CREATE INDEX ON %s USING %s (", rows->table, k->method);
    for (size_t i = 0; i < k->n; i++)
        str_printf(&sql, "%sk%zu %s", i ? ", " : "", i, k->classes[i]);
    str_printf(&sql, "); ANALYZE %s", rows->table);
    return pg_exec_str(s->pg, &sql, err);
}

static int reject_excluded(struct state *s, const struct job_table *t, const struct catalog_key *k,
                           const struct found *rows, struct error *err)
{
    struct str sql;
    char reason[300];
    str_init(&sql, 0);
    snprintf(reason, sizeof reason,
             "an earlier record of this run excludes it (exclusion constraint %s)", k->name);
    reject_head(s, t, MIG_REJECT, &sql);
    reject_for(&(struct reject_rule){NULL, "duplicate", reason, key_field(k)}, "w.winner", &sql);
    str_printf(&sql,
               "FROM (SELECT DISTINCT ON (x._mig_id) x._mig_id, x._mig_record, x._mig_key,"
               " y._mig_key AS winner FROM %s x JOIN %s y ON y._mig_id < x._mig_id AND ",
               rows->table, rows->table);
    match_key_equal(k, "x", "y", &sql);
    str_add(&sql, " ORDER BY x._mig_id, y._mig_id) w");
    reject_join(s, &sql);
    str_add(&sql, " ORDER BY w._mig_record, w._mig_id ON CONFLICT DO NOTHING");
    return reject_run(s, &sql, err);
}

static int excluded_within(struct state *s, const struct job_table *t, const struct catalog_key *k,
                           struct error *err)
{
    struct str sql;
    struct found rows;
    str_init(&sql, 0);
    str_add(&sql, "SELECT * FROM ");
    match_key_rows(k, "_mig_id, _mig_record, _mig_key", t->will_be, &sql);
    str_add(&sql, " w WHERE num_nulls(");
    key_list(k, "", &sql);
    str_add(&sql, ") = 0");
    int code = found_make(s, &sql, &rows, err);
    if (!code && rows.rows > 1) {
        code = index_apart(s, k, &rows, err);
        code = code ? code : reject_excluded(s, t, k, &rows, err);
    }
    return code ? code : found_drop(s, &rows, err);
}

/* The same for the match key itself where the live row is not overwritten: staged rows that
 * stand for one live row are not in the view of what will be. */
static int duplicates_matched(struct state *s, const struct job_table *t, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    reject_head(s, t, MIG_REJECT, &sql);
    reject_for(&(struct reject_rule){NULL, "duplicate",
                                     "an earlier record of this run stands for the same live row",
                                     key_field(t->match)},
               "w.winner", &sql);
    str_printf(&sql,
               "FROM (SELECT s._mig_id, s._mig_record, s._mig_key, row_number() OVER same AS n,"
               " first_value(s._mig_key) OVER same AS winner FROM %s s JOIN %s m USING (_mig_id)"
               " WHERE s._mig_state = 0 WINDOW same AS (PARTITION BY m._mig_at ORDER BY"
               " s._mig_id)) w",
               t->staging, t->match_table);
    reject_join(s, &sql);
    str_add(&sql, " WHERE w.n > 1 ORDER BY w._mig_record, w._mig_id ON CONFLICT DO NOTHING");
    return reject_run(s, &sql, err);
}

/* Live rows that stay as they are and hold a key that a staged row wants. First the pairs of
 * equal keys other than a row with its own live row, which are few; then what becomes of these
 * live rows. A key that is checked row by row cannot go from one updated row to another: which
 * of them the server writes first is its own choice, now and at undo. In batches no key goes from
 * an updated row to another: they may be batches apart. */
static int collisions_with_live(struct state *s, const struct job_table *t,
                                const struct catalog_key *k, int batched, struct error *err)
{
    struct str sql;
    char reason[300], ids[64], live[600];
    str_init(&sql, 0);
    snprintf(reason, sizeof reason,
             k->method ? "a live row that stays, or changes in this run, excludes it (exclusion"
                         " constraint %s)"
                       : "a live row that stays, or hands it over in this run, has the same key"
                         " (index %s)",
             k->name);
    str_add(&sql, "WITH hit AS MATERIALIZED (SELECT w._mig_id, w._mig_record, w._mig_key,"
                  " w._mig_old, l.at FROM ");
    match_key_rows(k, "_mig_id, _mig_record, _mig_key, _mig_old, _mig_live, _mig_same", t->will_be,
                   &sql);
    str_add(&sql, " w JOIN ");
    snprintf(ids, sizeof ids, "%s AS at", match_at(t));
    snprintf(live, sizeof live, "%s l", t->t->quoted);
    match_key_rows(k, ids, live, &sql);
    str_add(&sql, " l ON l.at IS DISTINCT FROM w._mig_live");
    if (k->immediate) { /* a row that is as it was shares its key with no other live row */
        str_add(&sql, " AND ");
        match_not_same(t, &sql);
    }
    for (size_t i = 0; i < k->n; i++) {
        if (k->nulls_equal)
            str_printf(&sql, " AND (w.k%zu %s l.k%zu OR (w.k%zu IS NULL AND l.k%zu IS NULL))", i,
                       k->operators[i], i, i, i);
        else
            str_printf(&sql, " AND w.k%zu %s l.k%zu", i, k->operators[i], i);
    }
    str_add(&sql, ") ");
    reject_head(s, t, MIG_REJECT, &sql);
    reject_reason(&(struct reject_rule){NULL, "collision", reason, key_field(k)}, &sql);
    str_add(&sql, "FROM hit w");
    reject_join(s, &sql);
    str_printf(&sql, " WHERE NOT EXISTS (SELECT FROM %s d WHERE d._mig_at = w.at)",
               t->delete_table);
    if (match_overwrites(t))
        str_printf(&sql,
                   " AND (%s OR NOT EXISTS (SELECT FROM %s m JOIN %s s USING (_mig_id) WHERE"
                   " m._mig_at = w.at AND s._mig_state = 0))",
                   batched        ? "true"
                   : k->immediate ? "w._mig_old"
                                  : "false",
                   delta_or_all(t), t->staging);
    str_add(&sql, " ORDER BY w._mig_record, w._mig_id ON CONFLICT DO NOTHING");
    return reject_run(s, &sql, err);
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
    reject_reason(&(struct reject_rule){NULL, "exists",
                                        t->policy == POLICY_INSERT
                                            ? "a live row with this key is there, with other values"
                                            : "a live row with this key is there",
                                        NULL},
                  &sql);
    str_printf(&sql, "FROM %s w JOIN %s m USING (_mig_id)", t->staging, t->match_table);
    reject_join(s, &sql);
    str_printf(&sql,
               " WHERE w._mig_state = 0%s ORDER BY w._mig_record, w._mig_id ON CONFLICT DO NOTHING",
               t->policy == POLICY_INSERT ? " AND NOT m._mig_same" : "");
    return reject_run(s, &sql, err);
}

int collide_within(struct state *s, struct job *job, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        struct job_table *t = &job->tables[i];
        if (t->match && !match_overwrites(t))
            code = duplicates_matched(s, t, err);
        for (size_t k = 0; !code && k < t->t->n_keys; k++)
            code = duplicates_within(s, job, t, &t->t->keys[k], err);
        for (size_t k = 0; !code && k < t->t->n_exclusions; k++)
            code = excluded_within(s, t, &t->t->exclusions[k], err);
        if (!code)
            code = refer_null_missing(s, job, t, err);
        if (!code)
            code = refuse_existing(s, t, err);
    }
    return code ? code : reject_spread(s, job, err);
}

int collide_with_live(struct state *s, const struct job *job, struct error *err)
{
    int code = 0, batched = job->project->publish == PUBLISH_BATCHED;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        const struct job_table *t = &job->tables[i];
        /* By its match key a staged row has no other live row than the one it stands for. */
        for (size_t k = 0; !code && k < t->t->n_keys; k++)
            if (&t->t->keys[k] != t->match)
                code = collisions_with_live(s, t, &t->t->keys[k], batched, err);
        for (size_t k = 0; !code && k < t->t->n_exclusions; k++)
            code = collisions_with_live(s, t, &t->t->exclusions[k], batched, err);
    }
    return code ? code : reject_spread(s, job, err);
}

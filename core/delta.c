/* delta.c - staged rows that are not as their live rows, found by one join that keeps nothing else:
 * the other rows, nearly all, are neither written nor indexed. */
#include "delta.h"

#include "match.h"
#include "rewrite.h"
#include "sql.h"

/* Below this the table of matches is made in no time. */
#define MANY_ROWS 20000

/* No staged value may change behind the match, and nobody may ask for the place of a row that is
 * the same, or for what its live row holds beside. */
static int is_possible(const struct job *job, const struct job_table *t)
{
    if (!t->seen.xmin[0] || !t->match || !match_overwrites(t) || t->staged < MANY_ROWS ||
        t->any_absent || t->n_waits || t->n_uniques || job->drifted || rewrite_adopts(t) ||
        t->merge || t->keeps_places || t->t->n_exclusions ||
        job->project->publish == PUBLISH_BATCHED)
        return 0;
    for (size_t i = 0; i < t->n_references; i++)
        if (t->references[i].key.set_null || t->references[i].cycle != CYCLE_NONE)
            return 0;
    for (size_t i = 0; i < t->t->n_keys; i++)
        if (!t->t->keys[i].immediate)
            return 0;
    for (size_t i = 0; i < t->t->n_columns; i++)
        if (!t->t->columns[i].computed && !job_find_staged(t, t->t->columns[i].name))
            return 0;
    return 1;
}

static int find(struct state *s, struct job_table *t, int64_t *n, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "CREATE TABLE %s AS SELECT s._mig_id, s._mig_record, %s AS _mig_at, l.xmin AS"
               " _mig_xmin, false AS _mig_same FROM %s s LEFT JOIN %s l ON ",
               t->delta, match_at(t), t->staging, t->t->quoted);
    match_condition(t->match, "s", "l", &sql);
    str_add(&sql, " WHERE l.ctid IS NULL OR NOT ");
    match_same_image(t, &sql);
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    *n = res ? pg_affected(res) : 0;
    pg_free(res);
    return err->code;
}

/* Two staged rows that are as one live row make the number of live rows that are met smaller than
 * that of the rows which meet one. */
static int count_met(struct state *s, struct job_table *t, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "SELECT count(*) FROM %s WHERE _mig_at IS NULL", t->delta);
    t->matched = t->staged - pg_count(s->pg, &sql, err);
    if (err->code)
        return err->code;
    str_printf(&sql, "SELECT count(*) FROM %s l WHERE EXISTS (SELECT FROM %s s WHERE ",
               t->t->quoted, t->staging);
    match_condition(t->match, "s", "l", &sql);
    str_add_char(&sql, ')');
    t->one_to_one = pg_count(s->pg, &sql, err) == t->matched;
    return err->code;
}

static int make_view(struct state *s, const struct job_table *t, struct error *err)
{
    return pg_execf(s->pg, err,
                    "CREATE UNIQUE INDEX ON %s (_mig_id); ANALYZE %s; CREATE VIEW %s AS SELECT"
                    " s._mig_id, s._mig_record, NULL::tid AS _mig_at, NULL::xid AS _mig_xmin, true"
                    " AS _mig_same FROM %s s WHERE NOT EXISTS (SELECT FROM %s f WHERE f._mig_id ="
                    " s._mig_id) UNION ALL SELECT * FROM %s WHERE _mig_at IS NOT NULL",
                    t->delta, t->delta, t->match_table, t->staging, t->delta, t->delta);
}

int delta_make(struct state *s, const struct job *job, struct job_table *t, struct error *err)
{
    int64_t n = 0;
    t->has_delta = 0;
    if (!is_possible(job, t))
        return 0;
    int code = match_drop(s, t, err);
    if (!code)
        code = find(s, t, &n, err);
    if (!code && 2 * n < t->staged)
        code = count_met(s, t, err);
    t->has_delta = !code && 2 * n < t->staged && t->one_to_one;
    return t->has_delta ? make_view(s, t, err) : code;
}

const char *delta_or_all(const struct job_table *t)
{
    return t->has_delta ? t->delta : t->match_table;
}

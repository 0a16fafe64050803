/* drift.c - settles under lock what a few live rows have become since check. All that check decided
 * by such a row is decided anew, by the statements of check over views that hold these rows only:
 * the match, values that are the live row's (merge, absent), whether it is the same; its
 * before-image is taken anew. What concerns more than the row itself (it is gone, it is the
 * target's own now, another record would fit it) is left to check. */
#include "drift.h"

#include <stdio.h>
#include <string.h>

#include "absent.h"
#include "log.h"
#include "match.h"
#include "merge.h"
#include "owner.h"
#include "pair.h"
#include "plural.h"
#include "rewrite.h"
#include "sql.h"
#include "write.h"

#define MOST_ROWS 5000 /* changed ones: above that the lock would be long */

struct part {
    struct state *s;
    const struct job *job;
    struct job_table *whole;
    struct job_table t;        /* the same with views of the changed rows */
    char list[JOB_NAME_SIZE];  /* table: _mig_id, _mig_state, _mig_at of the live row now */
    char rows[JOB_NAME_SIZE];  /* view of staging */
    char match[JOB_NAME_SIZE]; /* view of the match table */
};

static int is_possible(const struct job *job, const struct job_table *t)
{
    return !job->project->n_hooks && t->match && !t->has_delta && match_overwrites(t) &&
           !t->n_uniques && merge_is_repeatable(job, t);
}

static void name(const struct part *p, const char *kind, char out[JOB_NAME_SIZE])
{
    struct str full;
    char raw[64];
    str_init(&full, 0);
    snprintf(raw, sizeof raw, "drift_%s_%lld_%zu", kind, (long long)p->s->run, p->whole->no);
    sql_table(&full, p->s->schema, raw);
    snprintf(out, JOB_NAME_SIZE, "%s", full.data);
    str_clear(&full);
}

/* Changed rows with their place now, NULL: there is none with the key any more. What becomes of the
 * live row of a refused record is no matter. */
static int list_changed(struct part *p, int64_t *rows, int64_t *gone, struct error *err)
{
    const struct job_table *t = p->whole;
    struct str sql;
    str_init(&sql, 0);
    str_printf(
        &sql,
        "CREATE TABLE %s AS SELECT c._mig_id, s._mig_state, %s AS _mig_at FROM (SELECT m._mig_id"
        " FROM %s m"
        " LEFT JOIN %s l ON %s = m._mig_at AND l.xmin = m._mig_xmin WHERE l.ctid IS NULL) c"
        " JOIN %s s ON s._mig_id = c._mig_id LEFT JOIN %s l ON ",
        p->list, match_at(t), t->match_table, t->t->quoted, match_at(t), t->staging, t->t->quoted);
    match_condition(t->match, "s", "l", &sql);
    str_printf(&sql, "; ANALYZE %s", p->list);
    int code = pg_exec_str(p->s->pg, &sql, err);
    if (code)
        return code;
    struct pg_result *res = pg_queryf(p->s->pg, err,
                                      "SELECT count(*), count(*) FILTER (WHERE _mig_state = 0 AND"
                                      " _mig_at IS NULL) FROM %s",
                                      p->list);
    *rows = res ? pg_get_int(res, 0, 0) : 0;
    *gone = res ? pg_get_int(res, 0, 1) : 0;
    pg_free(res);
    return err->code;
}

static int count_theirs(const struct part *p, int64_t *n, struct error *err)
{
    const struct job_table *t = p->whole;
    struct str sql, rows;
    if (!owner_is_judged(t))
        return 0;
    str_init(&sql, 0);
    str_init(&rows, 0);
    str_printf(&rows, "(SELECT * FROM %s WHERE _mig_state = 0) d JOIN %s l ON %s = d._mig_at",
               p->list, t->t->quoted, match_at(t));
    str_add(&sql, "SELECT count(*) FROM ");
    owner_theirs_of(p->s, p->job, t, "d._mig_id", rows.data, &sql);
    str_add(&sql, " o");
    sql.failed |= rows.failed;
    str_clear(&rows);
    *n += pg_count(p->s->pg, &sql, err);
    return err->code;
}

/* One record for one live row, by whatever key it was found. */
static int count_unclear(const struct part *p, int64_t *n, struct error *err)
{
    struct str sql;
    if (!p->whole->also)
        return 0;
    str_init(&sql, 0);
    pair_unclear(p->whole, p->list, &sql);
    *n += pg_count(p->s->pg, &sql, err);
    return err->code;
}

/* A row that was made again has another key of its own; what refers to it has the one before. */
static int count_other_keys(const struct part *p, int64_t *n, struct error *err)
{
    const struct job_table *t = p->whole;
    struct str sql;
    if (!rewrite_adopts(t))
        return 0;
    str_init(&sql, 0);
    str_printf(&sql,
               "SELECT count(*) FROM %s d JOIN %s s ON s._mig_id = d._mig_id JOIN %s l ON %s ="
               " d._mig_at WHERE d._mig_state = 0 AND NOT (",
               p->list, t->staging, t->t->quoted, match_at(t));
    match_condition(&t->t->keys[0], "s", "l", &sql);
    str_add_char(&sql, ')');
    *n += pg_count(p->s->pg, &sql, err);
    return err->code;
}

static int make_views(struct part *p, struct error *err)
{
    name(p, "rows", p->rows);
    name(p, "match", p->match);
    p->t = *p->whole;
    p->t.also = NULL; /* the pair is known: the staged row has the live row's key */
    p->t.has_rest = 0;
    memcpy(p->t.staging, p->rows, sizeof p->rows);
    memcpy(p->t.match_table, p->match, sizeof p->match);
    return pg_execf(p->s->pg, err,
                    "CREATE VIEW %s AS SELECT * FROM %s WHERE _mig_id IN (SELECT _mig_id FROM %s);"
                    " CREATE VIEW %s AS SELECT * FROM %s WHERE _mig_id IN (SELECT _mig_id FROM %s)",
                    p->rows, p->whole->staging, p->list, p->match, p->whole->match_table, p->list);
}

static int decide_anew(struct part *p, struct error *err)
{
    struct state *s = p->s;
    int changed = 0;
    int code = merge_forget(s, &p->t, err);
    if (!code)
        code = match_refill(s, &p->t, err);
    if (!code)
        code = absent_resolve(s, &p->t, &changed, err);
    if (!code)
        code = merge_again(s, &p->t, &changed, err);
    if (!code && changed)
        code = match_same(s, &p->t, err);
    if (!code && p->whole->has_rest)
        code = match_rest_again(s, p->whole, err);
    return code ? code : write_images_again(s, p->whole, &p->t, err);
}

static int drop(const struct part *p, struct error *err)
{
    return pg_execf(p->s->pg, err, "DROP VIEW %s, %s; DROP TABLE %s", p->rows, p->match, p->list);
}

int drift_settle(struct state *s, const struct job *job, struct job_table *t, int *settled,
                 struct error *err)
{
    struct part p = {.s = s, .job = job, .whole = t};
    int64_t rows = 0, others = 0;
    *settled = 0;
    if (!is_possible(job, t))
        return 0;
    name(&p, "list", p.list);
    int code = list_changed(&p, &rows, &others, err);
    if (!code && !others)
        code = count_theirs(&p, &others, err);
    if (!code && !others)
        code = count_unclear(&p, &others, err);
    if (!code && !others)
        code = count_other_keys(&p, &others, err);
    if (code || others || !rows || rows > MOST_ROWS)
        return code ? code : pg_execf(s->pg, err, "DROP TABLE %s", p.list);
    code = make_views(&p, err);
    if (!code)
        code = decide_anew(&p, err);
    if (!code)
        code = drop(&p, err);
    if (code)
        return code;
    *settled = 1;
    log_write(LOG_INFO, "%s.%s: %lld %s that others changed since check, matched anew",
              t->t->schema, t->t->name, (long long)rows, plural(rows, "row", "rows"));
    return state_event(s, err, "%lld %s of %s.%s, changed since check, matched anew",
                       (long long)rows, plural(rows, "row", "rows"), t->t->schema, t->t->name);
}

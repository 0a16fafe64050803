/* lookup.c - keys that columns wait for, by set-based joins over the source keys that staging keeps
 * beside them. Numbers of this run's own rows are number.c's. */
#include "lookup.h"

#include <stdio.h>
#include <string.h>

#include "refer.h"
#include "reject.h"
#include "sql.h"
#include "staging.h"
#include "waits.h"

void lookup_map(const struct state *s, const char *stage, struct str *sql)
{
    str_printf(sql,
               "(SELECT DISTINCT ON (source_key COLLATE \"C\") source_key, final_key FROM"
               " %s.id_map_rows(",
               s->q);
    sql_literal(sql, stage);
    str_printf(sql, ") WHERE project = %lld ORDER BY source_key COLLATE \"C\", run DESC, at)",
               (long long)s->project);
}

void lookup_waits(const struct job_wait *w, const char *alias, struct str *sql)
{
    struct str prefix;
    str_init(&prefix, 0);
    str_printf(&prefix, "%s:", w->p->name);
    str_printf(sql, "starts_with(%s.", alias);
    waits_name(w, sql);
    str_add(sql, ", ");
    sql_literal(sql, prefix.data);
    str_add_char(sql, ')');
    str_clear(&prefix);
}

/* "c._mig_ref_N = 'stage:' || KEY". */
static void refers_to(const struct job_wait *w, const char *key, struct str *sql)
{
    struct str prefix;
    str_init(&prefix, 0);
    str_printf(&prefix, "%s:", w->p->name);
    str_add(sql, "c.");
    waits_name(w, sql);
    str_add(sql, " = ");
    sql_literal(sql, prefix.data);
    str_printf(sql, " || %s", key);
    str_clear(&prefix);
}

static void update_head(const struct job_table *t, const struct job_wait *w, const char *value,
                        struct str *sql)
{
    str_printf(sql, "UPDATE %s c SET ", t->staging);
    sql_ident(sql, w->column->name);
    str_printf(sql, " = %s", value);
    if (!str_equal(value, "NULL"))
        str_printf(sql, "::%s", w->column->base);
}

int lookup_prepare(struct state *s, const struct job *job, struct error *err)
{
    int code = 0, any = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        int waits = job->tables[i].n_waits > 0;
        any |= waits;
        if (waits)
            code = pg_execf(s->pg, err, "ANALYZE %s", job->tables[i].staging);
    }
    return code || !any ? code : staging_tune(s, job, err);
}

/* ---- finding --------------------------------------------------------------------------- */

/* Check may be repeated, and its parents may have other numbers then. */
static int forget(struct state *s, const struct job_table *t, const struct job_wait *w,
                  struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    update_head(t, w, "NULL", &sql);
    str_add(&sql, " WHERE ");
    lookup_waits(w, "c", &sql);
    str_add(&sql, " AND c.");
    sql_ident(&sql, w->column->name);
    str_add(&sql, " IS NOT NULL");
    return reject_run(s, &sql, err);
}

/* A list p (k, and what refers to it) of the parents among the staged rows. A number was made for
 * what its own column waited for; a natural key is that of the record. */
static void staged_parents(const struct job *job, const struct job_wait *w, struct str *sql)
{
    const struct job_stage *parent = &job->stages[w->stage];
    const struct job_table *p = &job->tables[parent->tables[0]];
    const struct job_wait *own = job_find_own_wait(p, parent);
    struct str key;
    str_init(&key, 0);
    sql_ident(&key, job_find_stage_key(job, parent)->columns[0]);
    if (own) {
        str_printf(sql, " FROM %s p WHERE p.%s IS NOT NULL AND ", p->staging, key.data);
        lookup_waits(own, "p", sql);
        str_add(sql, " AND c.");
        waits_name(w, sql);
        str_add(sql, " = p.");
        waits_name(own, sql);
    } else {
        str_printf(sql,
                   " FROM (SELECT DISTINCT ON (_mig_key COLLATE \"C\") _mig_key, %s FROM %s WHERE"
                   " _mig_record >> 52 = %zu AND %s IS NOT NULL ORDER BY _mig_key COLLATE \"C\","
                   " _mig_id) p WHERE ",
                   key.data, p->staging, parent->no, key.data);
        refers_to(w, "p._mig_key", sql);
    }
    str_clear(&key);
}

static int from_staged(struct state *s, const struct job *job, const struct job_table *t,
                       const struct job_wait *w, struct error *err)
{
    struct str sql, key;
    str_init(&sql, 0);
    str_init(&key, 0);
    str_add(&key, "p.");
    sql_ident(&key, job_find_stage_key(job, &job->stages[w->stage])->columns[0]);
    str_add(&key, "::text");
    update_head(t, w, key.data, &sql);
    staged_parents(job, w, &sql);
    str_clear(&key);
    return reject_run(s, &sql, err);
}

static int any_left(struct state *s, const struct job_table *t, const struct job_wait *w, int *any,
                    struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "SELECT EXISTS (SELECT FROM %s c WHERE ", t->staging);
    lookup_waits(w, "c", &sql);
    str_add(&sql, " AND c.");
    sql_ident(&sql, w->column->name);
    str_add(&sql, " IS NULL)");
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    *any = res && pg_get(res, 0, 0)[0] == 't';
    pg_free(res);
    return err->code;
}

static int from_map(struct state *s, const struct job_table *t, const struct job_wait *w,
                    struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    update_head(t, w, "m.final_key", &sql);
    str_add(&sql, " FROM ");
    lookup_map(s, w->p->name, &sql);
    str_add(&sql, " m WHERE ");
    refers_to(w, "m.source_key", &sql);
    str_add(&sql, " AND c.");
    sql_ident(&sql, w->column->name);
    str_add(&sql, " IS NULL");
    if (w->p->ids == ID_SEQUENCE) /* the stage may have had other ids before */
        str_add(&sql, " AND m.final_key ~ '^-?[0-9]{1,18}$'");
    return reject_run(s, &sql, err);
}

static int find(struct state *s, const struct job *job, const struct job_table *t,
                const struct job_wait *w, struct error *err)
{
    int any = 0, code = forget(s, t, w, err);
    if (!code && w->stage != SIZE_MAX)
        code = from_staged(s, job, t, w, err);
    if (!code)
        code = any_left(s, t, w, &any, err);
    return code || !any ? code : from_map(s, t, w, err);
}

/* Records that load rejected are in no staging table; where an earlier run gave them a number,
 * their live row is known by it. '' has none, which is known too. */
static int rejected_keys(struct state *s, const struct job_stage *st, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "UPDATE %s.reject r SET final_key = coalesce(m.final_key, '') FROM %s.reject x LEFT"
               " JOIN ",
               s->q, s->q);
    lookup_map(s, st->p->name, &sql);
    str_printf(&sql,
               " m ON m.source_key = x.key WHERE r.run = x.run AND r.record = x.record AND x.run ="
               " %lld AND x.step = 'load' AND x.key IS NOT NULL AND x.stage = ",
               (long long)s->run);
    sql_literal(&sql, st->p->name);
    return reject_run(s, &sql, err);
}

int lookup_run(struct state *s, const struct job *job, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        const struct job_table *t = &job->tables[i];
        for (size_t k = 0; !code && k < t->n_waits; k++)
            if (t->waits[k].reference)
                code = find(s, job, t, &t->waits[k], err);
    }
    for (size_t i = 0; !code && i < job->n_stages; i++)
        if (job->stages[i].p->ids == ID_SEQUENCE)
            code = rejected_keys(s, &job->stages[i], err);
    s->refused = 0; /* these statements refused nothing */
    return code;
}

/* ---- what was not found ---------------------------------------------------------------- */

void lookup_spare(const struct job_table *t, const struct catalog_column *c, struct str *sql)
{
    for (size_t i = 0; i < t->n_waits; i++) {
        const struct job_wait *w = &t->waits[i];
        if (w->column != c || !w->reference || w->reference->key.set_null)
            continue;
        str_printf(sql, " AND NOT EXISTS (SELECT FROM %s x WHERE x._mig_id = w._mig_id AND ",
                   t->staging);
        lookup_waits(w, "x", sql);
        str_add_char(sql, ')');
    }
}

/* A list o (_mig_id, _mig_record, _mig_key, k): rows to be that wait in vain, and for which key. */
static void lost_rows(const struct job_table *t, const struct job_wait *w, struct str *sql)
{
    str_add(sql, "WITH o AS MATERIALIZED (SELECT w._mig_id, w._mig_record, w._mig_key, substr(x.");
    waits_name(w, sql);
    str_printf(sql, ", %zu) AS k FROM %s w JOIN %s x USING (_mig_id) WHERE w.",
               strlen(w->p->name) + 2, t->will_be, t->staging);
    sql_ident(sql, w->column->name);
    str_add(sql, " IS NULL AND ");
    lookup_waits(w, "x", sql);
    str_add_char(sql, ')');
}

static int leave_null(struct state *s, const struct job_table *t, const struct job_wait *w,
                      struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    lost_rows(t, w, &sql);
    refer_list_nulled(s, "o", w->column->name, &sql);
    str_printf(&sql, " INSERT INTO %s.repair SELECT %lld, 0, c.stage, ", s->q, (long long)s->run);
    sql_literal(&sql, w->column->name);
    str_add(&sql, ", " REFER_NULLED ", count(*) FROM o w");
    reject_join(s, &sql);
    str_add(&sql, " GROUP BY c.stage");
    int64_t before = s->refused;
    int code = reject_run(s, &sql, err);
    s->refused = before;
    return code;
}

/* Who should have brought the parent and was rejected: by load in this run, or in an earlier one
 * that the parent's stage took part in last, or a redrive behind that. */
static int refuse(struct state *s, const struct job_table *t, const struct job_wait *w,
                  struct error *err)
{
    struct str sql, stage;
    str_init(&sql, 0);
    str_init(&stage, 0);
    sql_literal(&stage, w->p->name);
    lost_rows(t, w, &sql);
    str_printf(
        &sql,
        ", e AS MATERIALIZED (SELECT DISTINCT ON (j.key) j.key, coalesce(j.first_cause,"
        " j.stage || ':' || j.key || ' ' || j.code) AS first_cause FROM (SELECT t.run,"
        " max(t.run) FILTER (WHERE r.parent IS NULL) OVER () AS newest FROM %s.run_stage t"
        " JOIN %s.run r ON r.id = t.run WHERE r.project = %lld AND r.state IN ('published',"
        " 'done', 'finalized') AND t.name = %s) a JOIN %s.reject j ON j.run = a.run AND"
        " j.stage = %s WHERE %s AND a.run >= a.newest AND j.key IN (SELECT k FROM o) ORDER BY"
        " j.key, j.run DESC, j.record)",
        s->q, s->q, (long long)s->project, stage.data, s->q, stage.data,
        w->stage == SIZE_MAX || s->parent ? "true" : "false");
    str_printf(&sql,
               ", w AS MATERIALIZED (SELECT o._mig_id, o._mig_record, o._mig_key, q.record AS"
               " cause, e.first_cause AS earlier FROM o LEFT JOIN (SELECT key, min(record) AS"
               " record FROM %s.reject WHERE run = %lld AND step = 'load' AND stage = %s GROUP BY"
               " key) q ON q.key = o.k LEFT JOIN e ON e.key = o.k) ",
               s->q, (long long)s->run, stage.data);
    str_clear(&stage);
    return refer_refuse(s, t, w->reference, &sql, err);
}

int lookup_orphans(struct state *s, struct job *job, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        const struct job_table *t = &job->tables[i];
        for (size_t k = 0; !code && k < t->n_waits; k++) {
            const struct job_wait *w = &t->waits[k];
            int any = 0;
            if (w->reference)
                code = any_left(s, t, w, &any, err);
            if (!code && any)
                code = w->reference->key.set_null ? leave_null(s, t, w, err) : refuse(s, t, w, err);
        }
    }
    return code ? code : reject_spread(s, job, err);
}

/* refer.c - references of staged rows, declared as foreign keys or by the project: an orphan has
 * neither an accepted staged parent nor a live one that stays. What refers to a refused record is
 * left out with the first cause, also where an earlier run refused it. */
#include "refer.h"

#include <stdio.h>
#include <string.h>

#include "found.h"
#include "hostrepairs.h"
#include "match.h"
#include "plural.h"
#include "reject.h"
#include "rewrite.h"
#include "sql.h"

/* Does a live row keep its parent, whatever this run writes? So it is by a foreign key, where no
 * parent is deleted, nor given another key: live rows are found by it, or keep theirs. */
static int keeps_parent(const struct job *job, const struct job_reference *r)
{
    const struct job_table *p = r->parent == SIZE_MAX ? NULL : &job->tables[r->parent];
    if (!r->key.declared || !r->key.validated)
        return 0;
    if (!p || (!p->deletes && !match_overwrites(p)))
        return 1;
    if (p->deletes || !p->match)
        return 0;
    const struct catalog_key *kept = rewrite_adopts(p) ? &p->t->keys[0] : p->match;
    for (size_t i = 0; i < r->key.n; i++) {
        size_t k = 0;
        while (k < kept->n && !str_equal(kept->columns[k], r->key.parent_columns[i]))
            k++;
        if (k == kept->n)
            return 0;
    }
    return 1;
}

static int cause_known(const struct job *job, const struct job_reference *r)
{
    for (size_t i = 0; r->parent != SIZE_MAX && i < r->key.n; i++)
        if (!job_find_staged(&job->tables[r->parent], r->key.parent_columns[i]))
            return 0;
    return r->parent != SIZE_MAX;
}

/* Can check set to NULL what the parent is found by? */
static int key_may_go(const struct job_table *p, const struct catalog_reference *k)
{
    for (size_t i = 0; i < p->n_references; i++)
        for (size_t m = 0; p->references[i].key.set_null && m < p->references[i].key.n; m++)
            for (size_t c = 0; c < k->n; c++)
                if (str_equal(p->references[i].key.columns[m], k->parent_columns[c]))
                    return 1;
    return 0;
}

/* Who had a parent at the first look has lost it only if that is a staged row which fell since:
 * they are few, and met before the parents, which are many. */
static void of_fallen(const struct job *job, const struct job_reference *r, struct str *sql)
{
    if (!r->again || !cause_known(job, r) || key_may_go(&job->tables[r->parent], &r->key))
        return;
    str_printf(sql, " AND EXISTS (SELECT FROM %s x WHERE x._mig_state <> 0 AND ",
               job->tables[r->parent].staging);
    match_reference(&r->key, "x", "w", sql);
    str_add_char(sql, ')');
}

/* ---- keys that parents will have ----------------------------------------------------------- */

static void keys_name(const struct state *s, const struct job_table *p, char out[200])
{
    snprintf(out, 200, "%s.parents_%lld_%zu", s->q, (long long)s->run, p->no);
}

/* Are the parents looked up by several references, each from all rows of its table? */
static int is_shared(const struct job *job, const struct job_reference *r)
{
    size_t n = 0;
    for (size_t i = 0; i < job->n_tables; i++)
        for (size_t k = 0; k < job->tables[i].n_references; k++) {
            const struct job_reference *o = &job->tables[i].references[k];
            n += o->parent == r->parent && match_same_parent(&o->key, &r->key) &&
                 !(job->tables[i].has_rest && keeps_parent(job, o));
        }
    return n > 1;
}

static int keys_drop(struct state *s, struct job_table *p, struct error *err)
{
    char name[200];
    if (!p->keys.of)
        return 0;
    p->keys.of = NULL;
    keys_name(s, p, name);
    return pg_execf(s->pg, err, "DROP TABLE %s", name);
}

static int keys_make(struct state *s, struct job_table *p, const struct catalog_reference *k,
                     struct error *err)
{
    char name[200];
    struct str sql;
    if (keys_drop(s, p, err))
        return err->code;
    keys_name(s, p, name);
    str_init(&sql, 0);
    str_printf(&sql, "CREATE TABLE %s AS SELECT ", name);
    for (size_t i = 0; i < k->n; i++) {
        str_add(&sql, i ? ", " : "");
        sql_ident(&sql, k->parent_columns[i]);
    }
    str_printf(&sql, " FROM %s; ANALYZE %s", p->as_if, name);
    int code = pg_exec_str(s->pg, &sql, err);
    p->keys.of = code ? NULL : k;
    p->keys.when = (struct job_looked){p->fallen, p->deletes};
    return code;
}

/* Where the parents of a reference are looked for: the view of its table as it will be, or the keys
 * in it, worked out once for several references. */
static int find_parents(struct state *s, struct job *job, const struct job_reference *r,
                        char out[200], struct error *err)
{
    struct job_table *p = r->parent == SIZE_MAX ? NULL : &job->tables[r->parent];
    snprintf(out, 200, "%s", p ? p->as_if : r->parent_quoted);
    if (!p || r->again || key_may_go(p, &r->key) || !is_shared(job, r))
        return 0;
    int known = p->keys.of && match_same_parent(p->keys.of, &r->key) &&
                p->keys.when.fallen == p->fallen && p->keys.when.deletes == p->deletes;
    int code = known ? 0 : keys_make(s, p, &r->key, err);
    keys_name(s, p, out);
    return code;
}

/* ---- orphans ------------------------------------------------------------------------------- */

/* WHERE the child's columns are set and no parent will be there. With MATCH FULL one that is set
 * asks for a parent: where another is NULL, there is none. */
static void orphan_condition(const struct job *job, const struct job_table *t,
                             const struct job_reference *r, const char *parents, struct str *sql)
{
    for (size_t i = 0; i < r->key.n; i++) {
        str_printf(sql, "%sw.", !i ? "(" : r->key.match_full ? " OR " : " AND ");
        sql_ident(sql, r->key.columns[i]);
        str_add(sql, " IS NOT NULL");
    }
    str_add_char(sql, ')');
    of_fallen(job, r, sql);
    str_printf(sql, " AND NOT EXISTS (SELECT FROM %s p WHERE ", parents);
    match_reference(&r->key, "p", "w", sql);
    str_add_char(sql, ')');
    if (t->has_rest && keeps_parent(job, r)) {
        str_add(sql, " AND ");
        match_not_same(t, sql);
    }
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

/* A list e (key, first_cause) of records of other runs that should have brought the parents of o:
 * a later phase meets who fell in an earlier one. What the newest run of a stage, or a redrive
 * behind it, says of a record is what became of it. A stage of this run speaks for itself, but
 * for a redrive, which reads a part of it. */
static void earlier_causes(const struct state *s, const struct job_reference *r, struct str *sql)
{
    struct str parent;
    str_init(&parent, 0);
    sql_table(&parent, r->key.parent_schema, r->key.parent_table);
    str_add_char(&parent, '.');
    sql_ident(&parent, r->key.parent_columns[0]);
    str_printf(sql,
               ", e AS MATERIALIZED (SELECT DISTINCT ON (j.final_key) j.final_key AS key,"
               " coalesce(j.first_cause, j.stage || ':' || coalesce(j.key, '?') || ' ' || j.code)"
               " AS first_cause FROM (SELECT t.run, t.name, t.own_keys, max(t.run) FILTER (WHERE"
               " r.parent IS NULL) OVER (PARTITION BY t.name) AS newest FROM %s.run_stage t JOIN"
               " %s.run r ON r.id = t.run WHERE r.project = %lld AND r.state IN ('published',"
               " 'done', 'finalized') AND t.key_column = ",
               s->q, s->q, (long long)s->project);
    sql_literal(sql, parent.data);
    if (!s->parent)
        str_printf(sql, " AND t.name NOT IN (SELECT name FROM %s.run_stage WHERE run = %lld)", s->q,
                   (long long)s->run);
    str_printf(sql,
               ") a JOIN %s.reject j ON j.run = a.run AND j.stage = a.name WHERE a.run >= a.newest"
               " AND (a.own_keys OR j.step = 'check') AND j.final_key IN (SELECT k0::text FROM o)"
               " ORDER BY j.final_key, j.run DESC, j.record)",
               s->q);
    str_clear(&parent);
}

int refer_refuse(struct state *s, const struct job_table *t, const struct job_reference *r,
                 struct str *sql, struct error *err)
{
    char name[520];
    reject_head(s, t, MIG_REJECT, sql);
    str_add(sql, ", ");
    reject_text(sql, r->key.n == 1 ? r->key.columns[0] : NULL);
    snprintf(name, sizeof name, "the row refers to a missing row of %s.%s (%s)",
             r->key.parent_schema, r->key.parent_table, r->key.name);
    str_add(sql,
            ", CASE WHEN w.cause IS NULL AND w.earlier IS NULL THEN 'orphan' ELSE 'parent_rejected'"
            " END, ");
    sql_literal(sql, name);
    str_printf(
        sql,
        ", w.cause, coalesce(f.first_cause, f.stage || ':' || coalesce(f.key, '?') || ' ' ||"
        " f.code, w.earlier) FROM w LEFT JOIN %s.reject f ON f.run = %lld AND f.record = w.cause",
        s->q, (long long)s->run);
    reject_join(s, sql);
    str_add(sql, " ORDER BY w._mig_record, w._mig_id ON CONFLICT DO NOTHING");
    int64_t before = s->refused;
    int code = reject_run(s, sql, err);
    /* Left out because its parent was: that is a skip, not a fault of its own. */
    return code || s->refused == before
               ? code
               : pg_execf(s->pg, err,
                          "UPDATE %s.reject SET outcome = %d WHERE run = %lld AND code ="
                          " 'parent_rejected' AND outcome = %d",
                          s->q, MIG_SKIP, (long long)s->run, MIG_REJECT);
}

static int find_orphans(struct state *s, struct job *job, const struct job_table *t,
                        const struct job_reference *r, struct found *out, struct error *err)
{
    char parents[200];
    struct str sql;
    if (find_parents(s, job, r, parents, err))
        return err->code;
    str_init(&sql, 0);
    str_add(&sql, "SELECT w._mig_id, w._mig_record, w._mig_key");
    for (size_t i = 0; i < r->key.n; i++) {
        str_add(&sql, ", w.");
        sql_ident(&sql, r->key.columns[i]);
        str_printf(&sql, " AS k%zu", i);
    }
    str_printf(&sql, " FROM %s w WHERE ", t->will_be);
    orphan_condition(job, t, r, parents, &sql);
    return found_make(s, &sql, out, err);
}

static int refuse_orphans(struct state *s, const struct job *job, const struct job_table *t,
                          const struct job_reference *r, const struct found *orphans,
                          struct error *err)
{
    struct str sql;
    int known = cause_known(job, r), single = r->key.n == 1;
    const char *cause = known ? "coalesce(p.record, q.record)" : "NULL::bigint";
    str_init(&sql, 0);
    str_printf(&sql, "WITH o AS MATERIALIZED (SELECT * FROM %s)", orphans->table);
    if (single)
        earlier_causes(s, r, &sql);
    str_printf(&sql,
               ", w AS MATERIALIZED (SELECT w._mig_id, w._mig_record, w._mig_key, %s AS cause, %s"
               " AS earlier FROM o w",
               cause, single ? "e.first_cause" : "NULL");
    if (known)
        cause_joins(s, job, r, &sql);
    str_printf(&sql, "%s) ", single ? " LEFT JOIN e ON e.key = w.k0::text" : "");
    return refer_refuse(s, t, r, &sql, err);
}

static int reject_orphans(struct state *s, struct job *job, const struct job_table *t,
                          const struct job_reference *r, struct error *err)
{
    struct found orphans;
    int code = find_orphans(s, job, t, r, &orphans, err);
    if (!code && orphans.rows)
        code = refuse_orphans(s, job, t, r, &orphans, err);
    return code ? code : found_drop(s, &orphans, err);
}

void refer_list_nulled(const struct state *s, const char *rows, const char *column, struct str *sql)
{
    str_printf(sql, ", listed AS (INSERT INTO %s.repaired SELECT %lld, 0, c.stage, w._mig_key, ",
               s->q, (long long)s->run);
    sql_literal(sql, column);
    str_printf(sql, ", " REFER_NULLED " FROM %s w", rows);
    reject_join(s, sql);
    str_printf(sql, " LIMIT %d)", HOSTREPAIRS_LISTED);
}

static int null_orphans(struct state *s, struct job *job, const struct job_table *t,
                        const struct job_reference *r, struct error *err)
{
    char parents[200];
    struct str sql;
    if (find_parents(s, job, r, parents, err))
        return err->code;
    str_init(&sql, 0);
    str_add(&sql, "WITH gone AS (SELECT w._mig_id, w._mig_record, w._mig_key FROM ");
    str_printf(&sql, "%s w WHERE ", t->will_be);
    orphan_condition(job, t, r, parents, &sql);
    str_printf(&sql, "), cut AS (UPDATE %s s SET ", t->staging);
    for (size_t i = 0; i < r->key.n; i++) {
        str_add(&sql, i ? ", " : "");
        sql_ident(&sql, r->key.columns[i]);
        str_add(&sql, " = NULL");
    }
    rewrite_keep(t, "s", r->key.columns, r->key.n, &sql);
    str_add(&sql, " FROM gone g WHERE g._mig_id = s._mig_id)");
    refer_list_nulled(s, "gone", r->key.columns[0], &sql);
    str_printf(&sql, " INSERT INTO %s.repair SELECT %lld, 0, c.stage, ", s->q, (long long)s->run);
    sql_literal(&sql, r->key.columns[0]);
    str_add(&sql, ", " REFER_NULLED ", count(*) FROM gone w");
    reject_join(s, &sql);
    str_add(&sql, " GROUP BY c.stage");
    return reject_run(s, &sql, err);
}

static int reference_staged(const struct job_table *t, const struct job_reference *r)
{
    for (size_t i = 0; i < r->key.n; i++)
        if (!job_find_staged(t, r->key.columns[i]))
            return 0;
    return 1;
}

void refer_begin(struct job *job)
{
    for (size_t i = 0; i < job->n_tables; i++)
        job->tables[i].keys.of = NULL;
    for (size_t i = 0; i < job->n_tables; i++)
        for (size_t k = 0; k < job->tables[i].n_references; k++)
            job->tables[i].references[k].seen = -1;
}

/* Only rows of the parent that fell can make new orphans. */
static int is_due(const struct job *job, const struct job_table *t, struct job_reference *r,
                  enum refer_which which)
{
    int64_t fallen = r->parent == SIZE_MAX ? 0 : job->tables[r->parent].fallen;
    if (!reference_staged(t, r) || r->seen == fallen ||
        (which == REFER_UNDECLARED && r->key.declared))
        return 0;
    r->again = r->seen >= 0;
    r->seen = fallen;
    return 1;
}

static int null_missing(struct state *s, struct job *job, struct job_table *t,
                        enum refer_which which, struct error *err)
{
    int code = 0, any = 0;
    int64_t before = s->refused;
    for (size_t k = 0; !code && k < t->n_references; k++) {
        struct job_reference *r = &t->references[k];
        if (!r->key.set_null || !is_due(job, t, r, which))
            continue;
        any = 1;
        code = null_orphans(s, job, t, r, err);
    }
    /* Who refers to a value that is NULL now has lost its parent, too. */
    job->tables[t - job->tables].fallen += s->refused > before;
    return code || !any ? code : match_same(s, t, err);
}

int refer_null_missing(struct state *s, struct job *job, struct job_table *t, struct error *err)
{
    return null_missing(s, job, t, REFER_ALL, err);
}

/* Parents come first: what fell there is known to the tables behind. The others wait, so that a
 * table that many refer to is not gone through once for each of them. */
static int spread_to(struct state *s, struct job *job, size_t table, struct error *err)
{
    const struct job_table *t = &job->tables[table];
    int code = reject_spread_table(s, job, table, err);
    for (size_t k = 0; !code && k < t->n_references; k++)
        if (t->references[k].parent != SIZE_MAX)
            code = reject_spread_table(s, job, t->references[k].parent, err);
    return code;
}

int refer_check(struct state *s, struct job *job, enum refer_which which, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        struct job_table *t = &job->tables[i];
        code = spread_to(s, job, i, err);
        for (size_t k = 0; !code && k < t->n_references; k++) {
            struct job_reference *r = &t->references[k];
            if (!r->key.set_null && is_due(job, t, r, which))
                code = reject_orphans(s, job, t, r, err);
        }
        if (!code)
            code = null_missing(s, job, t, which, err);
    }
    for (size_t i = 0; !code && i < job->n_tables; i++)
        code = keys_drop(s, &job->tables[i], err);
    return code ? code : reject_spread(s, job, err);
}

/* Does anything refer to the table, in the target or by a stage of the project, enabled or not? */
static int is_parent(const struct job *job, const struct job_table *t)
{
    struct str name;
    int found = t->t->n_incoming > 0;
    str_init(&name, 0);
    str_printf(&name, "%s.%s", t->t->schema, t->t->name);
    for (size_t i = 0; !found && i < job->project->n_stages; i++) {
        const struct project_stage *st = &job->project->stages[i];
        for (size_t k = 0; !found && k < st->n_tables; k++)
            for (size_t m = 0; !found && m < st->tables[k].n_references; m++)
                found = str_equal(st->tables[k].references[m].to, name.data);
    }
    str_clear(&name);
    return found;
}

int refer_keep_keys(struct state *s, const struct job *job, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_stages; i++) {
        const struct job_stage *st = &job->stages[i];
        const struct job_table *t = &job->tables[st->tables[0]];
        const struct catalog_key *key = job_find_stage_key(job, st);
        /* A number that was not published may be another row's one day. */
        if (!key || key->n != 1 || st->p->ids == ID_SEQUENCE || !is_parent(job, t))
            continue;
        struct str sql;
        str_init(&sql, 0);
        str_printf(&sql,
                   "UPDATE %s.reject r SET final_key = k.final_key FROM (SELECT DISTINCT ON"
                   " (_mig_record) _mig_record, ",
                   s->q);
        sql_ident(&sql, key->columns[0]);
        str_printf(&sql,
                   "::text AS final_key FROM %s WHERE _mig_state <> 0 AND _mig_record >> 52 = %zu"
                   " ORDER BY _mig_record, _mig_id) k WHERE r.run = %lld AND r.record ="
                   " k._mig_record AND r.step = 'check'",
                   t->staging, st->no, (long long)s->run);
        code = pg_exec_str(s->pg, &sql, err);
    }
    return code;
}

/* Parents come first, so that one pass over the references settles every chain but those within
 * a table or a cycle. */
int refer_has_cycles(const struct job *job)
{
    for (size_t i = 0; i < job->n_tables; i++)
        for (size_t k = 0; k < job->tables[i].n_references; k++)
            if (job->tables[i].references[k].cycle || job->tables[i].references[k].parent == i)
                return 1;
    return 0;
}

int refer_sets_null(const struct job *job)
{
    for (size_t i = 0; i < job->n_tables; i++)
        for (size_t k = 0; k < job->tables[i].n_references; k++)
            if (job->tables[i].references[k].key.set_null)
                return 1;
    return 0;
}

/* Live rows that stay and refer to a row that replace would delete: the foreign key would
 * refuse, or worse, cascade. */
int refer_left_behind(struct state *s, const struct job *job, const struct job_table *t,
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
    str_printf(&sql, " w WHERE EXISTS (SELECT FROM %s d JOIN %s l ON %s = d._mig_at WHERE ",
               t->delete_table, t->t->quoted, match_at(t));
    match_reference(k, "l", "w", &sql);
    str_printf(&sql, ") AND NOT EXISTS (SELECT FROM %s p WHERE ", t->as_if);
    match_reference(k, "p", "w", &sql);
    str_add_char(&sql, ')');
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    if (!res)
        return err->code;
    long long n = (long long)pg_get_int(res, 0, 0);
    pg_free(res);
    if (!n)
        return 0;
    error_set(err, STATUS_INVALID,
              "policy replace would delete rows of %s.%s to which %lld %s of %s.%s %s (%s)",
              t->t->schema, t->t->name, n, plural(n, "row", "rows"), k->child_schema,
              k->child_table, plural(n, "refers", "refer"), k->name);
    error_fix(err, "narrow the policy by \"scope\", or migrate %s.%s too", k->child_schema,
              k->child_table);
    return STATUS_INVALID;
}

/* judge.c - what becomes of rows that are not clearly one side's. A row that an earlier run of the
 * project published is the source's, whatever it looks like. */
#include "judge.h"

#include <stdio.h>

#include "deletions.h"
#include "found.h"
#include "log.h"
#include "lookup.h"
#include "match.h"
#include "owner.h"
#include "plural.h"
#include "refer.h"
#include "reject.h"
#include "sql.h"

int judge_reset(struct state *s, struct error *err)
{
    return pg_execf(s->pg, err,
                    "DELETE FROM %s.source_change WHERE run = %lld AND what IN ('both', 'neither')",
                    s->q, (long long)s->run);
}

static void tell(const struct job_table *t, int64_t n, const char *what, struct str *notes)
{
    log_write(LOG_WARNING, "%s.%s: %lld live %s %s", t->t->schema, t->t->name, (long long)n,
              plural(n, "row is", "rows are"), what);
    str_printf(notes, "%s.%s: %lld live %s %s; the keys are in source_changes.csv\n", t->t->schema,
               t->t->name, (long long)n, plural(n, "row is", "rows are"), what);
}

static void live_key(const struct job_table *t, struct str *sql)
{
    str_add(sql, "concat_ws(E'\\x1f'");
    for (size_t i = 0; i < t->match->n; i++) {
        str_add(sql, ", l.");
        sql_ident(sql, t->match->columns[i]);
    }
    str_add_char(sql, ')');
}

/* ---- both -------------------------------------------------------------------------------- */

/* The condition was true of what the run before inserted, too. */
static void not_of_earlier_run(const struct state *s, const struct job *job,
                               const struct job_table *t, struct str *sql)
{
    for (size_t i = 0; i < t->n_stages; i++) {
        str_add(sql, " AND NOT EXISTS (SELECT FROM ");
        lookup_map(s, job->stages[t->stages[i]].p->name, sql);
        str_printf(sql, " i WHERE s._mig_record >> 52 = %zu AND i.source_key = s._mig_key)",
                   job->stages[t->stages[i]].no);
    }
}

static int find_both(struct state *s, const struct job *job, const struct job_table *t,
                     struct found *out, struct error *err)
{
    struct str sql, columns, rows;
    str_init(&sql, 0);
    str_init(&columns, 0);
    str_init(&rows, 0);
    str_add(&columns, "m._mig_id, ");
    live_key(t, &columns);
    str_add(&columns, " AS live_key");
    str_printf(&rows, "%s m JOIN %s l ON %s = m._mig_at", t->match_table, t->t->quoted,
               match_at(t));
    sql.failed |= columns.failed | rows.failed;
    str_add(&sql, "SELECT s._mig_id, s._mig_record, s._mig_key, o.live_key FROM ");
    owner_theirs_of(s, job, t, columns.data, rows.data, &sql);
    str_clear(&columns);
    str_clear(&rows);
    str_printf(&sql,
               " o JOIN %s s ON s._mig_id = o._mig_id WHERE s._mig_record NOT IN (SELECT record"
               " FROM %s.reject WHERE run = %lld AND step = 'check')",
               t->staging, s->q, (long long)s->run);
    not_of_earlier_run(s, job, t, &sql);
    return found_make(s, &sql, out, err);
}

static int list_both(struct state *s, const struct found *both, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "INSERT INTO %s.source_change (run, stage, what, key, final_key) SELECT %lld,"
               " c.stage, 'both', w._mig_key, w.live_key FROM %s w",
               s->q, (long long)s->run, both->table);
    reject_join(s, &sql);
    return pg_exec_str(s->pg, &sql, err);
}

static int refuse_both(struct state *s, const struct job_table *t, const struct found *both,
                       struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    reject_head(s, t, MIG_REJECT, &sql);
    reject_reason(
        &(struct reject_rule){NULL, "ownership", "the live row is the target's own as well", NULL},
        &sql);
    str_printf(&sql, "FROM %s w", both->table);
    reject_join(s, &sql);
    str_add(&sql, " ORDER BY w._mig_record, w._mig_id ON CONFLICT DO NOTHING");
    return reject_run(s, &sql, err);
}

int judge_both(struct state *s, const struct job *job, const struct job_table *t, struct str *notes,
               struct error *err)
{
    struct found both;
    if (!owner_is_judged(t))
        return 0;
    int code = find_both(s, job, t, &both, err);
    if (!code && both.rows) {
        tell(t, both.rows, "the source's and the target's own at once", notes);
        code = list_both(s, &both, err);
    }
    if (!code && both.rows && t->own.on_both == ON_UNCLEAR_REJECT)
        code = refuse_both(s, t, &both, err);
    return code ? code : found_drop(s, &both, err);
}

/* ---- what belongs to them ------------------------------------------------------------------ */

static int fall_with(struct state *s, const struct job_table *parent, const struct job_table *child,
                     const struct job_reference *r, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "WITH w AS MATERIALIZED (SELECT c._mig_id, c._mig_record, c._mig_key, p._mig_record"
               " AS cause, NULL::text AS earlier FROM %s c JOIN %s p ON ",
               child->staging, parent->staging);
    match_reference(&r->key, "p", "c", &sql);
    str_printf(&sql,
               " WHERE p._mig_record IN (SELECT record FROM %s.reject WHERE run = %lld AND step ="
               " 'check') AND c._mig_record NOT IN (SELECT record FROM %s.reject WHERE run = %lld"
               " AND step = 'check')) ",
               s->q, (long long)s->run, s->q, (long long)s->run);
    return refer_refuse(s, child, r, &sql, err);
}

static int is_staged(const struct job_table *child, const struct job_table *parent,
                     const struct catalog_reference *k)
{
    int staged = 1;
    for (size_t i = 0; i < k->n; i++)
        staged &=
            job_find_staged(child, k->columns[i]) && job_find_staged(parent, k->parent_columns[i]);
    return staged;
}

int judge_follow(struct state *s, const struct job *job, size_t table, struct error *err)
{
    const struct job_table *parent = &job->tables[table];
    int code = 0;
    for (size_t i = 0; s->refused && !code && i < job->n_tables; i++)
        for (size_t k = 0; !code && k < job->tables[i].n_references; k++) {
            const struct job_reference *r = &job->tables[i].references[k];
            int64_t before;
            if (r->parent != table || !is_staged(&job->tables[i], parent, &r->key))
                continue;
            do { /* within a table, level by level */
                before = s->refused;
                code = fall_with(s, parent, &job->tables[i], r, err);
            } while (!code && i == table && s->refused > before);
        }
    return code;
}

/* ---- neither ------------------------------------------------------------------------------- */

/* Live rows that stay, are nobody's, and are not told as vanished already. */
static int find_neither(struct state *s, const struct job *job, const struct job_table *t,
                        struct found *out, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_add(&sql, "SELECT ");
    live_key(t, &sql);
    str_printf(&sql,
               " AS live_key FROM %s l WHERE (%s) IS NOT TRUE AND NOT EXISTS (SELECT FROM %s d"
               " WHERE d._mig_at = %s)",
               t->t->quoted, t->own.theirs, t->delete_table, match_at(t));
    deletions_unread(s, job, t, &sql);
    if (owner_reference(t)) {
        str_printf(&sql, " AND %s NOT IN (SELECT o.at FROM ", match_at(t));
        owner_theirs(s, job, t, &sql);
        str_add(&sql, " o)");
    }
    str_add(&sql, " AND NOT EXISTS (SELECT FROM ");
    str_printf(&sql,
               "%s.source_change v WHERE v.run = %lld AND v.what IN ('vanished', 'deleted')"
               " AND v.final_key = ",
               s->q, (long long)s->run);
    live_key(t, &sql);
    str_add(&sql, " AND v.stage = ");
    sql_literal(&sql, job->stages[t->stages[0]].p->name);
    str_add_char(&sql, ')');
    return found_make(s, &sql, out, err);
}

static int list_neither(struct state *s, const struct job *job, const struct job_table *t,
                        struct str *notes, struct error *err)
{
    struct found none;
    struct str sql;
    int code = find_neither(s, job, t, &none, err);
    if (!code && none.rows) {
        tell(t, none.rows, "neither the source's nor the target's own", notes);
        str_init(&sql, 0);
        str_printf(&sql, "INSERT INTO %s.source_change (run, stage, what, final_key) SELECT %lld, ",
                   s->q, (long long)s->run);
        sql_literal(&sql, job->stages[t->stages[0]].p->name);
        str_printf(&sql, ", 'neither', live_key FROM %s", none.table);
        code = pg_exec_str(s->pg, &sql, err);
    }
    return code ? code : found_drop(s, &none, err);
}

int judge_neither(struct state *s, const struct job *job, int known, struct str *notes,
                  struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        const struct job_table *t = &job->tables[i];
        int whole = known;
        if (!t->own.theirs || t->own.unknown)
            continue;
        if (whole)
            code = deletions_known(s, job, t, &whole, err);
        if (!code && whole)
            code = list_neither(s, job, t, notes, err);
        else if (!code)
            str_printf(notes,
                       "%s.%s: which live rows are neither side's cannot be told, because not all"
                       " keys of the source are known to this run\n",
                       t->t->schema, t->t->name);
    }
    return code;
}

/* ---- verdict ------------------------------------------------------------------------------- */

static int verdict_of(struct state *s, const struct job *job, const struct job_table *t,
                      const char *what, const char *words, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "SELECT count(*) FROM %s.source_change WHERE run = %lld AND what = '%s' AND stage"
               " IN (''",
               s->q, (long long)s->run, what);
    for (size_t i = 0; i < t->n_stages; i++) {
        str_add(&sql, ", ");
        sql_literal(&sql, job->stages[t->stages[i]].p->name);
    }
    str_add_char(&sql, ')');
    int64_t n = pg_count(s->pg, &sql, err);
    if (err->code || !n)
        return err->code;
    error_set(err, STATUS_INVALID, "%lld %s %s.%s %s %s", (long long)n,
              plural(n, "live row of", "live rows of"), t->t->schema, t->t->name,
              plural(n, "is", "are"), words);
    error_why(err, "\"ownership\" of the project lets the run fail for them");
    error_fix(err, "see their keys in source_changes.csv of the bundle; settle them, or change"
                   " \"theirs\"");
    return STATUS_INVALID;
}

int judge_verdict(struct state *s, const struct job *job, struct error *err)
{
    int code = pg_begin(s->pg, "READ ONLY", err);
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        const struct job_table *t = &job->tables[i];
        if (owner_is_judged(t) && t->own.on_both == ON_UNCLEAR_FAIL)
            code = verdict_of(s, job, t, "both", "the source's and the target's own at once", err);
        if (!code && t->own.theirs && t->own.on_neither == ON_UNCLEAR_FAIL)
            code =
                verdict_of(s, job, t, "neither", "neither the source's nor the target's own", err);
    }
    pg_rollback(s->pg);
    return code;
}

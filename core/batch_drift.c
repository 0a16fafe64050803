/* batch_drift.c - a batch against live rows that others changed since check, under the batch's
 * lock: rows to write are matched anew, rows to delete are spared. What that cannot settle ends the
 * run where it is: records whose other rows are published already cannot be refused any more. */
#include "batch_drift.h"

#include "log.h"
#include "match.h"
#include "outcome.h"
#include "plural.h"
#include "remove.h"
#include "sql.h"

static int drifted(const struct batch_part *p, int64_t n, const char *one, const char *many)
{
    if (!n)
        return 0;
    error_set(p->err, STATUS_DRIFT, "%s.%s: %lld %s", p->t->t->schema, p->t->t->name, (long long)n,
              plural(n, one, many));
    error_fix(p->err, "see which live rows are in the way, by SQL against the staging tables");
    return STATUS_DRIFT;
}

/* Policies that leave no staged row with a live one. */
static int none_met(const struct batch_part *p)
{
    struct str sql;
    if (p->t->policy != POLICY_INSERT && p->t->policy != POLICY_REJECT)
        return 0;
    str_init(&sql, 0);
    str_printf(&sql,
               "SELECT count(*) FROM %s s JOIN %s m USING (_mig_id) WHERE s._mig_state = 0 AND %s",
               p->t->staging, p->t->match_table,
               p->t->policy == POLICY_INSERT ? "NOT m._mig_same" : "true");
    int64_t n = pg_count(p->s->pg, &sql, p->err);
    return p->err->code ? p->err->code
                        : drifted(p, n, "row found its key taken since check",
                                  "rows found their key taken since check");
}

/* Foreign keys the server looks at itself. */
static int parent_there(const struct batch_part *p, const struct job_reference *r)
{
    struct str sql, key;
    int later = r->parent != SIZE_MAX && r->parent >= p->batch.table;
    str_init(&sql, 0);
    str_init(&key, 0);
    str_printf(&sql,
               "SELECT count(*) FROM %s s WHERE _mig_state = 0 AND NOT EXISTS (SELECT FROM %s m"
               " WHERE m._mig_id = s._mig_id AND %s)",
               p->t->staging, p->t->match_table, match_overwrites(p->t) ? "m._mig_same" : "true");
    for (size_t i = 0; i < r->key.n; i++) {
        str_add(&sql, " AND s.");
        sql_ident(&sql, r->key.columns[i]);
        str_add(&sql, " IS NOT NULL");
        later = later && job_find_staged(&p->whole->tables[r->parent], r->key.parent_columns[i]);
    }
    match_reference(&r->key, "x", "s", &key);
    str_add(&sql, " AND NOT EXISTS (SELECT FROM ");
    sql_table(&sql, r->key.parent_schema, r->key.parent_table);
    str_printf(&sql, " x WHERE %s)", key.data);
    if (later)
        str_printf(&sql, " AND NOT EXISTS (SELECT FROM %s x WHERE x._mig_state = 0 AND %s)",
                   p->whole->tables[r->parent].staging, key.data);
    str_clear(&key);
    int64_t n = pg_count(p->s->pg, &sql, p->err);
    return p->err->code ? p->err->code
                        : drifted(p, n, "row lost what it refers to since check",
                                  "rows lost what they refer to since check");
}

/* What the target does not declare may have no index. */
static int parents_there(const struct batch_part *p)
{
    int code = pg_exec(p->s->pg, p->err, "SET LOCAL enable_nestloop = off");
    for (size_t k = 0; !code && k < p->t->n_references; k++) {
        const struct job_reference *r = &p->t->references[k];
        int staged = !r->key.declared;
        for (size_t i = 0; staged && i < r->key.n; i++)
            staged = job_find_staged(p->t, r->key.columns[i]) != NULL;
        if (staged)
            code = parent_there(p, r);
    }
    return code ? code : pg_exec(p->s->pg, p->err, "SET LOCAL enable_nestloop = on");
}

int batch_drift_writes(struct batch_part *p)
{
    int code = publish_no_drift(p->s, p->t, p->err);
    if (code != STATUS_DRIFT)
        return code ? code : parents_there(p);
    log_write(LOG_WARNING, "%s; matched anew", p->err->what);
    error_clear(p->err);
    code = pg_own_path(p->s->pg, p->err);
    if (!code)
        code = outcome_again(p->s, &p->job, p->batch.table, p->err);
    if (!code)
        code = none_met(p);
    if (!code)
        code = publish_no_drift(p->s, p->t, p->err);
    return code ? code : parents_there(p);
}

/* A row that others changed, or came to refer to, since check found that it may go: it stays. */
static int spare(struct batch_part *p, const char *condition, int64_t *spared)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "WITH gone AS (DELETE FROM %s d WHERE %s RETURNING 1) SELECT count(*) FROM gone",
               p->t->delete_table, condition);
    *spared += pg_count(p->s->pg, &sql, p->err);
    return p->err->code;
}

/* Children in the job's tables are gone by now where they are to go; those of the same table are
 * in the same batch. */
static void referred_to(const struct batch_part *p, const struct catalog_reference *k,
                        struct str *sql)
{
    int own = job_find_table(p->whole, k->child_schema, k->child_table) == p->batch.table;
    str_printf(sql, "EXISTS (SELECT FROM %s x JOIN (SELECT l.*", p->t->t->quoted);
    str_printf(sql, ", %s AS _mig_at FROM ", own ? match_at(p->t) : "NULL::tid");
    sql_table(sql, k->child_schema, k->child_table);
    str_add(sql, " l) c ON ");
    match_reference(k, "x", "c", sql);
    str_printf(sql, " WHERE %s = d._mig_at",
               p->t->t->many_files ? "(x.tableoid::text || x.ctid::text)" : "x.ctid");
    if (own)
        str_printf(sql, " AND NOT EXISTS (SELECT FROM %s e WHERE e._mig_at = c._mig_at)",
                   p->t->delete_table);
    str_add_char(sql, ')');
}

int batch_drift_deletes(struct batch_part *p)
{
    struct str sql;
    int64_t all = 0, before;
    int code = remove_lock(p->s, p->t, p->err);
    str_init(&sql, 0);
    str_printf(&sql, "NOT EXISTS (SELECT FROM %s l WHERE %s = d._mig_at AND l.xmin = d._mig_xmin)",
               p->t->t->quoted, match_at(p->t));
    if (!code)
        code = spare(p, sql.data, &all);
    do { /* what a row that stays refers to stays, too */
        before = all;
        for (size_t k = 0; !code && k < p->t->t->n_incoming; k++) {
            str_reset(&sql);
            referred_to(p, &p->t->t->incoming[k], &sql);
            code = spare(p, sql.data, &all);
        }
    } while (!code && all > before);
    str_clear(&sql);
    if (!code && all) {
        log_write(LOG_WARNING,
                  "%s.%s: %lld %s that the source no longer has %s changed or deleted by others "
                  "since check; what is still there is left to the next run",
                  p->t->t->schema, p->t->t->name, (long long)all, plural(all, "row", "rows"),
                  plural(all, "was", "were"));
        code =
            state_event(p->s, p->err, "%lld %s of %s.%s, changed since check, not deleted",
                        (long long)all, plural(all, "row", "rows"), p->t->t->schema, p->t->t->name);
    }
    return code;
}

/* ledger.c - do the accounts close, and are the losses within what the project allows? Counted by
 * the target from what is there, compared with what the chunks said when they committed. */
#include "ledger.h"

#include <stdio.h>

#include "log.h"
#include "match.h"
#include "plural.h"
#include "reject.h"
#include "sql.h"

struct accounts {
    struct state *s;
    const struct job *job;
    const struct project *project;
    struct error *err;
};

struct ledger_sum {
    int64_t read, rejected;
};

static int over(const struct limit *limit, int64_t rejected, int64_t read)
{
    if (limit->value < 0)
        return 0;
    return limit->is_percent ? (double)rejected * 100.0 > limit->value * (double)read
                             : (double)rejected > limit->value;
}

static void limit_text(const struct limit *limit, char out[48])
{
    snprintf(out, 48, limit->is_percent ? "%g %%" : "%g", limit->value);
}

/* Over the budget: of how many records, and for which reasons most of them. */
static int too_many(const struct accounts *x, const char *stage, const struct limit *limit,
                    const struct ledger_sum *sum)
{
    char allowed[48];
    limit_text(limit, allowed);
    struct pg_result *res = pg_queryf(
        x->s->pg, x->err,
        "SELECT string_agg(n || ' ' || code || coalesce(' of ' || field, ''), ', ') FROM"
        " (SELECT count(*) AS n, code, field FROM %s.reject WHERE run = %lld AND outcome ="
        " %d AND (%s OR stage = '%s') GROUP BY code, field ORDER BY 1 DESC, 2, 3 LIMIT 3) x",
        x->s->q, (long long)x->s->run, MIG_REJECT, stage ? "false" : "true", stage ? stage : "");
    if (!res)
        return x->err->code;
    error_set(x->err, STATUS_REJECTS, "%s%s%s%lld of %lld %s %s", stage ? "stage " : "",
              stage ? stage : "", stage ? ": " : "", (long long)sum->rejected, (long long)sum->read,
              plural(sum->read, "record rejected, allowed are", "records rejected, allowed are"),
              allowed);
    error_why(x->err, "most of them: %s", pg_get(res, 0, 0) ? pg_get(res, 0, 0) : "");
    const char *absent = job_absent(x->job);
    if (absent)
        error_fix(x->err,
                  "is it because stage %s, whose keys are used, takes no part? Run it first, or add"
                  " --with-dependencies; all reasons are in summary.txt",
                  absent);
    else
        error_fix(x->err, "see all reasons in summary.txt; check the field mappings first");
    pg_free(res);
    return STATUS_REJECTS;
}

/* `left`: all that are left out, also those that a rule skips. */
static int stage_budget(const struct accounts *x, const char *name, const struct ledger_sum *sum,
                        int64_t left)
{
    const struct project_stage *p = project_find_stage(x->project, name);
    if (p && p->critical && left) {
        error_set(x->err, STATUS_INVALID, "stage %s is critical and would lose %lld of %lld %s",
                  name, (long long)left, (long long)sum->read,
                  plural(sum->read, "record", "records"));
        error_fix(x->err, "correct the records in errors.csv of the bundle, or the mapping");
        return STATUS_INVALID;
    }
    if (p && p->has_max_rejects && over(&p->max_rejects, sum->rejected, sum->read))
        return too_many(x, name, &p->max_rejects, sum);
    return 0;
}

/* What a redrive loses is a share of all that the run at its root read: its own records are those
 * that were lost already. */
static int budgets(const struct accounts *x)
{
    struct pg_result *res = pg_queryf(
        x->s->pg, x->err,
        "WITH RECURSIVE up AS (SELECT id, parent FROM %s.run WHERE id = %lld UNION ALL SELECT r.id,"
        " r.parent FROM %s.run r JOIN up ON r.id = up.parent) SELECT c.stage, sum(c.read),"
        " coalesce(j.rejected, 0), coalesce(j.lost, 0), coalesce(j.left_out, 0) FROM %s.chunk c "
        "LEFT JOIN (SELECT stage, "
        "count(*) FILTER (WHERE outcome = %d) AS rejected, count(*) FILTER"
        " (WHERE outcome = %d OR code = 'parent_rejected') AS lost, count(*) AS left_out FROM "
        "%s.reject WHERE run = %lld"
        " GROUP BY stage) j USING (stage) WHERE c.run = (SELECT id FROM up WHERE parent IS NULL)"
        " GROUP BY 1, 3, 4, 5 ORDER BY 1",
        x->s->q, (long long)x->s->run, x->s->q, x->s->q, MIG_REJECT, MIG_REJECT, x->s->q,
        (long long)x->s->run);
    if (!res)
        return x->err->code;
    int64_t read = 0, rejected = 0, lost = 0;
    int code = 0;
    for (int i = 0; i < pg_rows(res); i++) {
        read += pg_get_int(res, i, 1);
        rejected += pg_get_int(res, i, 2);
        lost += pg_get_int(res, i, 3);
        if (!code)
            code = stage_budget(x, pg_get(res, i, 0),
                                &(struct ledger_sum){pg_get_int(res, i, 1), pg_get_int(res, i, 2)},
                                pg_get_int(res, i, 4));
    }
    pg_free(res);
    if (!code && x->project->on_invalid == ON_INVALID_FAIL && lost) {
        code = error_set(x->err, STATUS_INVALID, "%lld of %lld %s", (long long)lost,
                         (long long)read, plural(read, "record is invalid", "records are invalid"));
        error_fix(x->err, "each is in errors.csv of the bundle with entity, id, field and message");
    }
    if (!code && over(&x->project->max_rejects, rejected, read))
        code = too_many(x, NULL, &x->project->max_rejects, &(struct ledger_sum){read, rejected});
    return code;
}

/* What the chunks say must be what is there: rows staged and rejects kept. */
static int closes(const struct accounts *x)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "SELECT coalesce(sum(rows), 0), coalesce(sum(skipped + rejected), 0), (SELECT"
               " count(*) FROM %s.reject WHERE run = %lld AND step = 'load'), (0",
               x->s->q, (long long)x->s->run);
    for (size_t i = 0; i < x->job->n_tables; i++)
        str_printf(&sql, " + (SELECT count(*) FROM %s)", x->job->tables[i].staging);
    str_printf(&sql,
               "), coalesce(sum(read - loaded - skipped - rejected), 0) FROM %s.chunk WHERE"
               " run = %lld",
               x->s->q, (long long)x->s->run);
    struct pg_result *res = pg_query_str(x->s->pg, &sql, x->err);
    if (!res)
        return x->err->code;
    long long rows = pg_get_int(res, 0, 0), staged = pg_get_int(res, 0, 3);
    long long counted = pg_get_int(res, 0, 1), kept = pg_get_int(res, 0, 2);
    long long open = pg_get_int(res, 0, 4);
    pg_free(res);
    if (rows == staged && counted == kept && !open)
        return 0;
    error_set(x->err, STATUS_INVALID,
              "the ledger does not close: %lld %s sent and %lld staged, %lld %s left out and %lld "
              "kept, %lld unaccounted",
              rows, plural(rows, "row", "rows"), staged, counted,
              plural(counted, "record", "records"), kept, open);
    error_fix(x->err, "somebody wrote to schema %s; drop the run with --abandon %lld and run again",
              x->s->schema, (long long)x->s->run);
    return STATUS_INVALID;
}

int ledger_check(struct state *s, const struct job *job, struct error *err)
{
    const struct accounts x = {s, job, job->project, err};
    int code = state_begin(s, err);
    if (!code)
        code = closes(&x);
    if (!code)
        code = budgets(&x);
    pg_rollback(s->pg);
    return code;
}

/* ---- record by record ------------------------------------------------------------------ */

#define LOGGED 10000 /* lines about records left out, and about those of each table */

/* Lines of the query; one more than LOGGED says that there are more. */
static int log_records(const char *what, struct pg_result *res)
{
    int n = res ? pg_rows(res) : 0;
    for (int i = 0; i < n && i < LOGGED; i++)
        log_write(LOG_DEBUG, "%s record %s: %s", pg_get(res, i, 0), pg_get(res, i, 1),
                  pg_get(res, i, 2));
    if (n > LOGGED)
        log_write(LOG_DEBUG, "%s: the first %d are shown; --explain STAGE:KEY tells of any", what,
                  LOGGED);
    pg_free(res);
    return res ? 0 : STATUS_BUG;
}

static struct pg_result *left_out(struct state *s, struct error *err)
{
    return pg_queryf(s->pg, err,
                     "SELECT stage, number, CASE outcome WHEN %d THEN 'skipped' ELSE 'rejected' END"
                     " || ', ' || code || coalesce(' (field ' || field || ')', '') FROM %s.reject"
                     " WHERE run = %lld ORDER BY record LIMIT %d",
                     MIG_SKIP, s->q, (long long)s->run, LOGGED + 1);
}

/* What publish does with each staged row of the table. */
static struct pg_result *decided(struct state *s, const struct job_table *t, struct error *err)
{
    const char *other = match_overwrites(t) ? "updates" : "leaves the live row in";
    struct str sql;
    str_init(&sql, 0);
    str_add(&sql, "SELECT c.stage, c.first_record + (w._mig_record & 1048575) - 1, CASE ");
    if (t->has_delta)
        str_printf(&sql,
                   "WHEN m._mig_id IS NULL THEN 'is the same as in' WHEN m._mig_at IS NULL THEN"
                   " 'inserts into' ELSE '%s' END",
                   other);
    else
        str_printf(&sql,
                   "WHEN m._mig_id IS NULL THEN 'inserts into' WHEN m._mig_same THEN 'is the same"
                   " as in' ELSE '%s' END",
                   other);
    str_add(&sql, " || ' ' || ");
    sql_literal(&sql, t->t->quoted);
    str_printf(&sql, " FROM %s w LEFT JOIN %s m ON m._mig_id = w._mig_id", t->staging,
               t->has_delta ? t->delta : t->match_table);
    reject_join(s, &sql);
    str_printf(&sql, " WHERE w._mig_state = 0 ORDER BY w._mig_record, w._mig_id LIMIT %d",
               LOGGED + 1);
    return pg_query_str(s->pg, &sql, err);
}

int ledger_log(struct state *s, const struct job *job, struct error *err)
{
    int code = state_begin(s, err);
    if (!code)
        code = log_records("records left out", left_out(s, err));
    for (size_t i = 0; !code && i < job->n_tables; i++)
        code = log_records(job->tables[i].t->quoted, decided(s, &job->tables[i], err));
    pg_rollback(s->pg);
    return err->code;
}

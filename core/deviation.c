/* deviation.c - a count is off by its share of the records, or rows, that were expected in all: one
 * rejected record more among a thousand is a thousandth. A time is off where a step takes longer by
 * more than the share, and by more than some seconds: short times differ by themselves. */
#include "deviation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "log.h"
#include "staging.h"
#include "write.h"

#define LEAST_SECONDS 10

struct deviation {
    const struct project_rehearsal *p;
    struct error *err;
    int64_t rehearsal;
    size_t n;
};

static void tell(struct deviation *d, const char *what, const char *which, const char *unit,
                 double found, double expected, int digits)
{
    log_write(LOG_ERROR, "%s: %.*f %s, the rehearsal had %.*f", what, digits, found, which, digits,
              expected);
    if (d->n++)
        return;
    error_set(d->err, STATUS_DRIFT, "%s: %.*f %s, rehearsal %lld had %.*f%s", what, digits, found,
              which, (long long)d->rehearsal, digits, expected, unit);
    error_why(d->err, "the run is another one than that which was tried: see rehearsal.tolerance");
    error_fix(d->err, "find out why; then --rehearse again, or go on with --force");
}

static void count(struct deviation *d, const char *what, const char *which, double found,
                  double expected, double all)
{
    if (fabs(found - expected) * 100 > d->p->tolerance_percent * (all < 1 ? 1 : all))
        tell(d, what, which, "", found, expected, 0);
}

static void duration(struct deviation *d, const char *what, double found, double expected)
{
    double over = found - expected;
    if (over > fault_number("MIGHOST_DEVIATION", LEAST_SECONDS) &&
        over * 100 > d->p->time_tolerance_percent * expected)
        tell(d, what, "seconds", " s", found, expected, 1);
}

static double number(const struct pg_result *res, int row, int column)
{
    const char *text = pg_get(res, row, column);
    return text ? strtod(text, NULL) : 0;
}

static int stages(struct state *s, struct deviation *d)
{
    long long run = (long long)s->run;
    struct pg_result *res = pg_queryf(
        s->pg, d->err,
        "SELECT 'stage ' || e.key, (SELECT coalesce(sum(read), 0) FROM %s.chunk WHERE run = %lld"
        " AND stage = e.key), e.value ->> 'read', (SELECT count(*) FROM %s.reject WHERE run = %lld"
        " AND stage = e.key), e.value ->> 'left_out', (SELECT seconds FROM %s.run_stage WHERE run ="
        " %lld AND name = e.key), e.value ->> 'seconds' FROM %s.rehearsal h, json_each(h.measured"
        " -> 'stages') e WHERE h.id = %lld",
        s->q, run, s->q, run, s->q, run, s->q, (long long)d->rehearsal);
    for (int i = 0; res && i < pg_rows(res); i++) {
        const char *name = pg_get(res, i, 0);
        double read = number(res, i, 2);
        count(d, name, "records read", number(res, i, 1), read, read);
        count(d, name, "records left out", number(res, i, 3), number(res, i, 4), read);
        duration(d, name, number(res, i, 5), number(res, i, 6));
    }
    pg_free(res);
    return res ? 0 : d->err->code;
}

static int table(struct state *s, struct deviation *d, const struct job_table *t)
{
    struct write_counts c;
    char name[540];
    snprintf(name, sizeof name, "%s.%s", t->t->schema, t->t->name);
    char sql[400];
    snprintf(
        sql, sizeof sql,
        "SELECT e ->> 'staged', e ->> 'inserted', e ->> 'updated', e ->> 'deleted' FROM (SELECT"
        " measured #> ARRAY['tables', $1] AS e FROM %s.rehearsal WHERE id = %lld) x",
        s->q, (long long)d->rehearsal);
    const char *const params[] = {name};
    struct pg_result *res = pg_query(s->pg, d->err, sql, 1, params);
    if (!res || write_plan(s, t, 0, &c, d->err)) {
        pg_free(res);
        return d->err->code;
    }
    double all = number(res, 0, 0);
    count(d, name, "rows to insert", (double)c.inserted, number(res, 0, 1), all);
    count(d, name, "rows to update", (double)c.updated, number(res, 0, 2), all);
    count(d, name, "rows to delete", (double)c.deleted, number(res, 0, 3), all);
    pg_free(res);
    return 0;
}

static int check_step(struct state *s, struct deviation *d, double seconds)
{
    struct pg_result *res =
        pg_queryf(s->pg, d->err,
                  "SELECT measured #>> '{steps,check}' FROM %s.rehearsal WHERE id ="
                  " %lld",
                  s->q, (long long)d->rehearsal);
    if (res && pg_rows(res))
        duration(d, "step check", seconds, number(res, 0, 0));
    pg_free(res);
    return res ? 0 : d->err->code;
}

int deviation_check(struct state *s, const struct job *job, int64_t rehearsal, double check_seconds,
                    struct error *err)
{
    struct deviation d = {.p = &job->project->rehearsal, .err = err, .rehearsal = rehearsal};
    int code = pg_begin(s->pg, "READ ONLY", err);
    if (!code)
        code = staging_tune(s, job, err);
    if (!code)
        code = stages(s, &d);
    for (size_t i = 0; !code && i < job->n_tables; i++)
        code = table(s, &d, &job->tables[i]);
    if (!code)
        code = check_step(s, &d, check_seconds);
    pg_rollback(s->pg);
    return code ? code : d.err->code;
}

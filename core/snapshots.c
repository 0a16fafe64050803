/* snapshots.c - what was loaded in one state of a source stays in a run that reads another one only
 * if nothing was written in between, as far as the source can tell. Where it cannot, the run goes
 * on, and says what that may mean. */
#include "snapshots.h"

#include <stdio.h>

#include "call.h"
#include "highwater.h"
#include "log.h"
#include "sql.h"

int snapshots_now(const struct job_stage *st, struct str *out, struct error *err)
{
    mig_str_t name = {NULL, 0};
    int32_t got = call_snapshot(st, &name);
    if (got != MIG_OK)
        return host_error(st->source, got, "snapshot", err);
    str_reset(out);
    str_add_n(out, name.len ? name.data : "", name.len);
    return 0;
}

/* Which records are left out is not the source's to count. */
static int reads_all(const struct job_stage *st)
{
    return !st->wanted && !(st->high && st->high->has_since);
}

int snapshots_compare(const struct job_stage *st, const char *before, const char *now,
                      struct resume_point *at, int *changed, struct error *err)
{
    uint64_t written = 0, records = 0;
    *changed = 0;
    at->records = -1;
    at->same_state = before[0] && str_equal(before, now);
    if (at->same_state || !before[0] || !now[0] || !reads_all(st))
        return 0;
    int32_t got = call_unchanged(st, before, &written, &records);
    if (got < 0)
        return host_error(st->source, got, "unchanged", err);
    if (got != MIG_OK)
        return 0;
    at->same_state = 1;
    at->records = (int64_t)records;
    *changed = written || at->read > records || (at->done && at->read != records);
    if (*changed)
        log_write(LOG_WARNING,
                  "stage %s: the source was written since it was read; it is loaded"
                  " again",
                  st->p->name);
    return 0;
}

int snapshots_gone(struct state *s, const struct job_stage *st, const struct resume_point *at,
                   int *gone, struct error *err)
{
    const char *const params[] = {st->p->name};
    char sql[300];
    *gone = 0;
    if (at->records < 0)
        return 0;
    snprintf(sql, sizeof sql, "SELECT sum(read) FROM %s.chunk WHERE run = %lld AND stage = $1",
             s->q, (long long)s->run);
    struct pg_result *res = pg_query(s->pg, err, sql, 1, params);
    if (!res)
        return err->code;
    *gone = pg_get_int(res, 0, 0) != at->records;
    pg_free(res);
    if (*gone)
        log_write(LOG_WARNING,
                  "stage %s: records that were read are gone from the source since; it is loaded"
                  " again",
                  st->p->name);
    return 0;
}

/* ---- what is said ---------------------------------------------------------------------- */

static void note(struct job *job, const char *source, const char *n, int as_one)
{
    log_write(LOG_WARNING, "source %s was read in %s snapshots%s", source, n,
              as_one ? ", which are the same for all that was loaded" : "");
    str_printf(&job->notes,
               "source %s was read in %s snapshots, because the run was broken off: %s\n", source,
               n,
               as_one ? "what had been loaded is as the source has it in the last one, or was"
                        " loaded again"
                      : "what was changed there meanwhile may be in one stage and not in another");
}

static void query(const struct state *s, const struct job *job, struct str *sql)
{
    str_add(sql, "SELECT v.source, count(DISTINCT c.snapshot), bool_and(t.snapshot IS NOT NULL) AND"
                 " count(DISTINCT t.snapshot) = 1 FROM (VALUES (NULL, NULL)");
    for (size_t i = 0; i < job->n_stages; i++) {
        str_add(sql, ", (");
        sql_literal(sql, job->stages[i].p->name);
        str_add(sql, ", ");
        sql_literal(sql, job->stages[i].p->source);
        str_add_char(sql, ')');
    }
    str_printf(sql,
               ") v (stage, source) JOIN %s.chunk c ON c.run = %lld AND c.stage = v.stage JOIN"
               " %s.run_stage t ON t.run = c.run AND t.name = c.stage GROUP BY 1 HAVING"
               " count(DISTINCT c.snapshot) > 1 ORDER BY 1",
               s->q, (long long)s->run, s->q);
}

int snapshots_note(struct state *s, struct job *job, struct error *err)
{
    struct str sql;
    struct pg_result *res = NULL;
    str_init(&sql, 0);
    query(s, job, &sql);
    if (!pg_begin(s->pg, "READ ONLY", err))
        res = pg_query(s->pg, err, sql.data, 0, NULL);
    for (int i = 0; res && i < pg_rows(res); i++)
        note(job, pg_get(res, i, 0), pg_get(res, i, 1), pg_get(res, i, 2)[0] == 't');
    pg_free(res);
    pg_rollback(s->pg);
    str_clear(&sql);
    return err->code;
}

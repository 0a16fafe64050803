/* estimate.c - measured counts and times of the newest published run that loaded a stage as it is
 * now: the same hash, from the beginning, all records, without a break. A rolled back run counts,
 * too: it was measured. A passed rehearsal of this very plan counts as a run of its day. An
 * incremental stage is unknown: what will be new, no run could measure. */
#include "estimate.h"

#include <stdlib.h>

#include "rehearsal.h"
#include "sql.h"

#define TOLERANCE "0.01" /* seconds, between two clocks */

/* "(no, name, hash), ..." of the job's stages. */
static void stage_rows(const struct job *job, struct str *sql)
{
    for (size_t i = 0; i < job->n_stages; i++) {
        str_printf(sql, "%s(%zu, ", i ? ", " : "", i);
        sql_literal(sql, job->stages[i].p->name);
        str_add(sql, ", ");
        sql_literal(sql, job->stages[i].hash);
        str_add(sql, ")");
    }
}

/* Seconds are those of the process that ended the stage: where they are fewer than its chunks lie
 * apart, another process had loaded a share of it. */
static void stages_sql(const struct state *s, const struct job *job, struct str *sql)
{
    str_add(sql, "WITH now (no, name, hash) AS (VALUES ");
    stage_rows(job, sql);
    str_printf(sql,
               ") SELECT DISTINCT ON (now.no) now.no, t.run, c.read, t.seconds FROM now JOIN"
               " %s.run_stage t ON (t.name, t.hash) = (now.name, now.hash) JOIN %s.run r ON r.id ="
               " t.run JOIN %s.project p ON p.id = r.project CROSS JOIN LATERAL (SELECT"
               " coalesce(sum(read), 0) AS read, coalesce(extract(epoch FROM max(at) - min(at)), 0)"
               " AS apart FROM %s.chunk WHERE run = t.run AND stage = t.name) c WHERE r.published"
               " IS NOT NULL AND r.parent IS NULL AND t.done AND t.since IS NULL AND t.seconds "
               "+ " TOLERANCE " >= c.apart AND p.name = ",
               s->q, s->q, s->q, s->q);
    sql_literal(sql, job->project->name);
    str_add(sql, " ORDER BY now.no, t.run DESC");
}

static void publish_sql(const struct state *s, const struct job *job, struct str *sql)
{
    str_add(sql, "WITH now (no, name, hash) AS (VALUES ");
    stage_rows(job, sql);
    str_printf(sql,
               ") SELECT r.id, r.publish_seconds FROM %s.run r JOIN %s.project p ON p.id ="
               " r.project WHERE r.published IS NOT NULL AND r.publish_seconds IS NOT NULL AND"
               " r.parent IS NULL AND NOT EXISTS (SELECT FROM now FULL JOIN (SELECT * FROM"
               " %s.run_stage WHERE run = r.id) t ON (t.name, t.hash) = (now.name, now.hash) WHERE"
               " t.since IS NOT NULL OR t.name IS NULL OR now.name IS NULL) AND p.name = ",
               s->q, s->q, s->q);
    sql_literal(sql, job->project->name);
    str_add(sql, " ORDER BY r.id DESC LIMIT 1");
}

static void read_stages(struct state *s, const struct job *job, struct estimate *out,
                        struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    stages_sql(s, job, &sql);
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    for (int i = 0; res && i < pg_rows(res); i++) {
        size_t no = (size_t)pg_get_int(res, i, 0);
        if (!job->stages[no].p->mark_field)
            out->stages[no] = (struct estimate_part){pg_get_int(res, i, 1), pg_get_int(res, i, 2),
                                                     strtod(pg_get(res, i, 3), NULL)};
    }
    pg_free(res);
}

static int is_incremental(const struct job *job)
{
    for (size_t i = 0; i < job->n_stages; i++)
        if (job->stages[i].p->mark_field)
            return 1;
    return 0;
}

static void read_publish(struct state *s, const struct job *job, struct estimate *out,
                         struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    publish_sql(s, job, &sql);
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    if (res && pg_rows(res))
        out->publish =
            (struct estimate_part){pg_get_int(res, 0, 0), 0, strtod(pg_get(res, 0, 1), NULL)};
    pg_free(res);
}

/* One row a stage, with the first run that was published behind the rehearsal: what that one and
 * later ones measured is newer. */
static const char rehearsal_sql[] =
    "SELECT h.id, (SELECT coalesce(min(id), 9223372036854775807) FROM %s.run WHERE published >"
    " h.at), coalesce((h.measured ->> 'lock_seconds')::float8, 0), e.key, e.value ->> 'read',"
    " e.value ->> 'seconds' FROM (SELECT * FROM %s.rehearsal WHERE id = %lld) h CROSS JOIN"
    " json_each(h.measured -> 'stages') e WHERE e.value ->> 'seconds' IS NOT NULL";

static void take_rehearsal(const struct pg_result *res, int row, const struct job *job,
                           struct estimate *out)
{
    int64_t newer = pg_get_int(res, row, 1);
    for (size_t i = 0; i < job->n_stages; i++) {
        const struct job_stage *stage = &job->stages[i];
        if (stage->p->mark_field || out->stages[i].run >= newer ||
            !str_equal(stage->p->name, pg_get(res, row, 3)))
            continue;
        out->rehearsal = pg_get_int(res, row, 0);
        out->stages[i] =
            (struct estimate_part){1, pg_get_int(res, row, 4), strtod(pg_get(res, row, 5), NULL)};
    }
    if (out->publish.run < newer && !is_incremental(job))
        out->publish = (struct estimate_part){1, 0, strtod(pg_get(res, row, 2), NULL)};
}

/* Own transactions. */
static int read_rehearsal(struct state *s, const struct job *job, struct estimate *out,
                          struct error *err)
{
    struct rehearsal_plan plan;
    struct rehearsal_found found;
    rehearsal_plan_of(job, &plan);
    int code = rehearsal_find(s, job->project->name, &plan, &found, err);
    rehearsal_plan_clear(&plan);
    if (code || !found.id || pg_begin(s->pg, "READ ONLY", err))
        return err->code;
    struct pg_result *res = pg_queryf(s->pg, err, rehearsal_sql, s->q, s->q, (long long)found.id);
    for (int i = 0; res && i < pg_rows(res); i++)
        take_rehearsal(res, i, job, out);
    pg_free(res);
    pg_rollback(s->pg);
    return err->code;
}

int estimate_make(struct state *s, struct job *job, struct estimate *out, struct error *err)
{
    *out = (struct estimate){.stages =
                                 arena_alloc(job->mem, (job->n_stages + 1) * sizeof *out->stages)};
    if (!job->n_stages)
        return 0;
    if (pg_begin(s->pg, "READ ONLY", err))
        return err->code;
    int there = state_exists(s, err) == 1;
    if (there) {
        read_stages(s, job, out, err);
        if (!err->code && !is_incremental(job))
            read_publish(s, job, out, err);
    }
    pg_rollback(s->pg);
    return err->code || !there ? err->code : read_rehearsal(s, job, out, err);
}

struct estimate_part estimate_sum(const struct estimate *e, const struct job *job, int64_t phase)
{
    struct estimate_part sum = {.run = 1};
    for (size_t i = 0; i < job->n_stages; i++) {
        if (phase && job->stages[i].p->phase != phase)
            continue;
        sum.run = sum.run && e->stages[i].run;
        sum.records += e->stages[i].records;
        sum.seconds += e->stages[i].seconds;
    }
    return sum;
}

int estimate_begins_phase(const struct job *job, size_t stage)
{
    int64_t phase = job->stages[stage].p->phase;
    for (size_t i = 0; i < stage; i++)
        if (job->stages[i].p->phase == phase)
            return 0;
    return phase > 0;
}

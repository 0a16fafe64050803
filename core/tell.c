/* tell.c - what a run tells of itself in its state. A statement or two a step, none a record; the
 * server is not waited for to reach its disk, and a lock not at all. */
#include "tell.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "sql.h"

json_t *tell_needs(const struct job *job, const struct job_stage *st)
{
    json_t *list = json_array();
    for (size_t i = 0; i < job->n_stages; i++)
        for (size_t k = 0; k < st->n_needs; k++)
            if (&job->stages[i] != st && strncmp(st->needs[k].feature, "stage:", 6) == 0 &&
                str_equal(st->needs[k].feature + 6, job->stages[i].p->name)) {
                json_array_append_new(list, json_string(job->stages[i].p->name));
                break;
            }
    return list;
}

static const char *use_of(const struct project *p, const char *source)
{
    for (size_t i = 0; i < p->n_sources; i++)
        if (str_equal(p->sources[i].name, source))
            return p->sources[i].use;
    return "";
}

static json_t *stage(const struct job *job, const struct job_stage *st)
{
    const struct project_stage *p = st->p;
    json_t *phase = p->phase ? json_integer(p->phase) : json_null();
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "name", p->name, "source", p->source,
                     "kind", use_of(job->project, p->source), "policy", policy_text(p->policy),
                     "phase", phase, "priority",
                     p->priority ? json_string(p->priority) : json_null(), "needs",
                     tell_needs(job, st));
}

int tell_plan(struct state *s, const struct job *job, const char *bundle, struct error *err)
{
    json_t *list = json_array();
    for (size_t i = 0; i < job->n_stages; i++)
        json_array_append_new(list, stage(job, &job->stages[i]));
    char *text = json_dumps(list, JSON_COMPACT);
    json_decref(list);
    char run[32], sql[400];
    const char *const params[] = {run, text ? text : "[]", bundle, PACKAGE_VERSION};
    snprintf(run, sizeof run, "%lld", (long long)s->run);
    snprintf(sql, sizeof sql,
             "UPDATE %s.run SET plan = $2::text::json, bundle = $3, version = $4 WHERE id ="
             " $1::text::bigint",
             s->q);
    struct pg_result *res = pg_query(s->pg, err, sql, 4, params);
    free(text);
    pg_free(res);
    return res ? 0 : err->code;
}

/* One message to the server, a transaction of its own, and nothing where there is another. */
static void write_alone(struct state *s, const char *set)
{
    struct error err = {0};
    struct str sql;
    if (!s->run || s->worker || !pg_is_idle(s->pg))
        return;
    str_init(&sql, 0);
    pg_begin_sql(s->pg, "", &sql);
    str_printf(&sql,
               "; SET LOCAL synchronous_commit = off; SET LOCAL lock_timeout = '200ms';"
               " UPDATE %s.heartbeat h SET at = clock_timestamp(), %s FROM %s.run r WHERE h.run ="
               " %lld AND r.id = h.run AND r.epoch = %lld; COMMIT",
               s->q, set, s->q, (long long)s->run, (long long)s->epoch);
    pg_exec_str(s->pg, &sql, &err);
    pg_rollback(s->pg);
}

void tell_steps(struct state *s, const struct report_step *steps, size_t n)
{
    struct str set;
    str_init(&set, 0);
    str_printf(&set, "step = '%s', waits = NULL, step_begun = clock_timestamp(), steps = '[",
               steps[n - 1].name);
    for (size_t i = 0; i < n; i++)
        str_printf(&set, "%s{\"name\":\"%s\",\"seconds\":%.3f}", i ? "," : "", steps[i].name,
                   steps[i].seconds);
    str_add(&set, "]'");
    write_alone(s, set.data);
    str_clear(&set);
}

void tell_waits(struct state *s, const char *what)
{
    struct str set;
    str_init(&set, 0);
    str_add(&set, "waits = ");
    if (what)
        sql_literal(&set, what);
    else
        str_add(&set, "NULL");
    write_alone(s, set.data);
    str_clear(&set);
}

/* tell.c - what a run tells of itself in its state. A statement or two a step, none a record; the
 * server is not waited for to reach its disk, and a lock not at all. What is waited for in a call
 * into a plugin, or by worker processes, stands in a table of its own: the heartbeat may be locked
 * by the transaction in which the process stands still. */
#include "tell.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "lookout.h"
#include "sql.h"

#define WAIT_SHOWN 1.0  /* seconds; shorter waits are not worth a word */
#define CALL_SHOWN 3.0  /* the same of a call: some take their time */
#define CALL_AGAIN_S 10 /* until what could not be told is tried again */

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

static void begin_sql(const struct state *s, struct str *sql)
{
    pg_begin_sql(s->pg, "", sql);
    str_add(sql, "; SET LOCAL synchronous_commit = off; SET LOCAL lock_timeout = '200ms'; ");
}

/* One message to the server, a transaction of its own, and nothing where there is another. */
static int write_alone(struct state *s, struct str *statements)
{
    struct error err = {0};
    struct str sql;
    int code = STATUS_TEMPORARY;
    str_init(&sql, 0);
    if (s->run && !s->worker && pg_is_idle(s->pg)) {
        begin_sql(s, &sql);
        str_printf(&sql, "%s; COMMIT", statements->data);
        code = pg_exec_str(s->pg, &sql, &err);
        pg_rollback(s->pg);
    }
    str_clear(statements);
    return code;
}

static void set_heartbeat(struct state *s, const char *set)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "UPDATE %s.heartbeat h SET at = clock_timestamp(), %s FROM %s.run r WHERE h.run ="
               " %lld AND r.id = h.run AND r.epoch = %lld",
               s->q, set, s->q, (long long)s->run, (long long)s->epoch);
    write_alone(s, &sql);
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
    set_heartbeat(s, set.data);
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
    set_heartbeat(s, set.data);
    str_clear(&set);
}

/* ---- what the heartbeat cannot tell ------------------------------------------------------ */

static void add_wait(const struct state *s, int worker, const char *kind,
                     const struct workers_wait *w, struct str *sql)
{
    struct str what;
    str_init(&what, 0);
    if (w->now.kind == WAITING_SOURCE)
        str_printf(&what, "source %s%s%s", w->now.what, w->now.said[0] ? ": " : "", w->now.said);
    else
        str_add(&what, w->now.what);
    str_printf(sql, "INSERT INTO %s.waiting SELECT id, %d, epoch, '%s', ", s->q, worker, kind);
    sql_literal(sql, what.data);
    str_printf(sql,
               ", nullif(%d, 0), clock_timestamp() - interval '%.1f s' FROM %s.run WHERE id = %lld"
               " AND epoch = %lld",
               w->backend, w->now.seconds, s->q, (long long)s->run, (long long)s->epoch);
    str_clear(&what);
}

static const char *kind_of(const struct waiting *w)
{
    return w->seconds < WAIT_SHOWN     ? NULL
           : w->kind == WAITING_LOCK   ? "lock"
           : w->kind == WAITING_SOURCE ? "source"
           : w->kind == WAITING_PLUGIN ? "plugin"
                                       : NULL;
}

/* Is it a lock that the statement waits for? */
static void ask_lock(struct state *s, struct workers_wait *w)
{
    struct error err = {0};
    if (w->now.seconds < WAIT_SHOWN || !w->backend ||
        (w->now.kind != WAITING_STATEMENT && w->now.kind != WAITING_LOCK))
        return;
    struct pg_result *res = pg_queryf(
        s->pg, &err,
        "SELECT coalesce((SELECT l.relation::regclass::text FROM pg_locks l WHERE l.pid = a.pid AND"
        " NOT l.granted AND l.relation IS NOT NULL LIMIT 1), 'a row') || coalesce(', held by"
        " process ' || nullif(array_to_string(pg_blocking_pids(a.pid), ', '), ''), '') FROM"
        " pg_stat_activity a WHERE a.pid = %d AND a.wait_event_type = 'Lock'",
        w->backend);
    if (res && pg_rows(res)) {
        w->now.kind = WAITING_LOCK;
        snprintf(w->now.what, sizeof w->now.what, "%s", pg_get(res, 0, 0));
    }
    pg_free(res);
}

int tell_workers(struct state *s, struct workers_wait *list, size_t n)
{
    struct str sql;
    struct error err = {0};
    int any = 0;
    if (!pg_is_idle(s->pg) || pg_begin(s->pg, "READ ONLY", &err))
        return 1;
    for (size_t i = 0; i < n; i++)
        ask_lock(s, &list[i]);
    pg_rollback(s->pg);
    str_init(&sql, 0);
    str_printf(&sql, "DELETE FROM %s.waiting WHERE run = %lld AND worker > 0", s->q,
               (long long)s->run);
    for (size_t i = 0; i < n; i++) {
        const char *kind = kind_of(&list[i].now);
        if (!kind)
            continue;
        any = 1;
        str_add(&sql, "; ");
        add_wait(s, (int)i + 1, kind, &list[i], &sql);
    }
    return write_alone(s, &sql) || any;
}

/* ---- calls into plugins -------------------------------------------------------------------- */

static struct { /* of the thread */
    const struct state *s;
    struct str begin; /* of a transaction; the connection that says how is not the thread's */
    int told;         /* the state may have one */
    int due;          /* the call at hand is not told yet */
    double last;      /* its seconds, at the last look */
    time_t again;     /* monotonic: until then nothing is tried */
} calls;

static int write_aside(const struct workers_wait *w)
{
    struct str sql;
    const struct state *s = calls.s;
    str_init(&sql, 0);
    str_printf(&sql, "%sDELETE FROM %s.waiting WHERE run = %lld AND worker = 0; ", calls.begin.data,
               s->q, (long long)s->run);
    if (w)
        add_wait(s, 0, "plugin", w, &sql);
    str_add(&sql, w ? "; COMMIT" : "COMMIT");
    int code = sql.failed ? STATUS_BUG : pg_aside(s->pg, sql.data);
    str_clear(&sql);
    return code;
}

/* A server that lets nobody in is not asked at every look. */
static int try_aside(const struct workers_wait *w)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    if (t.tv_sec < calls.again)
        return STATUS_TEMPORARY;
    int code = write_aside(w);
    calls.again = code ? t.tv_sec + CALL_AGAIN_S : 0;
    return code;
}

static void look_at_call(void *ctx, const struct waiting *now)
{
    (void)ctx;
    int is_call = now->kind == WAITING_PLUGIN;
    if (!is_call || now->seconds < calls.last) {
        calls.due = 1;
        if (calls.told)
            calls.told = try_aside(NULL) != 0;
    }
    calls.last = is_call ? now->seconds : 0;
    if (!is_call || !calls.due || now->seconds < CALL_SHOWN)
        return;
    calls.told = 1;
    calls.due = try_aside(&(struct workers_wait){.now = *now}) != 0;
}

void tell_calls(const struct state *s)
{
    calls.s = s;
    calls.due = 1;
    str_init(&calls.begin, 0);
    begin_sql(s, &calls.begin);
    lookout_start(look_at_call, NULL);
}

void tell_calls_end(void)
{
    lookout_stop();
    str_clear(&calls.begin);
}

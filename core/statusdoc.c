/* statusdoc.c - the state of runs as JSON, made by the server from the rows that runs leave there;
 * put together here. */
#include "statusdoc.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config.h"
#include "sql.h"

const char *statusdoc_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

double statusdoc_number(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

/* ---- the statements; %1$s is the schema, %2$lld a run ------------------------------------- */

#define ISO "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'"

/* A number may have been given to another backend since: one that began long after the last sign of
 * life is not the run's. Behind a pooler the sign of life is all there is, and an old one says
 * nothing: within a long statement there is none. */
#define ALIVE                                                                                      \
    "CASE WHEN r.finished IS NOT NULL OR r.state NOT IN ('loading', 'checked', 'partly',"          \
    " 'published') THEN false WHEN r.backend IS NULL THEN CASE WHEN clock_timestamp() - h.at <"    \
    " interval '30 seconds' THEN true END ELSE EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid" \
    " = r.backend AND a.pid <> pg_backend_pid() AND a.datname = current_database() AND"            \
    " coalesce(a.application_name, 'mighost') = 'mighost' AND coalesce(a.backend_start <= h.at +"  \
    " interval '60 seconds', true)) END"

/* Of a half run what was left out is counted up to a limit; not of the run %3$lld, whose stages
 * have it. */
static const char runs_sql[] =
    "SELECT coalesce(json_agg(row_to_json(x)), '[]') FROM (SELECT r.id::text AS run, p.name AS "
    "project, r.kind, r.parent::text AS parent, r.state, r.host, r.pid, r.version, "
    "to_char(r.started, " ISO ") AS started, to_char(r.finished, " ISO ") AS finished, "
    "round(extract(epoch FROM coalesce(r.finished, clock_timestamp()) - r.started)::numeric, 1) "
    "AS seconds, r.exit_code, coalesce((r.totals ->> 'read')::bigint, (SELECT sum(read) FROM "
    "%1$s.chunk c WHERE c.run = r.id), 0) AS read, coalesce((r.totals ->> 'skipped')::bigint + "
    "(r.totals ->> 'rejected')::bigint, CASE WHEN r.id <> %3$lld THEN (SELECT count(*) FROM "
    "(SELECT FROM %1$s.reject j WHERE j.run = r.id LIMIT 100000) j) END) AS left_out, "
    "r.state IN (" STATE_UNDOABLE ") AS undoable, "
    "r.bundle, r.totals, %2$s AS kept_bytes FROM %1$s.run r JOIN %1$s.project p ON p.id = "
    "r.project%4$s ORDER BY r.id DESC LIMIT 50) x";

static const char kept_sql[] =
    " LEFT JOIN (SELECT substring(c.relname FROM "
    "'^(?:staging|match|delete|before|computed)_([0-9]+)_') AS run, "
    "sum(pg_total_relation_size(c.oid))::bigint AS bytes FROM pg_class c JOIN pg_namespace n ON "
    "n.oid = c.relnamespace WHERE n.nspname = %s AND c.relkind = 'r' AND c.relname ~ '_[0-9]+_' "
    "GROUP BY 1) k ON k.run = r.id::text";

/* The one that somebody works on, else the newest; of this project first. */
static const char current_sql[] =
    "SELECT row_to_json(x) FROM (SELECT r.id::text AS run, p.name AS project, r.kind, "
    "r.parent::text AS parent, r.state, r.host, r.pid, r.version, r.exit_code, "
    "to_char(r.started, " ISO ") AS started, round(extract(epoch FROM coalesce(r.finished, "
    "clock_timestamp()) - r.started)::numeric, 1) AS seconds, r.finished IS NOT NULL AS "
    "ended, " ALIVE " AS alive, CASE WHEN r.finished IS NULL THEN round(extract(epoch FROM "
    "clock_timestamp() - h.at)::numeric, 1) END AS heartbeat_seconds, CASE WHEN r.finished IS "
    "NULL THEN h.step END AS step, h.steps, round(extract(epoch FROM clock_timestamp() - "
    "h.step_begun)::numeric, 1) AS step_seconds, h.waits, r.backend, r.bundle, (SELECT "
    "json_build_object('done', count(b.xid), 'of', count(*)) FROM %1$s.batch b WHERE b.run = "
    "r.id HAVING count(*) > 0) AS batches, (SELECT max(q.id)::text FROM %1$s.run q WHERE "
    "q.project = r.project AND q.id < r.id AND q.parent IS NULL AND q.kind = r.kind AND "
    "q.exit_code IN (0, 20)) AS before FROM %1$s.run r JOIN %1$s.project p ON p.id = r.project "
    "LEFT JOIN %1$s.heartbeat h ON h.run = r.id ORDER BY p.name = %2$s DESC, " ALIVE " IS NOT "
    "FALSE DESC, r.id DESC LIMIT 1) x";

/* By what began it: of a record that fell with another, that one's stage and reason, without its
 * key. */
#define REFUSED                                                                                    \
    "SELECT stage, outcome, code, coalesce(split_part(first_cause, ':', 1), stage) AS cause_stage" \
    ", coalesce(right(first_cause, strpos(reverse(first_cause), ' ') - 1), code) AS cause_code,"   \
    " sum(n) AS count FROM (SELECT stage, outcome, code, first_cause, count(*) AS n FROM (SELECT"  \
    " * FROM %1$s.reject WHERE run = %2$lld LIMIT " STATUSDOC_MOST_REJECTS ") j GROUP BY 1, 2, 3," \
    " 4) k GROUP BY 1, 2, 3, 4, 5"

/* Rate and time left are those of the newest chunks of the stage, since its process began. Of few
 * chunks within a moment no time left is made: they tell how long a commit takes. */
#define PACE                                                                                       \
    "SELECT round(((sum(v.read) - (array_agg(v.read ORDER BY v.at))[1]) / nullif(extract(epoch"    \
    " FROM max(v.at) - min(v.at)), 0))::numeric, 1) AS rate, (1 - max(v.share)) /"                 \
    " nullif(max(v.share) - min(v.share), 0) * extract(epoch FROM max(v.at) - min(v.at))::float8"  \
    " - CASE WHEN count(*) = 20 OR max(v.at) - min(v.at) >= '1 s' THEN extract(epoch FROM"         \
    " clock_timestamp() - max(v.at))::float8 END AS seconds FROM (SELECT * FROM"                   \
    " %1$s.chunk n WHERE n.run = r.id AND n.stage = p.x ->> 'name' AND n.at > begun.at ORDER BY"   \
    " n.at DESC LIMIT 20) v"

/* Both from one look at the rejects. */
static const char stages_and_rejects_sql[] =
    "WITH refused AS MATERIALIZED (" REFUSED "), begun AS (SELECT max(at) AS at FROM %1$s.event"
    " WHERE run = %2$lld), now AS (SELECT stage,"
    " sum(read) AS read, sum(skipped) AS skipped, sum(rejected) AS rejected,"
    " max(share) AS share, min(k.at) FILTER (WHERE k.at > begun.at) AS first FROM %1$s.chunk k, "
    "begun"
    " WHERE run = %2$lld GROUP BY stage), parts AS (SELECT stage, count(*) AS n, count(*) FILTER"
    " (WHERE done) AS done FROM %1$s.part WHERE run = %2$lld GROUP BY stage), before AS (SELECT"
    " t.name, t.seconds, c.read FROM %1$s.run_stage t LEFT JOIN (SELECT stage, sum(read) AS read"
    " FROM %1$s.chunk WHERE run = %3$lld GROUP BY stage) c ON c.stage = t.name WHERE t.run ="
    " %3$lld AND t.done AND t.since IS NULL), sums AS (SELECT stage, sum(count) FILTER (WHERE"
    " outcome = 3) AS skipped, sum(count) FILTER (WHERE outcome = 4) AS rejected FROM refused GROUP"
    " BY stage),"
    " all_stages AS (SELECT p.no, p.x, coalesce(t.done,"
    " false) AS done, t.seconds, coalesce(now.read, 0) AS read, coalesce(greatest(now.skipped,"
    " sums.skipped), 0) AS skipped, coalesce(greatest(now.rejected, sums.rejected), 0) AS"
    " rejected, CASE WHEN t.done"
    " THEN 1.0 WHEN parts.n > 0 THEN parts.done::float8 / parts.n ELSE now.share END AS share,"
    " w.rate, CASE WHEN t.done THEN 0 WHEN parts.done > 0 THEN extract(epoch FROM"
    " clock_timestamp() - now.first)::float8 * (parts.n - parts.done) / parts.done WHEN t.run IS "
    "NULL"
    " AND now.read IS NULL THEN before.seconds ELSE w.seconds END AS seconds_left, before.read AS "
    "read_before,"
    " t.run IS NOT NULL OR now.read IS NOT NULL AS begun FROM %1$s.run r CROSS JOIN begun CROSS"
    " JOIN LATERAL json_array_elements(coalesce(r.plan, '[]')) WITH ORDINALITY p (x, no) LEFT JOIN"
    " %1$s.run_stage t ON t.run = r.id AND t.name = p.x ->> 'name' LEFT JOIN now ON now.stage ="
    " p.x ->> 'name' LEFT JOIN sums ON sums.stage = p.x ->> 'name'"
    " LEFT JOIN parts ON parts.stage = p.x ->> 'name' LEFT JOIN before ON before.name"
    " = p.x ->> 'name' LEFT JOIN LATERAL (" PACE
    ") w ON NOT coalesce(t.done, false) AND now.read > 0 WHERE r.id = %2$lld) SELECT"
    " json_build_object('rejects', (SELECT coalesce(json_agg(row_to_json(z)), '[]') FROM (SELECT"
    " stage, CASE outcome WHEN 4 THEN 'rejected' ELSE 'skipped' END AS outcome, code, cause_stage,"
    " cause_code, count FROM refused ORDER BY count DESC, stage, code LIMIT 100) z), 'complete',"
    " (SELECT coalesce(sum(count), 0) < " STATUSDOC_MOST_REJECTS " FROM refused), 'stages',"
    " coalesce(json_agg(row_to_json(y)), '[]')) FROM (SELECT x ->> 'name' AS name, x ->> 'source'"
    " AS source, x ->> 'kind' AS kind, x ->> 'policy' AS policy, x -> 'phase' AS phase, x -> "
    "'priority'"
    " AS priority, x -> 'needs' AS needs, CASE WHEN done THEN 'complete' WHEN begun THEN 'loading'"
    " ELSE 'pending' END AS status, read, read - skipped - rejected AS loaded, skipped, rejected, "
    "CASE WHEN done THEN read WHEN"
    " share > 0.01 AND read > 0 THEN round(read / share::numeric) WHEN read_before IS NOT NULL THEN"
    " greatest(read_before, read)"
    " END AS total, CASE WHEN done OR (share > 0.01 AND read > 0) THEN 'source' WHEN read_before IS"
    " NOT NULL THEN 'run %3$lld' END AS total_from, round(share::numeric, 4) AS share, rate,"
    " round(seconds::numeric, 3) AS seconds, round(CASE WHEN seconds_left < 0 THEN 0 ELSE"
    " seconds_left END::numeric, 1) AS"
    " seconds_left FROM all_stages ORDER BY no) y";

/* Asked for only where the run's backend waits for one: the answer takes all lock tables. */
static const char locks_sql[] =
    "SELECT coalesce(json_agg(row_to_json(x)), '[]') FROM (SELECT 'lock' AS for, (SELECT"
    " l.relation::regclass::text FROM pg_locks l WHERE l.pid = a.pid AND NOT l.granted AND"
    " l.relation IS NOT NULL LIMIT 1) AS on, (SELECT coalesce(json_agg(json_build_object('pid',"
    " b.pid, 'user', o.usename, 'application', o.application_name)), '[]') FROM"
    " unnest(pg_blocking_pids(a.pid)) b (pid) LEFT JOIN pg_stat_activity o ON o.pid = b.pid) AS"
    " held_by FROM pg_stat_activity a WHERE a.pid = %1$lld AND a.wait_event_type = 'Lock') x";

/* Of a process that is gone nothing counts: who took over is of another epoch. */
static const char waiting_sql[] =
    "SELECT coalesce(json_agg(row_to_json(x)), '[]') FROM (SELECT w.kind AS for, w.what AS on,"
    " nullif(w.worker, 0) AS worker, round(extract(epoch FROM clock_timestamp() -"
    " w.since)::numeric, 1) AS seconds, '[]'::json AS held_by, w.backend FROM %1$s.waiting w JOIN"
    " %1$s.run r ON r.id = w.run AND r.epoch = w.epoch WHERE w.run = %2$lld ORDER BY w.worker) x";

static const char events_sql[] =
    "SELECT coalesce(json_agg(row_to_json(x)), '[]') FROM (SELECT * FROM (SELECT no, "
    "to_char(at, " ISO ") AS at, what FROM %s.event WHERE run = %lld ORDER BY no DESC LIMIT 30) "
    "e ORDER BY no) x";

/* ---- put together ------------------------------------------------------------------------ */

/* The one JSON value that a statement gives. */
static json_t *value(struct state *s, struct str *sql, struct error *err)
{
    struct pg_result *res = pg_query_str(s->pg, sql, err);
    const char *text = res && pg_rows(res) ? pg_get(res, 0, 0) : NULL;
    json_t *got = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
    pg_free(res);
    return got;
}

/* What of the current run, and of all, is asked for in one statement: most of the time of a status
 * on a busy machine is waiting for its turn. */
enum question { COUNTS, LOCK, WAITING, BEFORE, EVENTS, RUNS, QUESTIONS };

static int ask(struct state *s, struct str questions[QUESTIONS], json_t *answers[QUESTIONS],
               struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    for (size_t i = 0; i < QUESTIONS; i++) {
        str_printf(&sql, "%s(%s)", i ? ", " : "SELECT ", questions[i].data);
        str_clear(&questions[i]);
    }
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    for (size_t i = 0; i < QUESTIONS; i++) {
        const char *text = res ? pg_get(res, 0, (int)i) : NULL;
        answers[i] = text ? json_loads(text, JSON_DECODE_ANY, NULL) : json_array();
    }
    pg_free(res);
    return err->code;
}

/* In the list, what the current run left out so far is what its stages say. */
static void set_left_out(json_t *list, const json_t *current)
{
    size_t i;
    json_t *x;
    double sum = 0;
    json_array_foreach(json_object_get(current, "stages"), i, x)
    {
        sum += statusdoc_number(x, "skipped") + statusdoc_number(x, "rejected");
    }
    json_array_foreach(list, i, x)
    {
        if (json_is_null(json_object_get(x, "left_out")))
            json_object_set_new(x, "left_out", json_integer((json_int_t)sum));
    }
}

static void runs(struct state *s, long long current, int kept, struct str *sql)
{
    struct str size, schema;
    str_init(&size, 0);
    str_init(&schema, 0);
    sql_literal(&schema, s->schema);
    str_printf(&size, kept ? kept_sql : "", schema.data);
    str_printf(sql, runs_sql, s->q, kept ? "coalesce(k.bytes, 0)" : "NULL::bigint", current,
               size.data);
    str_clear(&schema);
    str_clear(&size);
}

/* What a step took in the run before; -1 where it is not known. */
static double expected(const json_t *before, const char *name)
{
    size_t i;
    json_t *step;
    json_array_foreach(before, i, step)
    {
        if (str_equal(statusdoc_text(step, "name"), name))
            return statusdoc_number(step, "seconds");
    }
    return -1;
}

static int is_live_step(const char *name)
{
    return str_equal(name, "backup") || str_equal(name, "publish") || str_equal(name, "verify");
}

static json_t *one_step(const json_t *run, const char *name, const json_t *told, int is_last)
{
    int ended = json_is_true(json_object_get(run, "ended"));
    int dry = str_equal(statusdoc_text(run, "kind"), "dry-run");
    int held = str_equal(statusdoc_text(run, "state"), state_text(RUN_HELD));
    int stopped = json_is_false(json_object_get(run, "alive"));
    const char *status = told && is_last && !ended && !held     ? stopped ? "stopped" : "now"
                         : told                                 ? "done"
                         : ended || (dry && is_live_step(name)) ? "skipped"
                                                                : "due";
    double seconds = told ? statusdoc_number(told, "seconds") : 0;
    if (str_equal(status, "now"))
        seconds += statusdoc_number(run, "step_seconds");
    return json_pack("{s:s, s:s, s:o}", "name", name, "status", status, "seconds",
                     told ? json_real(seconds) : json_null());
}

static json_t *steps(const json_t *run)
{
    static const char *const names[] = {"plan",   "load",    "export", "check",
                                        "backup", "publish", "verify", "report"};
    const json_t *told = json_object_get(run, "steps");
    json_t *list = json_array();
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        const json_t *found = NULL;
        size_t n = json_array_size(told), at = n;
        for (size_t i = 0; i < n; i++)
            if (str_equal(statusdoc_text(json_array_get(told, i), "name"), names[k])) {
                found = json_array_get(told, i);
                at = i;
            }
        if (found || !str_equal(names[k], "export"))
            json_array_append_new(list, one_step(run, names[k], found, at + 1 == n));
    }
    return list;
}

/* Until the run's end: what the stages still need as measured now, and the steps behind as the run
 * before took them. null where one of both is not known. */
static json_t *seconds_left(const json_t *run, const json_t *before)
{
    size_t i;
    json_t *x;
    double sum = 0;
    if (!json_is_true(json_object_get(run, "alive")))
        return json_null();
    json_array_foreach(json_object_get(run, "stages"), i, x)
    {
        if (!json_is_number(json_object_get(x, "seconds_left")))
            return json_null();
        sum += statusdoc_number(x, "seconds_left");
    }
    json_array_foreach(json_object_get(run, "steps"), i, x)
    {
        const char *name = statusdoc_text(x, "name"), *status = statusdoc_text(x, "status");
        double took = expected(before, name);
        if (str_equal(name, "load") || (!str_equal(status, "now") && !str_equal(status, "due")))
            continue;
        if (took < 0)
            return json_null();
        took -= str_equal(status, "now") ? statusdoc_number(x, "seconds") : 0;
        sum += took > 0 ? took : 0;
    }
    return json_real(sum);
}

/* In place of what only this file needs. */
static void drop_inner(json_t *run)
{
    static const char *const names[] = {"ended", "step_seconds", "backend", "before"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        json_object_del(run, names[i]);
}

/* Appends the lock that a backend waits for, if it does. `worker` and `seconds` are taken. */
static void add_lock(const json_t *found, json_t *worker, json_t *seconds, json_t *list)
{
    json_t *lock = json_array_get(found, 0);
    if (lock) {
        json_object_set(lock, "worker", worker);
        json_object_set(lock, "seconds", seconds);
        json_array_append(list, lock);
    }
    json_decref(worker);
    json_decref(seconds);
}

/* What the run's own process could not say, and what its workers wait for. */
static void add_waiting(struct state *s, const json_t *told, json_t *list, struct error *err)
{
    size_t i;
    json_t *wait;
    json_array_foreach(told, i, wait)
    {
        json_t *backend = json_object_get(wait, "backend");
        if (str_equal(statusdoc_text(wait, "for"), "lock") && !err->code) {
            struct str sql;
            str_init(&sql, 0);
            str_printf(&sql, locks_sql, (long long)json_integer_value(backend));
            json_t *found = value(s, &sql, err);
            add_lock(found, json_incref(json_object_get(wait, "worker")),
                     json_incref(json_object_get(wait, "seconds")), list);
            json_decref(found);
            continue;
        }
        json_object_del(wait, "backend");
        json_array_append(list, wait);
    }
}

static json_t *waits(struct state *s, const json_t *run, json_t *answers[QUESTIONS],
                     struct error *err)
{
    const char *source = json_string_value(json_object_get(run, "waits"));
    json_t *list = json_array();
    if (!json_is_true(json_object_get(run, "alive")))
        return list;
    add_lock(answers[LOCK], json_null(), json_null(), list);
    if (source)
        json_array_append_new(list, json_pack("{s:s, s:s, s:n, s:n, s:[]}", "for", "source", "on",
                                              source, "worker", "seconds", "held_by"));
    add_waiting(s, answers[WAITING], list, err);
    return list;
}

/* Into the run, and all runs into `list`. */
static void add_details(struct state *s, int kept, json_t *run, json_t **list, struct error *err)
{
    long long number = strtoll(statusdoc_text(run, "run"), NULL, 10);
    long long earlier = strtoll(statusdoc_text(run, "before"), NULL, 10);
    long long backend = json_integer_value(json_object_get(run, "backend"));
    struct str questions[QUESTIONS];
    json_t *answers[QUESTIONS];
    for (size_t i = 0; i < QUESTIONS; i++)
        str_init(&questions[i], 0);
    str_printf(&questions[COUNTS], stages_and_rejects_sql, s->q, number, earlier);
    str_printf(&questions[LOCK], locks_sql, backend);
    str_printf(&questions[WAITING], waiting_sql, s->q, number);
    str_printf(&questions[BEFORE],
               "SELECT coalesce(max(steps::text)::json, '[]') FROM %s.heartbeat WHERE run = %lld",
               s->q, earlier);
    str_printf(&questions[EVENTS], events_sql, s->q, number);
    runs(s, number, kept, &questions[RUNS]);
    ask(s, questions, answers, err);
    json_object_set(run, "events", answers[EVENTS]);
    json_object_set_new(run, "steps", steps(run));
    json_object_set(run, "stages", json_object_get(answers[COUNTS], "stages"));
    json_object_set(run, "rejects", json_object_get(answers[COUNTS], "rejects"));
    json_object_set(run, "rejects_complete", json_object_get(answers[COUNTS], "complete"));
    json_object_set_new(run, "waits", waits(s, run, answers, err));
    json_object_set_new(run, "seconds_left", seconds_left(run, answers[BEFORE]));
    drop_inner(run);
    *list = json_incref(answers[RUNS]);
    set_left_out(*list, run);
    for (size_t i = 0; i < QUESTIONS; i++)
        json_decref(answers[i]);
}

/* NULL where there is no run yet: nor is there any in `list`. */
static json_t *current(struct state *s, const struct project *project, int kept, json_t **list,
                       struct error *err)
{
    struct str sql, name;
    str_init(&sql, 0);
    str_init(&name, 0);
    sql_literal(&name, project->name);
    str_printf(&sql, current_sql, s->q, name.data);
    str_clear(&name);
    json_t *run = value(s, &sql, err);
    if (run)
        add_details(s, kept, run, list, err);
    return run;
}

json_t *statusdoc_make(struct state *s, const struct project *project, int kept, struct error *err)
{
    struct pg_where where;
    /* Of rows that are just written there are no statistics: the server would sort them in order to
     * count them. */
    if (pg_begin_anew(
            s->pg, "ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL enable_sort = off", err))
        return NULL;
    json_t *list = NULL;
    int there = state_exists(s, err);
    json_t *now = there > 0 ? current(s, project, kept, &list, err) : NULL;
    pg_rollback(s->pg);
    pg_where(s->pg, &where);
    if (err->code || there < 0) {
        json_decref(list);
        json_decref(now);
        return NULL;
    }
    char at[32];
    time_t clock = time(NULL);
    struct tm utc;
    strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&clock, &utc));
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "at", at, "version", PACKAGE_VERSION,
                     "project", project->name, "database", where.dbname, "current",
                     now ? now : json_null(), "runs", list ? list : json_array());
}

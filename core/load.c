/* load.c - the load step: which stage is read next, from where, and by how many processes. Knows
 * nothing of records (stream.c) nor of live tables. */
#include "load.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aside.h"
#include "backoff.h"
#include "call.h"
#include "connections.h"
#include "crash.h"
#include "facts.h"
#include "fault.h"
#include "highwater.h"
#include "log.h"
#include "lookout.h"
#include "part.h"
#include "plural.h"
#include "resume.h"
#include "snapshots.h"
#include "sql.h"
#include "staging.h"
#include "stream.h"
#include "tell.h"
#include "workers.h"

#define PARTS_A_JOB 8   /* so that nobody waits long for the slowest */
#define FREE_ROUNDS 100 /* as often what dead workers had is freed, until all is done */
#define FREE_MS 200
#define WAIT_SHOWN 1.0 /* seconds; a worker does not speak of shorter waits */

struct load {
    struct state *s;
    struct job *job;
    const struct load_options *options;
    struct stream *stream;
    struct workers *workers; /* NULL: one process does all */
    struct job_stage *stage;
    char *fresh;         /* per stage: loaded anew in a run that is resumed */
    char *joined;        /* in a worker, per stage: its source reads the shared snapshot */
    char *waits;         /* per stage: its load waits until all others are read, see aside.h */
    double *reading;     /* per stage: seconds until its records were set aside */
    int catching_up;     /* those that waited are loaded */
    size_t announced;    /* stages before it were told to their source */
    int waits_told;      /* the state says that workers wait */
    _Atomic int backend; /* in a worker: of its session */
};

static double seconds_since(const struct timespec *t)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - t->tv_sec) + (double)(now.tv_nsec - t->tv_nsec) / 1e9;
}

static int stopped(const struct job_stage *st, struct error *err)
{
    return error_set(err, STATUS_INTERRUPTED, "stopped while loading stage %s", st->p->name);
}

/* ---- parts, in whatever process -------------------------------------------------------- */

static int one_part(struct load *l, struct job_stage *st, const struct part *part,
                    struct error *err)
{
    struct stream_from from = {.base = part->no, .position = part->bounds};
    int code = stream_run(l->stream, st, &from, err);
    return code ? code : part_done(l->s, err);
}

/* A worker's own connection is in no row of the state: its parts are, by its number. Behind a
 * pooler its backend is anyone's. */
static int own_session(struct load *l, struct error *err)
{
    l->backend = 0;
    int code = pg_reconnect(l->s->pg, err);
    if (!code && !str_equal(l->s->backend, "NULL"))
        l->backend = pg_backend_pid(l->s->pg);
    return code;
}

static int reconnect(struct load *l, struct error *err)
{
    if (!pg_lost(l->s->pg))
        return 0;
    if (!l->s->worker)
        return state_reconnect(l->s, NULL, err);
    return own_session(l, err);
}

/* One part after the other, until none is free. */
static int work(struct load *l, struct job_stage *st, struct error *err)
{
    for (int64_t tries = 0; !host_is_cancelled();) {
        struct part part;
        int got = part_claim(l->s, l->job, st, &part, err);
        if (!got)
            return 0;
        int code = got < 0 ? -got : one_part(l, st, &part, err);
        free(part.bounds);
        part_leave(l->s);
        if (!code) {
            tries = 0;
            continue;
        }
        if (code != STATUS_TEMPORARY || tries >= l->job->project->retries || host_is_cancelled() ||
            !(pg_lost(l->s->pg) || pg_retryable(l->s->pg)))
            return code;
        log_write(LOG_WARNING, "stage %s: %s; a part is loaded again", st->p->name, err->what);
        backoff_wait(tries++);
        error_clear(err);
        if (reconnect(l, err))
            error_clear(err); /* the next claim says it again */
    }
    return stopped(st, err);
}

/* ---- in a worker ----------------------------------------------------------------------- */

/* By the thread that looks: the parent is told of what goes on for long, and when that is over. */
static void say_wait(void *ctx, const struct waiting *now)
{
    static struct waiting said;
    struct load *l = ctx;
    struct workers_wait wait = {.backend = l->backend};
    if (now->seconds >= WAIT_SHOWN)
        wait.now = *now;
    if (wait.now.kind == said.kind && wait.now.seconds >= said.seconds &&
        str_equal(wait.now.what, said.what) && str_equal(wait.now.said, said.said))
        return;
    said = wait.now;
    workers_say(&wait);
}

static int become_worker(struct load *l, int number, struct error *err)
{
    static const struct load_options quiet;
    l->s->worker = number;
    crash_limit(l->job->project->timeouts.plugin); /* timers are not inherited */
    pg_forked();
    l->stream = stream_new(l->s, l->job, &quiet);
    lookout_start(say_wait, l);
    return own_session(l, err);
}

static int join(struct load *l, struct job_stage *st, const char *shared, struct error *err)
{
    if (l->joined[st - l->job->stages])
        return 0;
    int32_t got = call_join(st, (mig_str_t){shared, strlen(shared)});
    if (got != MIG_OK)
        return host_error(st->source, got, "join", err);
    for (size_t i = 0; i < l->job->n_stages; i++)
        l->joined[i] |= (char)(l->job->stages[i].source == st->source);
    return 0;
}

static int worker_work(void *ctx, int number, const struct workers_order *order, struct error *err)
{
    struct load *l = ctx;
    struct job_stage *st = &l->job->stages[order->stage];
    int code = l->s->worker ? 0 : become_worker(l, number, err);
    if (!code)
        code = join(l, st, order->shared, err);
    return code ? code : work(l, st, err);
}

/* ---- parts by workers ------------------------------------------------------------------ */

/* How far the workers are, and a sign of life for them all. */
static int look(struct load *l, struct part_progress *p, struct error *err)
{
    int code = pg_lost(l->s->pg) ? state_reconnect(l->s, NULL, err) : 0;
    if (!code)
        code = state_begin(l->s, err);
    if (!code)
        code = part_progress(l->s, l->stage, p, err);
    if (!code)
        code = state_heartbeat(l->s, "load", err);
    if (!code)
        return state_commit(l->s, err);
    pg_rollback(l->s->pg);
    return code;
}

/* What workers wait for: into the state, and the one that waits longest into `p`. */
static void look_at_waits(struct load *l, struct load_progress *p)
{
    struct workers_wait list[WORKERS_MAX];
    size_t n = workers_count(l->workers), most = n;
    for (size_t i = 0; i < n; i++) {
        workers_heard(l->workers, (int)i + 1, &list[i]);
        if (list[i].now.kind && (most == n || list[i].now.seconds > list[most].now.seconds))
            most = i;
    }
    if (most == n && !l->waits_told)
        return;
    l->waits_told = tell_workers(l->s, list, n);
    if (most == n)
        return;
    p->worker = (int)most + 1;
    p->wait = list[most].now;
}

static int worker_tick(void *ctx, struct error *err)
{
    struct load *l = ctx;
    struct part_progress p;
    struct error own = {0};
    int code = look(l, &p, &own);
    if (!code && p.parts) {
        struct load_progress now = {.stage = l->stage->p->name,
                                    .read = (uint64_t)p.read,
                                    .rejected = (uint64_t)p.rejected,
                                    .parts = 1000000 * p.done / p.parts,
                                    .cause = p.cause};
        look_at_waits(l, &now);
        if (l->options->progress)
            l->options->progress(l->options->ctx, &now);
    }
    if (code != STATUS_BUSY) /* anything else shows again when the parts are done */
        return 0;
    *err = own;
    return code;
}

static int share(struct load *l, struct workers_order *order, struct error *err)
{
    mig_str_t shared = {NULL, 0};
    int32_t got = call_share(l->stage, &shared);
    if (got != MIG_OK)
        return host_error(l->stage->source, got, "share", err);
    if (shared.len >= sizeof order->shared)
        return error_set(err, STATUS_PLUGIN, "source %s: the name of the shared state is too long",
                         l->stage->p->source);
    order->stage = (size_t)(l->stage - l->job->stages);
    memcpy(order->shared, shared.data, shared.len);
    return 0;
}

static int still_held(const struct load *l, struct error *err)
{
    error_set(err, STATUS_TEMPORARY, "a part of stage %s is held by a dead process",
              l->stage->p->name);
    error_why(err, "the target has not ended its transaction");
    error_fix(err, "end it there, see pg_stat_activity, and repeat the same command");
    return STATUS_TEMPORARY;
}

/* Between two rounds nobody works: what is not done then was left by a worker that died. The server
 * may notice that late, and commit for it until then. */
static int by_workers(struct load *l, struct error *err)
{
    struct workers_order order = {0};
    struct part_progress p = {0};
    int code = share(l, &order, err);
    for (int n = 0; !code; n++) {
        code = workers_round(l->workers, &order, err);
        if (!code && host_is_cancelled())
            code = stopped(l->stage, err);
        if (!code)
            code = look(l, &p, err);
        if (code || p.done == p.parts)
            break;
        code = n < FREE_ROUNDS ? part_free(l->s, l->stage, err) : still_held(l, err);
        nanosleep(&(struct timespec){.tv_nsec = FREE_MS * 1000000L}, NULL);
    }
    if (l->waits_told)
        look_at_waits(l, &(struct load_progress){0});
    return code;
}

/* ---- cutting --------------------------------------------------------------------------- */

struct cuts {
    struct arena *mem;
    const char *texts[STAGING_PARTS_MAX];
    size_t n;
    int ascii, unfit; /* only ASCII may be kept; a bound cannot be kept */
};

static int32_t add_cut(void *ctx, mig_str_t part)
{
    struct cuts *c = ctx;
    if (c->n == STAGING_PARTS_MAX || !part.len) /* "" opens all of it */
        return MIG_E_BUG;
    for (size_t i = 0; i < part.len; i++)
        c->unfit |= !part.data[i] || (c->ascii && (unsigned char)part.data[i] >= 0x80);
    c->unfit |= !str_utf8_ok(part.data, part.len);
    c->texts[c->n++] = arena_strndup(c->mem, part.data, part.len);
    return MIG_OK;
}

/* Sets `parts` where the source sees the stage worth to be shared. */
static int cut(struct load *l, int *parts, struct error *err)
{
    struct cuts cuts = {.mem = l->job->mem, .ascii = !pg_takes_all_text(l->s->pg)};
    uint32_t wanted = (uint32_t)l->job->project->jobs * PARTS_A_JOB;
    if (!l->workers || !call_can_split(l->stage))
        return 0;
    int32_t got = call_split(l->stage, wanted < STAGING_PARTS_MAX ? wanted : STAGING_PARTS_MAX,
                             &cuts, add_cut);
    if (got != MIG_OK)
        return host_error(l->stage->source, got, "split", err);
    *parts = cuts.n > 1 && !cuts.unfit;
    if (!*parts)
        return 0;
    log_write(LOG_DEBUG, "stage %s: %zu %s", l->stage->p->name, cuts.n,
              plural(cuts.n, "part", "parts"));
    return part_make(l->s, l->stage, cuts.texts, cuts.n, err);
}

/* ---- one stage ------------------------------------------------------------------------- */

/* Which column it makes that logins are checked by; nothing where there is none. */
static void login_sql(const struct load *l, struct str *sql)
{
    const struct unit *m = l->stage->migrator;
    if (!m->has_login)
        return;
    const struct catalog_table *t = l->job->tables[l->stage->tables[m->login_table]].t;
    str_add(sql, ", login = ARRAY[");
    sql_literal(sql, t->schema);
    str_add(sql, ", ");
    sql_literal(sql, t->name);
    str_add(sql, ", ");
    sql_literal(sql, m->tables[m->login_table].columns[m->login_column]);
    str_add_char(sql, ']');
}

static int finish_stage(struct load *l, double seconds, int parts, struct error *err)
{
    struct state *s = l->s;
    int code = state_begin(s, err);
    struct str sql;
    str_init(&sql, 0);
    if (parts)
        part_settle_sql(s, l->stage, &sql);
    str_printf(&sql,
               "UPDATE %s.run_stage SET done = true, seconds = coalesce(seconds, 0) + %.3f,"
               " own_keys = own_keys AND %s",
               s->q, seconds, parts || stream_own_keys(l->stream) ? "true" : "false");
    login_sql(l, &sql);
    str_printf(&sql, " WHERE run = %lld AND name = ", (long long)s->run);
    sql_literal(&sql, l->stage->p->name);
    str_add(&sql, "; ");
    facts_sql(s, l->stage, &sql);
    state_heartbeat_sql(s, l->stage->no == l->job->n_stages ? "check" : "load", &sql);
    if (!code)
        code = pg_exec(s->pg, err, sql.data);
    if (!code)
        code = state_commit(s, err);
    else
        pg_rollback(s->pg);
    str_clear(&sql);
    return code;
}

/* The source is told of the stages behind this one that it will read next, each once. Whether a run
 * that is gone on with has them already is known only then. */
static int announce(struct load *l, struct error *err)
{
    size_t next = (size_t)(l->stage - l->job->stages) + 1;
    int32_t got = MIG_OK;
    for (size_t i = next; !l->s->resumed && i < l->job->n_stages && got == MIG_OK; i++) {
        const struct job_stage *st = &l->job->stages[i];
        if (st->source != l->stage->source)
            break;
        if (i >= l->announced && !st->wanted && !(st->high && st->high->has_since))
            got = call_soon(st);
        l->announced = i >= l->announced ? i + 1 : l->announced;
    }
    return got == MIG_OK ? 0 : host_error(l->stage->source, got, "soon", err);
}

static int load_stage(struct load *l, const struct resume_point *at, struct error *err)
{
    struct timespec begun;
    int parts = at->parts, code = announce(l, err);
    clock_gettime(CLOCK_MONOTONIC, &begun);
    if (!code && !parts && !at->chunks && !l->stage->spool)
        code = cut(l, &parts, err);
    if (!code && !parts)
        code = stream_run(l->stream, l->stage,
                          &(struct stream_from){STAGING_CHUNK(l->stage->no, 0), at->chunks,
                                                at->read, at->rejected, at->position},
                          err);
    else if (!code)
        code = l->workers && call_can_split(l->stage) ? by_workers(l, err) : work(l, l->stage, err);
    if (!code)
        code = finish_stage(l, l->reading[l->stage - l->job->stages] + seconds_since(&begun), parts,
                            err);
    if (!code && fault_point("stage.loaded"))
        code = error_set(err, STATUS_TEMPORARY, "fault point stage.loaded");
    return code;
}

/* ---- all stages ------------------------------------------------------------------------ */

/* A stage is loaded anew when one that it uses keys of was. */
static int depends_on_fresh(const struct load *l)
{
    for (size_t i = 0; i < l->stage->migrator->n_entities; i++) {
        size_t k = job_find_stage(l->job, l->stage->migrator->entities[i].stage);
        if (k != SIZE_MAX && l->fresh[k])
            return 1;
    }
    return 0;
}

/* Its records are read now, and the rest is done when all others are read. */
static int put_off(struct load *l, struct error *err)
{
    size_t k = (size_t)(l->stage - l->job->stages);
    struct timespec begun;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    int code = aside_is_due(l->stage) ? aside_read(l->s, l->job, l->stage, l->options, err) : 0;
    l->reading[k] = seconds_since(&begun);
    l->waits[k] = 1;
    return code;
}

/* From where it stopped, or from its beginning. */
static int take_up_from(struct load *l, int forced, int *gone, struct error *err)
{
    struct resume_point at = {.position = strdup(""), .records = -1};
    int is_fresh = 0, waits = !l->catching_up && aside_waits(l->job, l->stage);
    int code = resume_find(l->s, l->job, l->stage, forced, &at, &is_fresh, err);
    l->fresh[l->stage - l->job->stages] |= (char)(is_fresh && l->s->resumed);
    if (!code && !at.done)
        code = waits ? put_off(l, err) : load_stage(l, &at, err);
    if (!code && (!waits || at.done))
        code = snapshots_gone(l->s, l->stage, &at, gone, err);
    free(at.position);
    return code;
}

static int take_up(struct load *l, struct error *err)
{
    int gone = 0, forced = l->s->resumed && depends_on_fresh(l);
    int code = take_up_from(l, forced, &gone, err);
    return code || !gone ? code : take_up_from(l, 1, &gone, err);
}

/* What was put off: what was set aside behind what is durable of it, else as any other stage. */
static int make_up(struct load *l, struct error *err)
{
    struct resume_point at = {.position = "", .records = -1};
    if (!l->stage->spool)
        return take_up(l, err);
    int code = resume_count(l->s, l->stage, &at, err);
    return code ? code : load_stage(l, &at, err);
}

/* The target may lose chunks that it had; they are made again. */
static int patiently(struct load *l, int (*step)(struct load *l, struct error *err),
                     struct error *err)
{
    int code = step(l, err);
    for (int64_t n = 0; code && stream_lost(l->stream) && n < l->job->project->retries; n++) {
        log_write(LOG_WARNING, "%s; taking it up anew", err->what);
        error_clear(err);
        code = step(l, err);
    }
    return code;
}

/* All that is held for a state of a source is read: it is let go. */
static int catch_up(struct load *l, struct error *err)
{
    int any = 0, code = 0;
    for (size_t i = 0; i < l->job->n_stages; i++)
        any |= l->waits[i];
    if (any)
        code = aside_release(l->job, err);
    l->catching_up = 1;
    for (size_t i = 0; !code && i < l->job->n_stages; i++) {
        l->stage = &l->job->stages[i];
        if (l->waits[i])
            code = patiently(l, make_up, err);
    }
    return code;
}

/* Before anything is read: what a plugin begins with its first record is then each process's own.
 */
static int start_workers(struct load *l, struct error *err)
{
    const struct workers_calls calls = {worker_work, worker_tick, l};
    int any = 0;
    for (size_t i = 0; i < l->job->n_stages; i++)
        any |= call_can_split(&l->job->stages[i]) && !aside_is_due(&l->job->stages[i]);
    size_t n = connections_workers(l->job);
    if (!any || n < 2)
        return 0;
    l->workers = workers_start(n, &calls, err);
    return l->workers ? 0 : err->code;
}

static void end_workers(struct load *l)
{
    struct workers_memory memory = workers_end(l->workers);
    l->workers = NULL;
    l->job->worker_kb = memory.most_kb;
    l->job->workers_kb = memory.sum_kb;
}

int load_run(struct state *s, struct job *job, const struct load_options *options,
             struct error *err)
{
    struct load l = {.s = s, .job = job, .options = options};
    l.fresh = arena_alloc(job->mem, job->n_stages + 1);
    l.joined = arena_alloc(job->mem, job->n_stages + 1);
    l.waits = arena_alloc(job->mem, job->n_stages + 1);
    l.reading = arena_alloc(job->mem, (job->n_stages + 1) * sizeof *l.reading);
    l.stream = stream_new(s, job, options);
    int code = start_workers(&l, err);
    for (size_t i = 0; !code && i < job->n_stages; i++) {
        l.stage = &job->stages[i];
        code = patiently(&l, take_up, err);
    }
    end_workers(&l); /* whose connections hold the sources' state, too */
    if (!code)
        code = catch_up(&l, err);
    stream_clear(l.stream);
    if (!code)
        code = snapshots_note(s, job, err);
    if (!code && fault_point("load.done"))
        code = error_set(err, STATUS_TEMPORARY, "fault point load.done");
    return code;
}

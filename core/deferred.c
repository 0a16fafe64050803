/* deferred.c - slow transforms in threads. A thread has a host of its own, in which its instances
 * are made: so that all that a unit says stays with the value that it works on. */
#include "deferred.h"

#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "call.h"
#include "log.h"
#include "plural.h"

#define CHUNK_SECONDS 2.0 /* of computing, that a crash may cost */
#define VALUES_MOST 2000  /* in a chunk */

struct thread {
    struct host host;
    struct unit **units; /* per transform of the migrator; NULL: not a slow one */
};

struct deferred {
    const struct job_stage *stage;
    struct pool *pool;
    struct thread *threads;
    size_t n;
    int limit; /* seconds that a call may take; 0: any */
    struct timespec begun;
};

/* ---- in the threads -------------------------------------------------------------------- */

static struct unit *own_unit(const struct deferred *l, const struct thread *t,
                             const struct unit *transform)
{
    const struct unit *migrator = l->stage->migrator;
    for (size_t i = 0; i < migrator->n_transforms; i++)
        if (migrator->transforms[i] == transform)
            return t->units[i];
    return NULL;
}

static void keep_result(struct deferred_value *v, const mig_value_t *out)
{
    v->out = *out;
    if (out->kind <= MIG_NULL)
        return;
    v->text = arena_heap(NULL, out->len + 1U);
    memcpy(v->text, out->len ? out->data : "", out->len);
    v->out.data = v->text;
}

static void wipe_input(struct deferred_value *v)
{
    for (uint32_t i = 0; i < v->n_in; i++)
        if (v->in[i].kind > MIG_NULL)
            explicit_bzero((char *)v->in[i].data, v->in[i].len);
}

static void compute(void *ctx, size_t thread, struct pool_task *task)
{
    struct deferred *l = ctx;
    struct thread *t = &l->threads[thread];
    struct deferred_value *v = (struct deferred_value *)task;
    mig_value_t out = {.kind = MIG_ABSENT};
    t->host.key = v->key;
    t->host.field = v->name;
    if (host_is_cancelled())
        v->returned = MIG_E_CANCELLED;
    else if (v->stored)
        v->returned = call_prove(own_unit(l, t, v->transform), v->in, v->n_in, v->stored);
    else
        v->returned = call_slow(own_unit(l, t, v->transform), v->in, v->n_in, &out);
    if (v->returned == MIG_OK)
        keep_result(v, &out);
    if (v->returned == MIG_REJECT)
        host_refuse(&t->host, v->name);
    if (t->host.outcome.kind) {
        v->outcome = arena_heap(NULL, sizeof *v->outcome);
        *v->outcome = t->host.outcome;
    }
    if (v->returned < 0) {
        v->failure = arena_heap(NULL, sizeof *v->failure);
        *v->failure = t->host.failure;
    }
    wipe_input(v);
    error_clear(&t->host.failure);
    host_record_done(&t->host);
}

/* ---- values ---------------------------------------------------------------------------- */

static char *put(char *to, const char *from, size_t n)
{
    if (n)
        memcpy(to, from, n);
    return to + n;
}

static void put_value(mig_value_t *to, const mig_value_t *from, char **text)
{
    *to = *from;
    if (from->kind <= MIG_NULL)
        return;
    to->data = *text;
    *text = put(*text, from->data, from->len);
}

static size_t text_size(const mig_value_t *v)
{
    return v->kind > MIG_NULL ? v->len : 0;
}

struct deferred_value *deferred_value(const struct host_value *v, mig_str_t key,
                                      const mig_value_t *stored)
{
    size_t bytes = sizeof(struct deferred_value) + (v->n_in + 1U) * sizeof(mig_value_t) + key.len;
    for (uint32_t i = 0; i < v->n_in; i++)
        bytes += text_size(&v->in[i]);
    bytes += stored ? text_size(stored) : 0;
    struct deferred_value *x = arena_heap(NULL, bytes);
    memset(x, 0, sizeof *x);
    x->bytes = bytes;
    x->transform = v->transform;
    x->table = v->table;
    x->column = v->column;
    x->in = (mig_value_t *)(x + 1);
    x->n_in = v->n_in;
    char *text = (char *)(x->in + v->n_in + 1);
    x->key = (mig_str_t){text, key.len};
    text = put(text, key.data, key.len);
    for (uint32_t i = 0; i < v->n_in; i++)
        put_value(&x->in[i], &v->in[i], &text);
    if (stored) {
        x->stored = &x->in[v->n_in];
        put_value(x->stored, stored, &text);
    }
    return x;
}

void deferred_add(struct deferred *l, struct deferred_value *v, atomic_size_t *left)
{
    v->name = l->stage->migrator->tables[v->table].columns[v->column];
    v->task.left = left;
    pool_add(l->pool, &v->task);
}

void deferred_free(struct deferred_value *v)
{
    if (!v)
        return;
    if (v->text)
        explicit_bzero(v->text, v->out.len);
    free(v->text);
    free(v->outcome);
    free(v->failure);
    explicit_bzero(v, v->bytes);
    free(v);
}

/* ---- the threads as a whole ------------------------------------------------------------ */

static size_t count_cores(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return (size_t)CPU_COUNT(&set);
    return 1;
}

/* Of all processes together as many as there are cores, or as the project says. */
static size_t count_threads(const struct project *p, int worker)
{
    size_t n = p->threads ? (size_t)p->threads : count_cores();
    size_t processes = worker ? (size_t)p->jobs : 1;
    return n > processes ? n / processes : 1;
}

/* The same units once more, with the same options. */
static int make_units(const struct deferred *l, struct thread *t, const struct job *job,
                      struct error *err)
{
    const struct unit *migrator = l->stage->migrator;
    struct faults faults = {0};
    host_init(&t->host, job->project, job->host->registry);
    t->host.stage = l->stage->p->name;
    t->host.secret = 1;
    t->units = arena_heap(NULL, (migrator->n_transforms + 1) * sizeof *t->units);
    for (size_t i = 0; i < migrator->n_transforms; i++) {
        const struct unit *u = migrator->transforms[i];
        t->units[i] = NULL;
        if (host_is_slow(u))
            t->units[i] = host_unit(&t->host, u->def->feature, u->options_text, u->where, &faults);
    }
    if (faults.n)
        *err = faults.items[0];
    faults_clear(&faults);
    t->host.in_record = 1;
    return err->code;
}

struct deferred *deferred_start(const struct job *job, const struct job_stage *st, int worker,
                                struct error *err)
{
    struct deferred *l = arena_heap(NULL, sizeof *l);
    size_t n = count_threads(job->project, worker);
    memset(l, 0, sizeof *l);
    l->stage = st;
    l->limit = job->project->timeouts.plugin;
    clock_gettime(CLOCK_MONOTONIC, &l->begun);
    l->threads = arena_heap(NULL, n * sizeof *l->threads);
    memset(l->threads, 0, n * sizeof *l->threads);
    while (l->n < n && !err->code)
        make_units(l, &l->threads[l->n++], job, err);
    if (!err->code)
        l->pool = pool_start(n, compute, l, err);
    if (!err->code)
        return l;
    deferred_end(l);
    return NULL;
}

size_t deferred_most(struct deferred *l)
{
    double pace = pool_pace(l->pool), threads = (double)pool_threads(l->pool);
    double most = pace > 0 ? CHUNK_SECONDS * threads / pace : 0;
    if (most < 2 * threads)
        most = 2 * threads;
    return most > VALUES_MOST ? VALUES_MOST : (size_t)most;
}

/* A call in another thread: the clock of crash.c looks at the first one's alone. */
static void look_for_hangs(struct deferred *l)
{
    size_t thread = 0;
    if (!l->limit || pool_longest(l->pool, &thread) < l->limit)
        return;
    const struct unit *u = l->stage->migrator;
    crash_hangs((struct crash_call){&u->who, "a slow transform of record", NULL});
}

void deferred_wait(struct deferred *l, int fd, short events, int ms)
{
    struct pollfd fds[2] = {{.fd = pool_fd(l->pool), .events = POLLIN},
                            {.fd = fd, .events = events}};
    poll(fds, 2, ms);
    pool_seen(l->pool);
    look_for_hangs(l);
}

void deferred_tell(struct deferred *l, uint64_t known)
{
    struct timespec now;
    uint64_t n = pool_done(l->pool);
    clock_gettime(CLOCK_MONOTONIC, &now);
    double seconds =
        (double)(now.tv_sec - l->begun.tv_sec) + (double)(now.tv_nsec - l->begun.tv_nsec) / 1e9;
    if (n)
        log_write(LOG_INFO, "stage %s: %llu %s computed by %zu %s in %.1f s, %.2f/s",
                  l->stage->p->name, (unsigned long long)n, plural(n, "value", "values"), l->n,
                  plural(l->n, "thread", "threads"), seconds,
                  seconds > 0 ? (double)n / seconds : 0);
    if (known)
        log_write(LOG_INFO, "stage %s: %llu %s computed before, and are not again",
                  l->stage->p->name, (unsigned long long)known,
                  plural(known, "value was", "values were"));
}

void deferred_end(struct deferred *l)
{
    if (!l)
        return;
    pool_end(l->pool);
    for (size_t i = 0; i < l->n; i++) {
        host_clear(&l->threads[i].host);
        free(l->threads[i].units);
    }
    free(l->threads);
    free(l);
}

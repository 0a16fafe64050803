/* pool.c - threads behind one queue. Signals are the first thread's: the others block them. */
#include "pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "log.h"
#include "plural.h"

#define STACK_SIZE ((size_t)512 << 10)
#define RECENT 32 /* tasks whose average the pace is, about */

struct thread {
    struct pool *pool;
    pthread_t id;
    int64_t since; /* ns, when its task began; 0: it has none */
};

struct pool {
    void (*work)(void *ctx, size_t thread, struct pool_task *task);
    void *ctx;
    struct thread *threads;
    size_t n;
    int fd;
    pthread_mutex_t lock; /* of all below, and of `since` */
    pthread_cond_t more;
    struct pool_task *first, **last;
    int ending;
    uint64_t done;
    double pace;
};

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The next task, begun; NULL: there will be none. Called with the lock. */
static struct pool_task *take(struct thread *t)
{
    struct pool *p = t->pool;
    while (!p->first && !p->ending)
        pthread_cond_wait(&p->more, &p->lock);
    if (p->ending)
        return NULL;
    struct pool_task *task = p->first;
    p->first = task->next;
    if (!p->first)
        p->last = &p->first;
    t->since = now_ns();
    return task;
}

static void finished(struct thread *t)
{
    struct pool *p = t->pool;
    double seconds = (double)(now_ns() - t->since) / 1e9;
    double weight = p->done < RECENT ? 1.0 / (double)(p->done + 1) : 1.0 / RECENT;
    p->pace += (seconds - p->pace) * weight;
    p->done++;
    t->since = 0;
}

static void *live(void *arg)
{
    struct thread *t = arg;
    struct pool *p = t->pool;
    const uint64_t one = 1;
    pthread_mutex_lock(&p->lock);
    for (struct pool_task *task; (task = take(t));) {
        pthread_mutex_unlock(&p->lock);
        atomic_size_t *left = task->left;
        p->work(p->ctx, (size_t)(t - p->threads), task);
        pthread_mutex_lock(&p->lock);
        finished(t);
        /* Whoever sees 0 may free the task. */
        atomic_fetch_sub(left, 1);
        if (write(p->fd, &one, sizeof one) < 0 && errno != EAGAIN)
            p->ending = 1; /* cannot be: an eventfd has room */
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static void start_threads(struct pool *p, size_t n)
{
    pthread_attr_t attributes;
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    sigset_t all, before;
    sigfillset(&all);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        sigdelset(&all, own[i]);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (; p->n < n; p->n++) {
        p->threads[p->n].pool = p;
        if (pthread_create(&p->threads[p->n].id, &attributes, live, &p->threads[p->n]))
            break;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
}

struct pool *pool_start(size_t n, void (*work)(void *ctx, size_t thread, struct pool_task *task),
                        void *ctx, struct error *err)
{
    struct pool *p = arena_heap(NULL, sizeof *p);
    memset(p, 0, sizeof *p);
    p->work = work;
    p->ctx = ctx;
    p->last = &p->first;
    p->threads = arena_heap(NULL, n * sizeof *p->threads);
    memset(p->threads, 0, n * sizeof *p->threads);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->more, NULL);
    p->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (p->fd >= 0)
        start_threads(p, n);
    if (p->n && p->n < n)
        log_write(LOG_WARNING, "%zu of %zu %s could be started", p->n, n,
                  plural(n, "thread", "threads"));
    if (p->n)
        return p;
    pool_end(p);
    error_set(err, STATUS_TEMPORARY, "no thread can be started");
    error_fix(err, "raise the limits on processes and memory");
    return NULL;
}

void pool_add(struct pool *p, struct pool_task *task)
{
    task->next = NULL;
    pthread_mutex_lock(&p->lock);
    *p->last = task;
    p->last = &task->next;
    pthread_cond_signal(&p->more);
    pthread_mutex_unlock(&p->lock);
}

size_t pool_threads(struct pool *p)
{
    return p->n;
}

int pool_fd(struct pool *p)
{
    return p->fd;
}

void pool_seen(struct pool *p)
{
    uint64_t n;
    while (read(p->fd, &n, sizeof n) > 0)
        ;
}

uint64_t pool_done(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    uint64_t n = p->done;
    pthread_mutex_unlock(&p->lock);
    return n;
}

double pool_pace(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    double seconds = p->pace;
    pthread_mutex_unlock(&p->lock);
    return seconds;
}

double pool_longest(struct pool *p, size_t *thread)
{
    int64_t now = now_ns(), most = 0;
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < p->n; i++)
        if (p->threads[i].since && now - p->threads[i].since > most) {
            most = now - p->threads[i].since;
            *thread = i;
        }
    pthread_mutex_unlock(&p->lock);
    return (double)most / 1e9;
}

void pool_end(struct pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->ending = 1;
    pthread_cond_broadcast(&p->more);
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < p->n; i++)
        pthread_join(p->threads[i].id, NULL);
    if (p->fd >= 0)
        close(p->fd);
    pthread_cond_destroy(&p->more);
    pthread_mutex_destroy(&p->lock);
    free(p->threads);
    free(p);
}

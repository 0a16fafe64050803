/* workers.c - a pool of forked processes. A worker is forked before it has a thread or a connection
 * of its own; it leaves by _exit(), so that nothing of its parent's is undone twice. */
#include "workers.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "host.h"
#include "log.h"
#include "lookout.h"
#include "plural.h"
#include "screen.h"
#include "signals.h"

#define TICK_MS 1000
#define GRACE_MS 30000 /* from the order to stop to SIGKILL */

struct worker {
    pid_t pid; /* 0: ended */
    int fd;
    int busy;
    struct workers_wait wait; /* as it said */
    int64_t said;             /* when; ms */
};

/* From a worker to its parent. */
struct word {
    int is_wait;
    struct workers_wait wait;
    struct error answer; /* sent only where it is one */
};

struct workers {
    struct workers_calls calls;
    struct worker list[WORKERS_MAX];
    size_t n;
    struct error last;            /* why the last one ended that is gone */
    struct workers_memory memory; /* of those that have ended */
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the worker ------------------------------------------------------------------------ */

static int to_parent = -1;

static int answer(const struct error *err)
{
    struct word word = {.answer = *err};
    return send(to_parent, &word, sizeof word, 0) == (ssize_t)sizeof word;
}

/* A parent that does not listen is not waited for. */
void workers_say(const struct workers_wait *wait)
{
    struct word word = {.is_wait = 1, .wait = *wait};
    ssize_t n = send(to_parent, &word, offsetof(struct word, answer), MSG_DONTWAIT);
    (void)n;
}

static int next_order(int fd, struct workers_order *order)
{
    ssize_t n;
    do
        n = recv(fd, order, sizeof *order, 0);
    while (n < 0 && errno == EINTR && !host_is_cancelled());
    return n == (ssize_t)sizeof *order;
}

__attribute__((noreturn)) static void live(const struct workers *w, int number, int fd,
                                           pid_t parent)
{
    struct workers_order order;
    struct error err = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(STATUS_TEMPORARY);
    for (size_t i = 0; i < w->n; i++)
        close(w->list[i].fd);
    to_parent = fd;
    signals_worker();
    screen_forked();
    while (!err.code && next_order(fd, &order)) {
        int code = w->calls.work(w->calls.ctx, number, &order, &err);
        if (code && !err.code)
            err.code = code;
        if (!answer(&err))
            break;
    }
    _exit(0);
}

/* ---- the parent ------------------------------------------------------------------------ */

static int start_one(struct workers *w)
{
    int ends[2];
    pid_t parent = getpid();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        live(w, (int)w->n + 1, ends[1], parent);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return -1;
    }
    w->list[w->n++] = (struct worker){.pid = pid, .fd = ends[0]};
    return 0;
}

struct workers *workers_start(size_t n, const struct workers_calls *calls, struct error *err)
{
    struct workers *w = arena_heap(NULL, sizeof *w);
    memset(w, 0, sizeof *w);
    w->calls = *calls;
    screen_before_fork();
    lookout_before_fork();
    while (w->n < n && w->n < WORKERS_MAX && start_one(w) == 0)
        ;
    lookout_after_fork();
    screen_after_fork();
    if (w->n == n)
        return w;
    log_write(LOG_WARNING, "%zu of %zu %s could be started: %s", w->n, n,
              plural(n, "worker", "workers"), strerror(errno));
    if (w->n)
        return w;
    free(w);
    error_set(err, STATUS_TEMPORARY, "no process can be forked: %s", strerror(errno));
    error_fix(err, "raise the limit on processes, or use --jobs 1");
    return NULL;
}

/* How it ended, once it has: as waitpid() says. */
static int reap(struct workers *w, struct worker *x)
{
    int status = 0;
    struct rusage usage = {0};
    close(x->fd);
    while (wait4(x->pid, &status, 0, &usage) < 0 && errno == EINTR)
        ;
    w->memory.sum_kb += usage.ru_maxrss;
    if (usage.ru_maxrss > w->memory.most_kb)
        w->memory.most_kb = usage.ru_maxrss;
    *x = (struct worker){.fd = -1};
    return status;
}

/* It ended without an answer. */
static void died(struct workers *w, int number, int status, struct error *err)
{
    struct error *to = &w->last;
    error_clear(to);
    if (WIFSIGNALED(status)) {
        error_set(to, STATUS_TEMPORARY, "worker %d was ended by signal %d", number,
                  WTERMSIG(status));
        return;
    }
    if (WEXITSTATUS(status) != STATUS_TEMPORARY)
        to = err;
    error_set(to, WEXITSTATUS(status) == STATUS_TEMPORARY ? STATUS_TEMPORARY : STATUS_BUG,
              "worker %d ended with exit code %d: see above", number, WEXITSTATUS(status));
}

static size_t count_alive(const struct workers *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n; i++)
        n += w->list[i].pid != 0;
    return n;
}

static void take_answer(struct workers *w, size_t i, struct error *err)
{
    struct worker *x = &w->list[i];
    struct word word = {0};
    ssize_t n = recv(x->fd, &word, sizeof word, 0);
    if (n > 0 && word.is_wait) {
        x->wait = word.wait;
        x->said = now_ms();
        return;
    }
    const struct error answer = word.answer;
    int answered = n == (ssize_t)sizeof word;
    x->busy = 0;
    x->wait = (struct workers_wait){0};
    if (answered && !answer.code)
        return;
    int status = reap(w, x);
    if (!answered)
        died(w, (int)i + 1, status, err);
    else if (answer.code == STATUS_TEMPORARY)
        w->last = answer;
    else if (!err->code)
        *err = answer;
    if (!err->code && count_alive(w))
        log_write(LOG_WARNING, "%s; the other workers take over", w->last.what);
}

static size_t count_busy(const struct workers *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n; i++)
        n += w->list[i].busy != 0;
    return n;
}

static void signal_all(const struct workers *w, int number)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->list[i].pid)
            kill(w->list[i].pid, number);
}

static void wait_answers(struct workers *w, int ms, struct error *err)
{
    struct pollfd fds[WORKERS_MAX];
    for (size_t i = 0; i < w->n; i++)
        fds[i] = (struct pollfd){.fd = w->list[i].busy ? w->list[i].fd : -1, .events = POLLIN};
    if (poll(fds, w->n, ms) <= 0)
        return;
    for (size_t i = 0; i < w->n; i++)
        if (fds[i].revents)
            take_answer(w, i, err);
}

static void give_order(struct workers *w, const struct workers_order *order)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->list[i].pid) {
            /* One that has gone is found when its answer is waited for. */
            ssize_t n = send(w->list[i].fd, order, sizeof *order, 0);
            w->list[i].busy = n != 0;
        }
}

int workers_round(struct workers *w, const struct workers_order *order, struct error *err)
{
    int64_t ticked = now_ms(), told = 0;
    give_order(w, order);
    while (count_busy(w)) {
        wait_answers(w, TICK_MS / 5, err);
        if (!told && (err->code || host_is_cancelled())) {
            signal_all(w, SIGUSR1);
            told = now_ms();
        } else if (told && now_ms() - told > GRACE_MS) {
            signal_all(w, SIGKILL);
        }
        if (!told && now_ms() - ticked >= TICK_MS) {
            ticked = now_ms();
            w->calls.tick(w->calls.ctx, err);
        }
    }
    if (!err->code && !count_alive(w)) {
        *err = w->last;
        error_set(err, STATUS_TEMPORARY, "no worker is left");
    }
    return err->code;
}

void workers_heard(const struct workers *w, int number, struct workers_wait *out)
{
    const struct worker *x = &w->list[number - 1];
    *out = x->wait;
    out->now.seconds += (double)(now_ms() - x->said) / 1000;
}

size_t workers_count(const struct workers *w)
{
    return w->n;
}

struct workers_memory workers_end(struct workers *w)
{
    struct workers_memory memory = {0};
    if (!w)
        return memory;
    signal_all(w, SIGUSR1);
    for (size_t i = 0; i < w->n; i++)
        if (w->list[i].pid)
            reap(w, &w->list[i]);
    memory = w->memory;
    free(w);
    return memory;
}

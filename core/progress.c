/* progress.c - the state of a run as people are told of it. Rate and time left are those of the
 * last seconds; the time left is told only when the source knows how far it is. */
#include "progress.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "crash.h"
#include "fault.h"
#include "frame.h"
#include "log.h"
#include "plural.h"
#include "screen.h"

#define PLAIN_INTERVAL 30 /* seconds between lines of a stage where nobody looks */
#define WINDOW 5          /* seconds; the rate is that of the last one or two windows */

struct sample {
    struct timespec at;
    uint64_t read;
    int64_t parts;
};

static int live, silent;
static struct frame shown;
static struct timespec begun, stage_begun;
static struct sample older, newer; /* of the stage that is read */
static time_t told;
static struct { /* of a worker process */
    int number; /* 0: none waits */
    struct waiting wait;
    struct timespec at;
} worker;
/* Of `shown`: the screen's thread reads it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void progress_init(enum progress_mode mode)
{
    const char *term = getenv("TERM"), *plain = getenv("NO_COLOR");
    silent = mode == PROGRESS_NONE;
    live = mode == PROGRESS_AUTO && !log_is_json() && isatty(STDERR_FILENO) && term &&
           strcmp(term, "dumb") != 0;
    shown.color = !plain || !*plain;
}

static double seconds_between(const struct timespec *from, const struct timespec *to)
{
    return (double)(to->tv_sec - from->tv_sec) + (double)(to->tv_nsec - from->tv_nsec) / 1e9;
}

static struct timespec now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t;
}

/* ---- the screen ------------------------------------------------------------------------ */

/* What a worker waits for counts where the run's own process waits for nothing but that. */
static void note_wait(void)
{
    static struct crash_look look;
    struct timespec t = now();
    waiting_look(&shown.wait, &look);
    shown.worker = 0;
    if (!worker.number || (shown.wait.kind && shown.wait.seconds >= 1))
        return;
    shown.worker = worker.number;
    shown.wait = worker.wait;
    shown.wait.seconds += seconds_between(&worker.at, &t);
}

static void render(struct str *out, int cols, int rows)
{
    struct timespec t = now();
    pthread_mutex_lock(&lock);
    shown.seconds = seconds_between(&begun, &t);
    note_wait();
    frame_render(&shown, cols, rows, out);
    pthread_mutex_unlock(&lock);
}

static void forget(void)
{
    int color = shown.color;
    free(shown.stages);
    memset(&shown, 0, sizeof shown);
    shown.color = color;
}

void progress_begin(const char *title, const char *const *steps, size_t n_steps)
{
    if (!live)
        return;
    progress_end();
    snprintf(shown.title, sizeof shown.title, "%s", title);
    shown.steps = steps;
    shown.n_steps = shown.step = n_steps;
    begun = now();
    live = screen_start(render);
}

void progress_title(const char *title)
{
    pthread_mutex_lock(&lock);
    snprintf(shown.title, sizeof shown.title, "%s", title);
    pthread_mutex_unlock(&lock);
}

static struct frame_stage *find_stage(const char *name)
{
    for (size_t i = 0; i < shown.n_stages; i++)
        if (strcmp(shown.stages[i].name, name) == 0)
            return &shown.stages[i];
    shown.stages = arena_heap(shown.stages, (shown.n_stages + 1) * sizeof *shown.stages);
    struct frame_stage *st = &shown.stages[shown.n_stages++];
    *st = (struct frame_stage){.total = -1, .parts = -1, .left = -1};
    snprintf(st->name, sizeof st->name, "%s", name);
    return st;
}

int progress_is_live(void)
{
    return screen_is_on();
}

void progress_stage(const char *name, int64_t expected)
{
    pthread_mutex_lock(&lock);
    find_stage(name)->total = expected;
    pthread_mutex_unlock(&lock);
}

void progress_end(void)
{
    screen_end();
    forget();
    older = newer = (struct sample){0};
}

/* ---- steps ----------------------------------------------------------------------------- */

static void loaded(struct frame_stage *st)
{
    if (st->state != FRAME_NOW)
        return;
    struct timespec t = now();
    st->state = FRAME_DONE;
    st->total = (int64_t)st->read;
    st->exact = 1;
    st->seconds = seconds_between(&stage_begun, &t);
    st->rate = st->seconds > 0.001 ? (double)(st->read) / st->seconds : 0;
}

void progress_loaded(void)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < shown.n_stages; i++)
        loaded(&shown.stages[i]);
    worker.number = 0;
    pthread_mutex_unlock(&lock);
}

void progress_step(const char *name)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < shown.n_steps; i++)
        if (strcmp(shown.steps[i], name) == 0)
            shown.step = i;
    pthread_mutex_unlock(&lock);
    if (!silent)
        log_write(LOG_INFO, "%s", name);
}

void progress_rejected(uint64_t n)
{
    pthread_mutex_lock(&lock);
    shown.rejected = n;
    pthread_mutex_unlock(&lock);
}

/* ---- load ------------------------------------------------------------------------------ */

/* How it goes since one or two windows ago. */
static void measure(struct frame_stage *st, const struct load_progress *p)
{
    struct sample s = {now(), p->read, p->parts};
    if (seconds_between(&newer.at, &s.at) >= WINDOW) {
        older = newer;
        newer = s;
    }
    double seconds = seconds_between(&older.at, &s.at);
    int64_t parts = p->parts - older.parts;
    st->rate = seconds > 0.1 ? (double)(p->read - older.read) / seconds : 0;
    st->left = -1;
    if (seconds < 1)
        return;
    if (p->parts > 10000 && parts > 0)
        st->left = seconds * (1000000.0 - (double)p->parts) / (double)parts;
    else if (p->parts < 0 && st->rate > 0 && st->total > (int64_t)p->read) /* an earlier run's */
        st->left = (double)(st->total - (int64_t)p->read) / st->rate;
}

static void note(struct frame_stage *st, const struct load_progress *p)
{
    if (st->state != FRAME_NOW) {
        for (size_t i = 0; i < shown.n_stages; i++)
            loaded(&shown.stages[i]);
        stage_begun = now();
        told = stage_begun.tv_sec;
        older = newer = (struct sample){stage_begun, p->read, p->parts > 0 ? p->parts : 0};
    }
    st->state = FRAME_NOW;
    st->read = p->read;
    st->rejected = p->rejected;
    st->parts = p->parts;
    if (p->parts > 10000)
        st->total = (int64_t)((double)p->read * 1e6 / (double)p->parts);
    if (p->cause && p->cause[0] && !shown.cause[0])
        snprintf(shown.cause, sizeof shown.cause, "%s: %s", p->stage, p->cause);
    worker.number = p->worker;
    worker.wait = p->wait;
    worker.at = now();
    measure(st, p);
}

static void tell(const struct frame_stage *st, const char *wait)
{
    char left[64];
    if (st->left < 0)
        snprintf(left, sizeof left, "time left unknown");
    else
        snprintf(left, sizeof left, "%.0f %%, %.0f s left",
                 st->total > 0 ? 100.0 * (double)st->read / (double)st->total : 0, st->left);
    log_write(LOG_INFO, "%s: %llu %s, %llu rejected, %.0f/s, %s%s%s", st->name,
              (unsigned long long)st->read, plural(st->read, "record", "records"),
              (unsigned long long)st->rejected, st->rate, left, wait[0] ? ", " : "", wait);
}

void progress_load(void *ctx, const struct load_progress *p)
{
    (void)ctx;
    if (silent)
        return;
    pthread_mutex_lock(&lock);
    struct frame_stage *st = find_stage(p->stage);
    note(st, p);
    char wait[600];
    int is_due =
        !screen_is_on() && now().tv_sec - told >= fault_number("MIGHOST_LOG_EVERY", PLAIN_INTERVAL);
    if (is_due) {
        told = now().tv_sec;
        note_wait();
    }
    frame_wait(&shown, wait);
    pthread_mutex_unlock(&lock);
    if (is_due)
        tell(st, wait);
}

/* ---- behind the screen ----------------------------------------------------------------- */

int progress_columns(void)
{
    return live ? screen_columns() - 1 : 200;
}

void progress_lines(const char *text)
{
    for (size_t n; *text && !silent; text += n + (text[n] == '\n')) {
        n = strcspn(text, "\n");
        if (live)
            log_line("%.*s", (int)n, text);
        else
            log_write(LOG_INFO, "%.*s", (int)n, text);
    }
}

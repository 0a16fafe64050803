/* crash.c - the last words after a crash, and over a call that hangs. Handlers only write to
 * descriptor 2 and leave with STATUS_BUG or STATUS_TEMPORARY: no lock is taken, no memory is asked
 * for. They have a stack of their own, for plugins that recurse without end; other threads than the
 * first do not. Each thread has its own call; only the first one's is looked at every second. */
#include "crash.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "outlet.h"
#include "status.h"

/* A thread's call, which others may read while it is at work: parts of two calls are told apart by
 * `moves`, which is odd while it is written. */
struct place {
    const struct crash_unit *_Atomic unit;
    const char *_Atomic call, *_Atomic stage;
    _Atomic unsigned moves;
};

static _Thread_local struct place now;
static const char *state = "no live table was changed";
static char keep_dir[PATH_MAX], keep_path[PATH_MAX];
static volatile sig_atomic_t limit; /* seconds, 0: none */
static const struct place *first;   /* the first thread's */

static const struct {
    int number;
    const char *name;
} signals[] = {{SIGSEGV, "SIGSEGV"},
               {SIGBUS, "SIGBUS"},
               {SIGFPE, "SIGFPE"},
               {SIGILL, "SIGILL"},
               {SIGABRT, "SIGABRT"}};

static struct crash_call get(const struct place *p)
{
    return (struct crash_call){atomic_load_explicit(&p->unit, memory_order_acquire),
                               atomic_load_explicit(&p->call, memory_order_acquire),
                               atomic_load_explicit(&p->stage, memory_order_acquire)};
}

static unsigned moves_of(const struct place *p)
{
    return atomic_load_explicit(&p->moves, memory_order_acquire);
}

/* Who sees one of the values sees that it moves. */
static void put(const struct crash_call *call)
{
    unsigned moves = atomic_load_explicit(&now.moves, memory_order_relaxed);
    atomic_store_explicit(&now.moves, moves + 1, memory_order_relaxed);
    atomic_store_explicit(&now.unit, call->unit, memory_order_release);
    atomic_store_explicit(&now.call, call->call, memory_order_release);
    atomic_store_explicit(&now.stage, call->stage, memory_order_release);
    atomic_store_explicit(&now.moves, moves + 2, memory_order_release);
}

struct line { /* made without the C library's formatting, which may take locks */
    char text[1024];
    size_t n;
};

static void add(struct line *l, const char *text)
{
    for (; text && *text && l->n < sizeof l->text - 1; text++)
        l->text[l->n++] = (unsigned char)*text < 0x20 ? '?' : *text;
}

static void add_number(struct line *l, int64_t v, int digits)
{
    char text[24];
    text[digits] = '\0';
    for (int i = digits; i > 0; v /= 10)
        text[--i] = (char)('0' + v % 10);
    add(l, text);
}

/* The civil date of a day number since 1970, in years that begin with March. */
static void add_date(struct line *l, int64_t days)
{
    int64_t z = days + 719468, era = z / 146097, of_era = z % 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100),
            month = (5 * of_year + 2) / 153;
    int64_t calendar = month < 10 ? month + 3 : month - 9;
    add_number(l, year + era * 400 + (calendar <= 2), 4);
    add(l, "-");
    add_number(l, calendar, 2);
    add(l, "-");
    add_number(l, of_year - (153 * month + 2) / 5 + 1, 2);
}

/* "[2026-01-31T12:00:00.000Z] error: ", as log.c has it. */
static void begin(struct line *l)
{
    struct timespec t = {0};
    clock_gettime(CLOCK_REALTIME, &t);
    l->n = 0;
    add(l, "[");
    add_date(l, t.tv_sec / 86400);
    add(l, "T");
    add_number(l, t.tv_sec / 3600 % 24, 2);
    add(l, ":");
    add_number(l, t.tv_sec / 60 % 60, 2);
    add(l, ":");
    add_number(l, t.tv_sec % 60, 2);
    add(l, ".");
    add_number(l, t.tv_nsec / 1000000, 3);
    add(l, "Z] error: ");
}

static void end(struct line *l)
{
    l->text[l->n++] = '\n';
    outlet_write(l->text, l->n);
}

static void tell(const char *what, const char *fix)
{
    struct line l;
    begin(&l);
    if (now.unit) {
        add(&l, now.unit->name);
        add(&l, " (");
        add(&l, now.unit->where);
        add(&l, now.stage ? ", stage " : "");
        add(&l, now.stage);
        add(&l, "): ");
    }
    add(&l, what);
    add(&l, now.unit ? " in " : "");
    add(&l, now.unit ? now.call : "");
    add(&l, now.unit ? "()" : "");
    end(&l);
    begin(&l);
    if (now.unit) {
        add(&l, "  fix: the plugin ");
        add(&l, now.unit->path);
        add(&l, fix);
    } else {
        add(&l, "  fix: this is a mistake in mighost: please report it");
    }
    end(&l);
    begin(&l);
    add(&l, "  state: ");
    add(&l, state);
    end(&l);
}

static const char faulty[] = " is faulty: correct it, then repeat the same command";

static void keep(void)
{
    struct line l = {.n = 0};
    if (!keep_path[0] || !now.unit || !now.unit->sha256)
        return;
    mkdir(keep_dir, 0700);
    int fd = open(keep_path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    add(&l, now.unit->sha256);
    add(&l, " ");
    add(&l, now.call);
    l.text[l.n++] = '\n';
    if (fd >= 0 && write(fd, l.text, l.n) != (ssize_t)l.n)
        unlink(keep_path);
}

void crash_hangs(struct crash_call call)
{
    put(&call);
    tell("has not come back within timeouts.plugin",
         " hangs or waits: give it more time or correct it, then repeat the same command");
    _exit(STATUS_TEMPORARY);
}

static void crashed(int number)
{
    struct line what = {.n = 0};
    const char *name = "a signal";
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (signals[i].number == number)
            name = signals[i].name;
    add(&what, "crashed with ");
    add(&what, name);
    what.text[what.n] = '\0';
    tell(what.text, faulty);
    keep();
    _exit(STATUS_BUG);
}

/* Every second. The same call as at the last tick is no longer than that at work. */
static void tick(int number)
{
    static unsigned last;
    static int ticks;
    (void)number;
    ticks = now.moves == last && now.unit ? ticks + 1 : 0;
    last = now.moves;
    if (limit && ticks >= limit)
        crash_hangs(get(&now));
}

static void exited(void)
{
    if (!now.unit)
        return;
    tell("ended the program by exit()", faulty);
    keep();
    _exit(STATUS_BUG);
}

void crash_init(void)
{
    static char stack[64 << 10];
    struct sigaction action;
    first = &now;
    stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
    memset(&action, 0, sizeof action);
    action.sa_handler = crashed;
    sigaltstack(&own, NULL); /* without it the handler runs on the stack that crashed */
    action.sa_flags = SA_ONSTACK | (int)SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i].number, &action, NULL);
    action.sa_handler = tick;
    action.sa_flags = SA_ONSTACK | SA_RESTART;
    sigaction(SIGALRM, &action, NULL);
    atexit(exited);
}

void crash_limit(int seconds)
{
    struct itimerval every = {{1, 0}, {1, 0}};
    limit = seconds;
    if (seconds)
        setitimer(ITIMER_REAL, &every, NULL);
}

struct crash_call crash_enter(struct crash_call call)
{
    struct crash_call outer = get(&now);
    put(&call);
    return outer;
}

void crash_leave(struct crash_call outer)
{
    put(&outer);
}

/* What is read between two looks that find it at rest, and unmoved, belongs together. */
int crash_same_call(struct crash_look *look, struct crash_call *out, double *seconds)
{
    struct timespec t;
    unsigned before = first ? moves_of(first) : 0;
    clock_gettime(CLOCK_MONOTONIC, &t);
    if (before != look->moves || !first) {
        look->moves = before;
        look->since = t;
        return 0;
    }
    *out = get(first);
    *seconds =
        (double)(t.tv_sec - look->since.tv_sec) + (double)(t.tv_nsec - look->since.tv_nsec) / 1e9;
    return out->unit && before % 2 == 0 && moves_of(first) == before;
}

void crash_keep(const char *dir, const char *path)
{
    snprintf(keep_dir, sizeof keep_dir, "%s", dir);
    snprintf(keep_path, sizeof keep_path, "%s", path);
}

void crash_state(const char *text)
{
    state = text;
}

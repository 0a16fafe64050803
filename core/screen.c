/* screen.c - drawing in place. The thread takes no signal but SIGCONT, which nobody else takes:
 * after a stop the shell has written over the block, and a new one is begun. */
#include "screen.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "outlet.h"

#define DRAW_MS 250
#define COLUMNS_LEAST 20

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the terminal and all below */
static pthread_t thread;
static void (*render)(struct str *out, int cols, int rows);
static _Atomic int on, running; /* asked for; the thread is there */
static int from[2] = {-1, -1};  /* what forked processes print */
static struct str block;        /* as it was drawn */
static int is_drawn;
static sigset_t before;

/* ---- the terminal ---------------------------------------------------------------------- */

static void size_of(int *cols, int *rows)
{
    struct winsize w;
    int known = ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 && w.ws_row > 0;
    *cols = !known ? 80 : w.ws_col < COLUMNS_LEAST ? COLUMNS_LEAST : w.ws_col;
    *rows = known ? w.ws_row : 24;
}

int screen_columns(void)
{
    int cols, rows;
    size_of(&cols, &rows);
    return cols;
}

/* Characters, all of one column; colours take none. */
static size_t width_of(const char *line, size_t n)
{
    size_t width = 0;
    for (size_t i = 0; i < n; i++) {
        if (line[i] == '\033')
            while (i < n && line[i] != 'm')
                i++;
        else
            width++;
    }
    return width;
}

/* Rows that the block takes up, also when the terminal became narrower since and folded it. */
static int rows_of(const struct str *text, int cols)
{
    int rows = 0;
    for (size_t at = 0; at < text->len;) {
        size_t n = strcspn(text->data + at, "\n"), width = width_of(text->data + at, n);
        rows += width ? (int)((width + (size_t)cols - 1) / (size_t)cols) : 1;
        at += n + 1;
    }
    return rows;
}

static void up(struct str *out, int cols)
{
    int rows = is_drawn ? rows_of(&block, cols) : 0;
    if (rows)
        str_printf(out, "\033[%dA", rows);
}

static void erase(void)
{
    struct str out;
    int cols, rows;
    if (!is_drawn)
        return;
    size_of(&cols, &rows);
    str_init(&out, 0);
    up(&out, cols);
    str_add(&out, "\033[J");
    is_drawn = !outlet_write(out.data, out.len);
    str_clear(&out);
}

/* In the background the terminal is the shell's. */
static int is_ours(void)
{
    pid_t group = tcgetpgrp(STDERR_FILENO);
    return group < 0 || group == getpgrp();
}

/* `next` replaces what is drawn; each line is cleared behind its end, so that nothing flickers. */
static void draw(struct str *next, int cols)
{
    struct str out;
    str_init(&out, 0);
    up(&out, cols);
    for (size_t at = 0; at < next->len;) {
        size_t n = strcspn(next->data + at, "\n");
        str_add_n(&out, next->data + at, n);
        str_add(&out, "\033[K\r\n");
        at += n + 1;
    }
    str_add(&out, "\033[J");
    int is_there = outlet_write(out.data, out.len);
    str_clear(&out);
    if (!is_there) /* nobody reads, or nobody can: the run goes on without */
        return;
    str_reset(&block);
    str_add_n(&block, next->data, next->len);
    is_drawn = 1;
}

static void draw_now(void)
{
    struct str next;
    int cols, rows;
    if (!is_ours())
        return;
    size_of(&cols, &rows);
    str_init(&next, 0);
    render(&next, cols, rows);
    draw(&next, cols);
    str_clear(&next);
}

/* ---- the thread ------------------------------------------------------------------------ */

/* Whole lines or not: what they wrote stands above. */
static void pass_on(void)
{
    char text[4096];
    ssize_t n;
    while (from[0] >= 0 && (n = read(from[0], text, sizeof text)) > 0) {
        erase();
        outlet_write(text, (size_t)n);
    }
}

/* The pause before the next drawing. 1: the program was stopped in it. The kernel wakes what was
 * stopped before it hands out the signal that says so. */
static int pause_was_stop(void)
{
    const struct timespec due = {.tv_nsec = DRAW_MS * 1000000L}, moment = {.tv_nsec = 20000000};
    struct timespec a, b;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCONT);
    clock_gettime(CLOCK_MONOTONIC, &a);
    if (sigtimedwait(&set, NULL, &due) == SIGCONT)
        return 1;
    clock_gettime(CLOCK_MONOTONIC, &b);
    int64_t ms = (int64_t)(b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
    return ms > 2 * DRAW_MS && sigtimedwait(&set, NULL, &moment) == SIGCONT;
}

static void *watch(void *arg)
{
    while (running) {
        int stopped = pause_was_stop();
        pthread_mutex_lock(&lock);
        if (stopped && running)
            is_drawn = 0;
        if (running) {
            pass_on();
            draw_now();
        }
        pthread_mutex_unlock(&lock);
    }
    return arg;
}

static int begin(void)
{
    sigset_t all, cont;
    sigemptyset(&cont);
    sigaddset(&cont, SIGCONT);
    pthread_sigmask(SIG_BLOCK, &cont, &before);
    sigfillset(&all);
    sigset_t kept;
    pthread_sigmask(SIG_SETMASK, &all, &kept);
    running = 1;
    running = pthread_create(&thread, NULL, watch, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &kept, NULL);
    return running;
}

static void end(void)
{
    if (!running)
        return;
    running = 0;
    pthread_kill(thread, SIGCONT); /* it need not sleep to its end */
    pthread_join(thread, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int screen_start(void (*by)(struct str *out, int cols, int rows))
{
    if (on)
        return 1;
    render = by;
    str_init(&block, 0);
    if (pipe2(from, O_CLOEXEC | O_NONBLOCK) != 0)
        from[0] = from[1] = -1;
    on = begin();
    return on;
}

void screen_end(void)
{
    if (!on)
        return;
    end();
    pthread_mutex_lock(&lock);
    pass_on();
    erase();
    for (int i = 0; i < 2; i++) {
        if (from[i] >= 0)
            close(from[i]);
        from[i] = -1;
    }
    str_clear(&block);
    on = 0;
    pthread_mutex_unlock(&lock);
}

int screen_is_on(void)
{
    return on;
}

/* ---- others ---------------------------------------------------------------------------- */

void screen_lock(void)
{
    pthread_mutex_lock(&lock);
    if (on)
        erase();
}

void screen_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

void screen_before_fork(void)
{
    if (on)
        end();
}

void screen_after_fork(void)
{
    if (on)
        on = begin();
}

void screen_forked(void)
{
    if (!on)
        return;
    on = is_drawn = 0;
    if (from[1] < 0)
        return;
    fcntl(from[1], F_SETFL, 0); /* of both: the parent only reads by the other end */
    dup2(from[1], STDOUT_FILENO);
    dup2(from[1], STDERR_FILENO);
    close(from[0]);
    close(from[1]);
}

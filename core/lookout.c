/* lookout.c - the thread. It takes no signal: these are the first thread's. */
#include "lookout.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#define LOOK_MS 250

static void (*look)(void *ctx, const struct waiting *now);
static void *look_ctx;
static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t over = PTHREAD_COND_INITIALIZER;
static int running, ending; /* the thread is there; it is to go */

/* 1: it is to go. */
static int pause_ended(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += LOOK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&lock);
    if (!ending)
        pthread_cond_timedwait(&over, &lock, &until);
    int is_over = ending;
    pthread_mutex_unlock(&lock);
    return is_over;
}

static void *watch(void *arg)
{
    struct crash_look last = {0};
    struct waiting now;
    while (!pause_ended()) {
        waiting_look(&now, &last);
        look(look_ctx, &now);
    }
    return arg;
}

static void begin(void)
{
    sigset_t all, before;
    ending = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    running = pthread_create(&thread, NULL, watch, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void end(void)
{
    if (!running)
        return;
    pthread_mutex_lock(&lock);
    ending = 1;
    pthread_cond_signal(&over);
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
    running = 0;
}

void lookout_start(void (*by)(void *ctx, const struct waiting *now), void *ctx)
{
    look = by;
    look_ctx = ctx;
    begin();
}

void lookout_stop(void)
{
    end();
    look = NULL;
}

void lookout_before_fork(void)
{
    end();
}

void lookout_after_fork(void)
{
    if (look)
        begin();
}

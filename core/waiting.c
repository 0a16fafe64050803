/* waiting.c - what the process waits for just now. Costs a lock that nobody else holds and a look
 * at the clock for each wait. */
#include "waiting.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static enum waiting_kind kind;
static const char *about;
static struct timespec since;
static char said[200];

void waiting_begin(enum waiting_kind of, const char *what)
{
    pthread_mutex_lock(&lock);
    /* Sources and threads are asked again and again: that is one wait. */
    if ((of != WAITING_SOURCE && of != WAITING_VALUES) || kind != of) {
        clock_gettime(CLOCK_MONOTONIC, &since);
        said[0] = '\0';
    }
    kind = of;
    about = what;
    pthread_mutex_unlock(&lock);
}

void waiting_end(void)
{
    pthread_mutex_lock(&lock);
    kind = WAITING_NO;
    about = NULL;
    pthread_mutex_unlock(&lock);
}

void waiting_again(const struct waiting *w, const char *what)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    pthread_mutex_lock(&lock);
    kind = w->kind;
    about = what;
    since = (struct timespec){.tv_sec = now.tv_sec - (time_t)w->seconds, .tv_nsec = now.tv_nsec};
    snprintf(said, sizeof said, "%s", w->said);
    pthread_mutex_unlock(&lock);
}

/* Masked before it is cut: the half of a secret would not be known for one. */
void waiting_said(const char *text)
{
    char *copy = strdup(text);
    if (copy)
        log_mask(copy);
    pthread_mutex_lock(&lock);
    snprintf(said, sizeof said, "%s", copy ? copy : "");
    pthread_mutex_unlock(&lock);
    free(copy);
}

void waiting_get(struct waiting *out)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    memset(out, 0, sizeof *out);
    pthread_mutex_lock(&lock);
    out->kind = kind;
    if (kind) {
        out->seconds =
            (double)(now.tv_sec - since.tv_sec) + (double)(now.tv_nsec - since.tv_nsec) / 1e9;
        snprintf(out->what, sizeof out->what, "%s", about ? about : "");
        if (kind == WAITING_SOURCE)
            snprintf(out->said, sizeof out->said, "%s", said);
    }
    pthread_mutex_unlock(&lock);
}

void waiting_look(struct waiting *out, struct crash_look *look)
{
    struct crash_call call;
    double seconds;
    waiting_get(out);
    int is_called = crash_same_call(look, &call, &seconds);
    /* A source that had nothing to give is asked again, and may hang in that. */
    if (is_called && (!out->kind || (out->kind == WAITING_SOURCE && seconds > 1))) {
        out->said[0] = '\0';
        out->kind = WAITING_PLUGIN;
        out->seconds = seconds;
        snprintf(out->what, sizeof out->what, "%s() of %s, %s%s%s", call.call, call.unit->name,
                 call.unit->where, call.stage ? ", stage " : "", call.stage ? call.stage : "");
    }
    log_mask(out->what);
}

const char *waiting_text(enum waiting_kind of)
{
    switch (of) {
    case WAITING_STATEMENT:
        return "a statement";
    case WAITING_LOCK:
        return "a lock";
    case WAITING_SOURCE:
        return "the source";
    case WAITING_VALUES:
        return "values that take long";
    case WAITING_PROGRAM:
        return "a program";
    case WAITING_RETRY:
        return "the next try";
    case WAITING_PLUGIN:
        return "a plugin";
    default:
        return "nothing";
    }
}

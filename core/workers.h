/* workers.h - processes forked from this one, which do what they are ordered to and answer. They
 * die with their parent, and only it stops them. What an order is about is not known here. [main]
 */
#ifndef MIGHOST_WORKERS_H
#define MIGHOST_WORKERS_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"
#include "waiting.h"

#define WORKERS_MAX 64
#define WORKERS_SHARED 256

struct workers;

struct workers_order {
    size_t stage;
    char shared[WORKERS_SHARED]; /* what they share of a source; "" none */
};

struct workers_calls {
    /* In the worker: does an order. After any status but 0 the worker ends. */
    int (*work)(void *ctx, int worker, const struct workers_order *order, struct error *err);
    /* In the parent, about once a second; a status ends the round. */
    int (*tick)(void *ctx, struct error *err);
    void *ctx;
};

/* Workers have numbers from 1. NULL: not one could be forked. */
struct workers *workers_start(size_t n, const struct workers_calls *calls, struct error *err);
/* Gives all the order, and waits until each has answered or ended. A worker that was killed, or met
 * something temporary, is a warning as long as one is left; another failure stops them all. */
int workers_round(struct workers *w, const struct workers_order *order, struct error *err);
/* What a worker waits for. */
struct workers_wait {
    struct waiting now; /* WAITING_NO: for nothing that is worth a word */
    int backend;        /* that serves it, as the target numbers them; 0: not known */
};
/* In the worker: says it to the parent; any thread. */
void workers_say(const struct workers_wait *wait);
/* In the parent: what that worker said last, with the seconds until now. */
void workers_heard(const struct workers *w, int number, struct workers_wait *out);
size_t workers_count(const struct workers *w); /* numbers given so far */
/* What they needed of memory, each at its peak. */
struct workers_memory {
    int64_t most_kb, sum_kb; /* the largest; all together */
};
/* Ends them; none is left behind. */
struct workers_memory workers_end(struct workers *w);

#endif

/* workers.h - processes forked from this one, which do what they are ordered to and answer. They
 * die with their parent, and only it stops them. What an order is about is not known here. [main]
 */
#ifndef MIGHOST_WORKERS_H
#define MIGHOST_WORKERS_H

#include <stddef.h>

#include "status.h"

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
    /* In the parent: a worker has ended, others can have what it had. */
    int (*gone)(void *ctx, int worker, struct error *err);
    /* In the parent, about once a second; a status ends the round. */
    int (*tick)(void *ctx, struct error *err);
    void *ctx;
};

/* Workers have numbers from 1. NULL: not one could be forked. */
struct workers *workers_start(size_t n, const struct workers_calls *calls, struct error *err);
/* Gives all the order, and waits until each has answered or ended. A worker that was killed, or met
 * something temporary, is a warning as long as one is left; another failure stops them all. */
int workers_round(struct workers *w, const struct workers_order *order, struct error *err);
/* Ends them; none is left behind. */
void workers_end(struct workers *w);
/* The memory of all that have ended, each at its peak: what they had at once, and at most. */
long workers_peak_kb(void);

#endif

/* pool.h - threads that take tasks in the order in which they were given. What a task is, is not
 * known here. Made and ended by one thread, which alone gives tasks. Nothing may be forked while
 * there is one, but to execute another program. */
#ifndef MIGHOST_POOL_H
#define MIGHOST_POOL_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

struct pool;

struct pool_task {
    struct pool_task *next;
    atomic_size_t *left; /* counted down when it is done, after all that it wrote */
};

/* `work` does a task in thread 0 ... n - 1. NULL: not one thread could be begun. */
struct pool *pool_start(size_t n, void (*work)(void *ctx, size_t thread, struct pool_task *task),
                        void *ctx, struct error *err);
void pool_add(struct pool *p, struct pool_task *task);
size_t pool_threads(struct pool *p);
/* Can be read from when a task was done since pool_seen(). */
int pool_fd(struct pool *p);
void pool_seen(struct pool *p);
/* How many tasks were done, and how many seconds one took, on average of the last ones; 0: none. */
uint64_t pool_done(struct pool *p);
double pool_pace(struct pool *p);
/* The thread that is longest at one task, and for how many seconds. */
double pool_longest(struct pool *p, size_t *thread);
/* Tasks that were not begun are dropped; those that were are finished. */
void pool_end(struct pool *p);

#endif

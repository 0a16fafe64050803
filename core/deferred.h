/* deferred.h - values that slow transforms compute in threads, while the stream goes on. Each
 * thread has instances of its own; what they give does not depend on how many there are. What is
 * secret in a value is wiped as soon as it has been used. [main] but where said. */
#ifndef MIGHOST_DEFERRED_H
#define MIGHOST_DEFERRED_H

#include "job.h"
#include "pool.h"

struct deferred;

struct deferred_value {
    struct pool_task task;
    struct unit *transform; /* the migrator's; threads use theirs */
    size_t table, column;   /* of the migrator */
    const char *name;       /* of the column; borrowed */
    mig_str_t key;          /* source key of the record; its own, as all below */
    mig_value_t *in;
    uint32_t n_in;
    size_t bytes; /* of this and what stands behind it */
    int has_mark; /* see memo.h */
    unsigned char mark[32];
    mig_value_t *stored; /* NULL: apply() is due, else prove() */
    /* Its outcome, when the count of its tasks says so. */
    int32_t returned;
    mig_value_t out;
    char *text;                   /* of `out` */
    struct host_outcome *outcome; /* NULL: none */
    struct error *failure;        /* where `returned` is negative */
};

/* For the slow transforms of a stage; `worker`: number of this process, 0 when it is the run's own.
 * NULL and err: not one thread could be made. */
struct deferred *deferred_start(const struct job *job, const struct job_stage *st, int worker,
                                struct error *err);
/* A value with copies of all that it needs; `stored` may be NULL. Nothing is computed yet. */
struct deferred_value *deferred_value(const struct host_value *v, mig_str_t key,
                                      const mig_value_t *stored);
/* Has it computed; `left` is counted down then. */
void deferred_add(struct deferred *l, struct deferred_value *v, atomic_size_t *left);
/* Wiped and freed; no thread has it. NULL is nothing. */
void deferred_free(struct deferred_value *v);
/* Waits for the next value, or until a descriptor is ready, at most so long; ends the program where
 * a call takes longer than it may. `fd` -1: none. */
void deferred_wait(struct deferred *l, int fd, short events, int ms);
/* So many values may wait in a chunk: about two seconds of computing. */
size_t deferred_most(struct deferred *l);
/* Says how many there were, and how fast; and how many were `known` before. */
void deferred_tell(struct deferred *l, uint64_t known);
/* What was not begun is dropped. */
void deferred_end(struct deferred *l);

#endif

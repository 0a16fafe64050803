/* ripe.h - chunks of a stage with slow transforms: one is filled while the one before waits for its
 * values and the one before that is sent. Such chunks are small, and no transaction is open while
 * they wait. [main] */
#ifndef MIGHOST_RIPE_H
#define MIGHOST_RIPE_H

#include <time.h>

#include "chunk_send.h"
#include "held.h"
#include "marks.h"

struct ripe {
    struct state *s;
    struct job *job;
    struct job_stage *stage;
    struct later *later; /* threads for the stage's slow transforms; NULL: it has none */
    struct marks *marks; /* what the run had computed before; NULL: nothing */
    const struct chunk *chunks;
    struct held held[2];   /* by chunk */
    struct chunk *waits;   /* the filled chunk that waits for values; NULL: none */
    struct timespec begun; /* the chunk that is being filled */
    struct timespec beat;  /* the last sign of life */
};

struct ripe_into {
    struct chunk_send *send;
    size_t **from; /* see held_into */
    uint64_t *rejected;
    void (*tell)(void *ctx); /* called while it waits */
    void *ctx;
};

/* `chunks`: the two that are filled in turn. */
void ripe_init(struct ripe *r, struct state *s, struct job *job, const struct chunk *chunks);
void ripe_clear(struct ripe *r);
int ripe_start(struct ripe *r, struct job_stage *stage, struct error *err);
/* What waits is dropped. */
void ripe_end(struct ripe *r);

/* `c` is filled from here on. */
void ripe_begin(struct ripe *r, const struct chunk *c);
struct held *ripe_held(struct ripe *r, const struct chunk *c);
/* Is it time to close the chunk? */
int ripe_is_full(struct ripe *r, const struct chunk *c);
/* A value of the record at hand, from before, or to be computed. MIG_OK, or negative. */
int32_t ripe_value(struct ripe *r, const struct chunk *c, const struct host_value *v,
                   mig_value_t *out);
/* A chunk waits no longer than until ripe_send() is called. */
int ripe_is_ready(struct ripe *r);
/* The chunk that waits, if any, gets its values and goes on its way. A status. */
int ripe_send(struct ripe *r, const struct ripe_into *into, struct error *err);

#endif

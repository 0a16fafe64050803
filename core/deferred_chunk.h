/* deferred_chunk.h - chunks of a stage with slow transforms: one is filled while the one before
 * waits for its values and the one before that is sent. Such chunks are small, and no transaction
 * is open while they wait. [main] */
#ifndef MIGHOST_DEFERRED_CHUNK_H
#define MIGHOST_DEFERRED_CHUNK_H

#include <time.h>

#include "beat.h"
#include "chunk_send.h"
#include "deferred_rows.h"
#include "memo.h"

struct deferred_chunk {
    struct state *s;
    struct job *job;
    struct job_stage *stage;
    struct deferred *values; /* threads for the stage's slow transforms; NULL: it has none */
    struct memo *memo;       /* what was computed before; NULL: nothing */
    uint64_t known;          /* values that were found there */
    const struct chunk *chunks;
    struct deferred_rows held[2]; /* by chunk */
    struct chunk *waits;          /* the filled chunk that waits for values; NULL: none */
    struct timespec begun;        /* the chunk that is being filled */
    struct beat beat;
};

struct deferred_chunk_into {
    struct chunk_send *send;
    size_t **from; /* see deferred_rows_into */
    uint64_t *rejected;
    void (*tell)(void *ctx); /* called while it waits */
    void *ctx;
};

/* `chunks`: the two that are filled in turn. */
void deferred_chunk_init(struct deferred_chunk *r, struct state *s, struct job *job,
                         const struct chunk *chunks);
void deferred_chunk_clear(struct deferred_chunk *r);
int deferred_chunk_start(struct deferred_chunk *r, struct job_stage *stage, struct error *err);
/* What waits is dropped. */
void deferred_chunk_end(struct deferred_chunk *r);

/* `c` is filled from here on. */
void deferred_chunk_begin(struct deferred_chunk *r, const struct chunk *c);
struct deferred_rows *deferred_chunk_held(struct deferred_chunk *r, const struct chunk *c);
/* Is it time to close the chunk? */
int deferred_chunk_is_full(struct deferred_chunk *r, const struct chunk *c);
/* A value of the record at hand, from before, or to be computed. MIG_OK, or negative. */
int32_t deferred_chunk_value(struct deferred_chunk *r, struct chunk *c, const struct host_value *v,
                             mig_value_t *out);
/* A chunk waits no longer than until deferred_chunk_send() is called. */
int deferred_chunk_is_ready(struct deferred_chunk *r);
/* The chunk that waits, if any, gets its values and goes on its way. A status. */
int deferred_chunk_send(struct deferred_chunk *r, const struct deferred_chunk_into *into,
                        struct error *err);

#endif

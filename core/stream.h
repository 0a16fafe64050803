/* stream.h - one pass over an entity, or over a part of it: source -> migrator -> chunks that are
 * durable. Memory is bounded by two chunks. [main] */
#ifndef MIGHOST_STREAM_H
#define MIGHOST_STREAM_H

#include "load.h"

struct stream;

struct stream_from {
    int64_t base;            /* number of the chunk before the first */
    int64_t chunks;          /* that are there already */
    uint64_t read, rejected; /* by them */
    const char *position;    /* for open(): "", behind the last chunk, or a part */
};

/* Lives in the job's memory. stream_clear() ends it. */
struct stream *stream_new(struct state *s, struct job *job, const struct load_options *options);
void stream_clear(struct stream *l);
/* To the end of what is opened. A status; STATUS_INTERRUPTED when it was stopped: what was read
 * until then is durable. */
int stream_run(struct stream *l, struct job_stage *st, const struct stream_from *from,
               struct error *err);
/* Of the last pass: the first table's key was the stage's own in all that was looked at. */
int stream_own_keys(const struct stream *l);
/* Why it failed: the target lost chunks that had committed. */
int stream_lost(const struct stream *l);

#endif

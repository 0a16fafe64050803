/* load.h - the load step: source -> migrator -> staging tables, chunk by chunk. A chunk commits
 * whole with its counts, rejects and repairs, or not at all. Memory is bounded by the chunk. */
#ifndef MIGHOST_LOAD_H
#define MIGHOST_LOAD_H

#include <stdint.h>

#include "job.h"
#include "state.h"
#include "waiting.h"

struct load_progress { /* told after each chunk and now and then within one */
    const char *stage;
    uint64_t read, rejected;
    int64_t parts;     /* of 1000000 of the source, -1 unknown */
    const char *cause; /* of the first reject, "" or NULL: not known */
    int worker;        /* that waits longest, 0: none */
    struct waiting wait;
};

struct load_options {
    void (*progress)(void *ctx, const struct load_progress *p);
    void *ctx;
};

/* Loads every stage that is not done, in order; those that their source can cut are shared by the
 * project's `jobs` worker processes, under one snapshot of the source. The outcome is the same for
 * any number of them. On resume: chunks that are done stay while the
 * stage's hash and the source's identity are the same; otherwise the stage and what depends on
 * it are loaded anew. Returns a status; STATUS_INTERRUPTED/TERMINATED leave a state to resume. */
int load_run(struct state *s, struct job *job, const struct load_options *options,
             struct error *err);

#endif

/* estimate.h - how many records a run will read and how long it will take, by what earlier runs on
 * this target, or its rehearsal, measured. Never a guess: what was not measured is unknown. */
#ifndef MIGHOST_ESTIMATE_H
#define MIGHOST_ESTIMATE_H

#include "job.h"
#include "state.h"

struct estimate_part {
    int64_t run; /* that measured it; 0: unknown. Of a sum: 0 or 1 */
    int64_t records;
    double seconds;
};

struct estimate {
    struct estimate_part *stages; /* same index as job.stages; in the job's memory */
    struct estimate_part publish; /* of a run with these stages and no others; records 0 */
    int64_t rehearsal;            /* the passed one of this very plan that measured some; 0: none */
};

/* Reads the state schema, in its own transaction; where there is none, nothing is known. What does
 * not let itself be read is an error, and nothing is known. */
int estimate_make(struct state *s, struct job *job, struct estimate *out, struct error *err);
/* The load of all stages of a phase, or of all with phase 0. */
struct estimate_part estimate_sum(const struct estimate *e, const struct job *job, int64_t phase);
/* 1 for the first stage of its phase, in the job's order. */
int estimate_begins_phase(const struct job *job, size_t stage);

#endif

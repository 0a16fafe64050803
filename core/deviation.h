/* deviation.h - a run compared with its rehearsal before it publishes: counts and times that are
 * off by more than the project allows end it. */
#ifndef MIGHOST_DEVIATION_H
#define MIGHOST_DEVIATION_H

#include "job.h"
#include "state.h"

/* The run is loaded and checked. 0, or STATUS_DRIFT with stage, expected and found; each deviation
 * is logged. Own transaction. */
int deviation_check(struct state *s, const struct job *job, int64_t rehearsal, double check_seconds,
                    struct error *err);

#endif

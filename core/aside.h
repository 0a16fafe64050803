/* aside.h - records of a stage with slow transforms are read to the end and set aside before the
 * first of them is computed, so that the state of the source in which they were read can end: a
 * snapshot that is held for as long as hashing takes holds back the vacuum of that server. [main]
 */
#ifndef MIGHOST_ASIDE_H
#define MIGHOST_ASIDE_H

#include "load.h"

/* Does the load of this stage wait until all others are read? That is so of slow ones, where a
 * source of the job can let go of its state. */
int aside_waits(const struct job *job, const struct job_stage *st);
/* Are its records to be set aside? Those of other stages that wait are read when they are due. */
int aside_is_due(const struct job_stage *st);
/* Reads the stage's records into st->spool. A status. */
int aside_read(struct state *s, struct job *job, struct job_stage *st,
               const struct load_options *options, struct error *err);
/* All sources that can let go do: what is read of them from here on is in another state, and holds
 * it until this is called again. A status. */
int aside_release(struct job *job, struct error *err);

#endif

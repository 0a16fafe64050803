/* exclude.h - staged rows that an exclusion constraint keeps apart; in the check transaction. */
#ifndef MIGHOST_EXCLUDE_H
#define MIGHOST_EXCLUDE_H

#include "job.h"
#include "state.h"

/* Refuses rows in whose way an earlier accepted one of the run is. */
int exclude_within(struct state *s, const struct job_table *t, struct error *err);

#endif

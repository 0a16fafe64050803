/* drift.h - live rows that others changed between check and publish, where they are few: looked at
 * under publish's lock, so that a run of many rows ends while an application goes on writing to
 * them. */
#ifndef MIGHOST_DRIFT_H
#define MIGHOST_DRIFT_H

#include "job.h"
#include "state.h"

/* In the publish transaction, the table locked: matches the staged rows of changed live rows anew,
 * merges them with what these hold now, and takes new before-images. `settled`: that was possible
 * and has been done; where it is 0, nothing was, and check has to look at the whole again. */
int drift_settle(struct state *s, const struct job *job, struct job_table *t, int *settled,
                 struct error *err);

#endif

/* redrive.h - a run that takes up only the records that an earlier run rejected, and those that
 * were skipped with them: after the source, the mapping or the target was corrected. */
#ifndef MIGHOST_REDRIVE_H
#define MIGHOST_REDRIVE_H

#include "job.h"
#include "state.h"

/* Sets `wanted` of every stage by the rejects of run `parent`. Needs the state schema; own
 * transaction. STATUS_REFUSED when there is no such run of this project, when it did not publish
 * (then --run takes up all of it), or when its keys were purged. */
int redrive_select(struct state *s, struct job *job, int64_t parent, struct error *err);

#endif

/* gone.h - which of the records that this run read are no longer in the source, where the state in
 * which it read them has ended, so that the source itself cannot tell. [main] */
#ifndef MIGHOST_GONE_H
#define MIGHOST_GONE_H

#include "job.h"
#include "state.h"

/* Calls gone() with the source key of each, in no order, `most` at most. Reads the keys that the
 * source has now, unless it can tell that nothing was written. Own transaction. A status. */
int gone_find(struct state *s, const struct job *job, struct job_stage *st, int most, void *ctx,
              int32_t (*gone)(void *ctx, int32_t removed, mig_str_t key), struct error *err);

#endif

/* rematch.h - within publish, under its locks: live rows that others changed since check. */
#ifndef MIGHOST_REMATCH_H
#define MIGHOST_REMATCH_H

#include "job.h"
#include "state.h"

/* What check would find of these rows now, as far as that refuses no record: each staged row is
 * matched anew, merged, and compared. STATUS_DRIFT: only check can settle it. The caller asks again
 * whether all live rows are as they were seen, since it need not have been all. */
int rematch_rows(struct state *s, const struct job *job, struct job_table *t, struct error *err);

#endif

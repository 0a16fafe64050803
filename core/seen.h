/* seen.h - a live table as it was when check began to look at it, so that publish can tell at
 * little cost that no row of it was changed since. */
#ifndef MIGHOST_SEEN_H
#define MIGHOST_SEEN_H

#include "job.h"
#include "state.h"

/* In the check transaction, before the table's rows are matched; staging is analyzed. */
int seen_take(struct state *s, struct job_table *t, struct error *err);
/* Is no row of the live table changed since? 0 may also mean: not known. The table must be locked
 * against writers. */
int seen_untouched(struct state *s, const struct job_table *t, int *untouched, struct error *err);

#endif

/* connections.h - how many database sessions a run may have at once (pool_max), and what it needs.
 */
#ifndef MIGHOST_CONNECTIONS_H
#define MIGHOST_CONNECTIONS_H

#include "job.h"

/* How many worker processes may share the load: the project's `jobs`, or fewer, so that all
 * sessions of the run stay within `pool_max`. Below 2: one process loads alone. */
size_t connections_workers(const struct job *job);

/* Is there room for one more for a moment, while the run has all of them? */
int connections_spare(const struct job *job);

/* A `pool_max` with which a run could not be made at all becomes a fault, STATUS_CONFIG. */
void connections_check(const struct job *job, struct faults *faults);

#endif

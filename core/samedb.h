/* samedb.h - does a source read the very tables that the job writes? Then a run would change its
 * own input, which a rerun or an undo no longer explains. */
#ifndef MIGHOST_SAMEDB_H
#define MIGHOST_SAMEDB_H

#include "job.h"
#include "pg.h"

/* One fault a stage, STATUS_PREFLIGHT. Sources that are no PostgreSQL, or do not answer, pass. */
void samedb_check(const struct job *job, struct pg *target, struct faults *faults);

#endif

/* samedb.h - does a source read the very tables that the job writes? Then a run would change its
 * own input, which a rerun or an undo no longer explains. */
#ifndef MIGHOST_SAMEDB_H
#define MIGHOST_SAMEDB_H

#include "job.h"
#include "pg.h"

#define SAMEDB_SIZE 64
/* Which database this is, wherever it is reached from: the cluster's identifier and its number. */
int samedb_identity(struct pg *pg, char out[SAMEDB_SIZE], struct error *err);
/* One fault a stage, STATUS_PREFLIGHT. Sources that are no PostgreSQL, or do not answer, pass. */
void samedb_check(const struct job *job, struct pg *target, struct faults *faults);

#endif

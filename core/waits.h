/* waits.h - columns that wait for keys: those of stages with ids "sequence" and "natural", which
 * are known only when all records are read. */
#ifndef MIGHOST_WAITS_H
#define MIGHOST_WAITS_H

#include "job.h"
#include "state.h"

/* Fills job_table.waits; faults where such keys cannot be made or found. Behind join and order. */
void waits_plan(struct job *job, struct faults *faults);
/* Are keys that are not known yet only where columns wait for them? MIG_OK, else the unit's fault
 * is told. */
int32_t waits_row(struct unit *migrator, size_t table);
/* Makes the columns of the staging table that hold what is waited for: "stage:key". In the caller's
 * transaction. */
int waits_create(struct state *s, const struct job_table *t, struct error *err);
/* The name of such a column. */
void waits_name(const struct job_wait *w, struct str *sql);

#endif

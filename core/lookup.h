/* lookup.h - keys that columns wait for, found by source key: among the staged rows of their stage,
 * else in the id map of earlier runs. In the check transaction. */
#ifndef MIGHOST_LOOKUP_H
#define MIGHOST_LOOKUP_H

#include "job.h"
#include "state.h"

/* "(SELECT source_key, final_key ...)": the newest keys that published runs gave to a stage. */
void lookup_map(const struct state *s, const char *stage, struct str *sql);
/* "starts_with(ALIAS._mig_ref_N, 'stage:')": the row waits for, or got, a key of that stage. */
void lookup_waits(const struct job_wait *w, const char *alias, struct str *sql);
/* Before any of it: plans for many rows depend on how many there are. */
int lookup_prepare(struct state *s, const struct job *job, struct error *err);
/* Fills the columns that wait, parents first; behind number_run(). What is not found stays NULL. */
int lookup_run(struct state *s, const struct job *job, struct error *err);
/* " AND NOT (...)" for a rule on row "w" of the view of what will be: the column is NULL because
 * its parent was not found, which lookup_orphans() says better. */
void lookup_spare(const struct job_table *t, const struct catalog_column *c, struct str *sql);
/* Rows whose parent was not found: refused, or left NULL and counted where the project wants that.
 */
int lookup_orphans(struct state *s, struct job *job, struct error *err);

#endif

/* owner.h - whose a live row is: the source's, by a record that stands for it or for the row that
 * it belongs to; or the target's own, by a condition of the project. SQL only: what becomes of rows
 * that are both is judge.h's. [main] */
#ifndef MIGHOST_OWNER_H
#define MIGHOST_OWNER_H

#include "job.h"
#include "state.h"

/* Takes the project's words over; what cannot be so is a fault. owner_plan_all() needs all tables
 * and their references. */
void owner_plan(struct job_table *t, const struct project_table *set, struct faults *faults);
void owner_plan_all(struct job *job, struct faults *faults);
/* Does the table say anything of it? */
int owner_is_judged(const struct job_table *t);
/* The reference to the owner; NULL: the table names none, or its owners are not of this job. */
const struct job_reference *owner_reference(const struct job_table *t);
/* Keeps the owners of a table's live rows that a record stands for, for the statements to come:
 * once their table is matched, until owner_drop(). owner_reset(): there are none yet. */
void owner_reset(struct job *job);
int owner_make(struct state *s, struct job *job, const struct job_table *t, struct error *err);
int owner_drop(struct state *s, struct job *job, struct error *err);
/* "(SELECT place AS at ...)": live rows that are the target's own. Those of records that an earlier
 * run published are among them. */
void owner_theirs(const struct state *s, const struct job *job, const struct job_table *t,
                  struct str *sql);
/* "(SELECT columns ...)": the same of `rows`, a list behind FROM in which the live row is alias l.
 */
void owner_theirs_of(const struct state *s, const struct job *job, const struct job_table *t,
                     const char *columns, const char *rows, struct str *sql);
/* " AND ..." for a query whose only table is live, as alias l: rows that replace may delete, as far
 * as it depends on whose they are. */
void owner_may_delete(const struct state *s, const struct job *job, const struct job_table *t,
                      struct str *sql);
/* Takes rows out of the delete tables whose owner is not migrated after all, and counts them. In
 * check's transaction, whenever records were refused; owner_begin() before the first time. */
void owner_begin(struct job *job);
int owner_spare(struct state *s, struct job *job, int64_t *spared, struct error *err);

#endif

/* pair.h - live rows that are found by a second key as well (also_match), or by what the id map
 * says of the source key: one person under other ids on both sides. [main] */
#ifndef MIGHOST_PAIR_H
#define MIGHOST_PAIR_H

#include "job.h"
#include "state.h"

/* The second key of a table, from the project: a unique index of the target where there is such a
 * one, else the expressions as they stand. Asks the server whether they can be worked out. */
int pair_plan(struct job *job, struct job_table *t, const struct project_table *set, struct pg *pg,
              struct faults *faults, struct error *err);
/* The pairs of staged and live rows of a table with a second key, before its match table is made of
 * them. What does not fit one to one is refused, never guessed: a record that fits two live rows,
 * records that fit one live row by the second key. In check's transaction; pair_drop() ends it. */
int pair_make(struct state *s, const struct job *job, const struct job_table *t, struct error *err);
int pair_drop(struct state *s, const struct job *job, struct error *err);
/* SELECT how many accepted rows of a list (_mig_id and _mig_state of a staged row, _mig_at of its
 * live row, which changed since) are no clear pairs any more: another record fits the live row, or
 * its own does not. */
void pair_unclear(const struct job_table *t, const char *list, struct str *sql);
/* " + (SELECT ...)": live rows that took the second key of a new row since check. Appended. */
void pair_taken(const struct job_table *t, struct str *sql);

#endif

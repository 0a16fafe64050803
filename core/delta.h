/* delta.h - the match of a table nearly all of whose staged rows are as their live rows, as in a
 * second run: only the few others are kept, each with its live row or without one, and the match
 * table is a view that has the rest from staging. What that view does not know is where the others
 * lie, so that it serves only as long as nobody writes the live table. */
#ifndef MIGHOST_DELTA_H
#define MIGHOST_DELTA_H

#include "job.h"
#include "state.h"

/* In place of match_make(), where it can be: t->has_delta. */
int delta_make(struct state *s, const struct job *job, struct job_table *t, struct error *err);
/* What knows each row's match: `few`, in which a row that is not there is as its live row, or all.
 */
const char *delta_or_all(const struct job_table *t);

#endif

/* lineage.h - xmin of a live row as if the runs that were rolled back had never been: a row that
 * an undo put back counts as what it was before that run. */
#ifndef MIGHOST_LINEAGE_H
#define MIGHOST_LINEAGE_H

#include "job.h"
#include "state.h"

/* Fills `xmin` of every table of the job, for runs after which others were rolled back. In the
 * caller's transaction. `forget`: before-images of rolled-back runs that say nothing any more are
 * dropped, so that the work does not grow with the number of such runs. */
int lineage_read(struct state *s, struct job *job, int forget, struct error *err);
/* The SQL of it for alias l, a bigint. */
const char *lineage_xmin(const struct job_table *t);

/* Live row l, of the job's table or (NULL) of any other, was written by the run's publish, by any
 * of its batches. */
void lineage_wrote(const struct state *s, const struct job_table *t, struct str *sql);
/* Live row l of staged row s is as the run left it: by xmin, or, where staging holds the whole row,
 * by its after-image (xmin says nothing after a dump and restore). */
void lineage_as_left(const struct state *s, const struct job_table *t, struct str *sql);

#endif

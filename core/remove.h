/* remove.h - the deletions of policy replace, inside the caller's publish transaction. */
#ifndef MIGHOST_REMOVE_H
#define MIGHOST_REMOVE_H

#include "job.h"
#include "state.h"

/* Locks the rows to be deleted, so that nobody can come to refer to them, and marks those that
 * must wait for the writes. Before the before-images are taken. */
int remove_prepare(struct state *s, const struct job *job, struct error *err);
/* The rows of one table alone. */
int remove_lock(struct state *s, const struct job_table *t, struct error *err);
/* All deletions that can go before the writes (late 0), or the rest behind them (late 1). */
int remove_rows(struct state *s, const struct job *job, int late, struct error *err);

/* All of one table that its delete table names; they must be so many. */
int remove_table(struct state *s, const struct job_table *t, int64_t expected, struct error *err);

#endif

/* sequence.h - the sequences of written tables, inside the caller's publish transaction. */
#ifndef MIGHOST_SEQUENCE_H
#define MIGHOST_SEQUENCE_H

#include "job.h"
#include "state.h"
#include "write.h"

/* Keeps the state of one sequence and locks it, where the role owns it; once more is harmless as
 * long as it was not moved. */
int sequence_keep(struct state *s, const struct catalog_sequence *q, struct error *err);
/* Before the writes: keeps the state of each sequence that they may move. `counts` is per table
 * of the job, here and below. */
int sequence_hold(struct state *s, const struct job *job, const struct write_counts *counts,
                  struct error *err);
/* Moves the sequence of a column beyond the staged and live values, so that what it gives next
 * is free. */
int sequence_pass(struct state *s, const struct job_table *t, const struct catalog_column *c,
                  struct error *err);
/* Behind the writes: the application's next number must be free; keeps what was left. */
int sequence_settle(struct state *s, const struct job *job, const struct write_counts *counts,
                    struct error *err);

#endif

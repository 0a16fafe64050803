/* judge.h - live rows that are the source's and the target's own at once, or neither's: found,
 * reported, refused, before anything is written. [main] */
#ifndef MIGHOST_JUDGE_H
#define MIGHOST_JUDGE_H

#include "job.h"
#include "state.h"

/* Nothing is known yet of this run. */
int judge_reset(struct state *s, struct error *err);
/* Rows of a table that is matched: those of both are listed in table source_change, and refused
 * where the project wants it. In check's transaction, parents first. */
int judge_both(struct state *s, const struct job *job, const struct job_table *t, struct str *notes,
               struct error *err);
/* What refers to a record that was refused before its keys were settled falls with it: whose it is,
 * nobody knows. Before live keys are adopted. */
int judge_follow(struct state *s, const struct job *job, size_t table, struct error *err);
/* Rows of neither, into the same table: where all of the source was read, and that is `known`. */
int judge_neither(struct state *s, const struct job *job, int known, struct str *notes,
                  struct error *err);
/* STATUS_INVALID where the project wants the run to fail for what was found. Own transaction. */
int judge_verdict(struct state *s, const struct job *job, struct error *err);

#endif

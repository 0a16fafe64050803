/* preserve.h - rows of the target that a run must not change, key "preserve" of the project: by its
 * own writes, or by what these set off (triggers, cascades, hooks). What others do to them
 * meanwhile is theirs. */
#ifndef MIGHOST_PRESERVE_H
#define MIGHOST_PRESERVE_H

#include "job.h"
#include "state.h"

/* Fills job->preserved, one table for each entry of the list. Faults: a table that is not there, a
 * condition that the server refuses, which ends the caller's transaction. */
int preserve_read(struct job *job, struct pg *pg, struct faults *faults, struct error *err);
/* The table that the run writes, or NULL: it writes none of that name. */
const struct job_table *preserve_written(const struct job *job, size_t group);
/* "table l WHERE ...": the rows of the group. `theirs`: where the run may add to them, without
 * those that it wrote. */
void preserve_rows(const struct state *s, const struct job *job, size_t group, int theirs,
                   struct str *sql);
/* Behind check, in a transaction of its own: STATUS_INVALID where rows that the run will write are
 * preserved ones, or would be among them then. */
int preserve_overlap(struct state *s, const struct job *job, struct error *err);
/* The fingerprint of each group, before publish or behind it, with a note where others changed rows
 * of it in between. In the caller's transaction. */
int preserve_fingerprint(struct state *s, struct job *job, int behind, struct error *err);

#endif

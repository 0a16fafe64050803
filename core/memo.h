/* memo.h - what slow transforms have computed, by keyed marks of their input: so that a load which
 * is taken up again, and a later run over what did not change, compute nothing twice. Lives in a
 * table of the run, as long as its staging tables; what a run finds in an earlier one's it takes
 * over, so that the newest has all. [main] */
#ifndef MIGHOST_MEMO_H
#define MIGHOST_MEMO_H

#include "job.h"
#include "state.h"

#define MEMO_BYTES 32

struct memo; /* those of this run and of earlier ones, in memory */

/* The table, where a stage of the job has use for it. In the caller's transaction. */
int memo_create(struct state *s, const struct job *job, struct error *err);
/* Drops it, appended; nothing where there is none. */
void memo_drop_sql(const struct state *s, struct str *sql);
/* COPY statement of (mark, value), appended. */
void memo_copy_sql(const struct state *s, struct str *sql);

/* NULL without an error: there is nothing to be found. Own transaction. */
struct memo *memo_load(struct state *s, const struct job_stage *st, struct error *err);
void memo_free(struct memo *m);
/* The value, or NULL. Lives as long as `m`, which may be NULL. `own`: this run's table has it. */
const char *memo_find(const struct memo *m, const unsigned char mark[MEMO_BYTES], int *own);
/* Does the transform give marks? */
int memo_has(const struct unit *transform);

#endif

/* undo_left.h - the rows of a published run that an undo must leave as they are, because others
 * touched them since, or what hangs together with them: as tables left_RUN_NO of keys and reasons.
 */
#ifndef MIGHOST_UNDO_LEFT_H
#define MIGHOST_UNDO_LEFT_H

#include "job.h"
#include "state.h"

enum undo_left_scope {
    UNDO_LEFT_TOUCHED, /* the rows that others touched, and parents of rows that others added */
    UNDO_LEFT_ALL      /* and all that cannot go, or come back, while these stay */
};

/* Makes and fills the tables; `n`: all their rows. In the caller's transaction. */
int undo_left_make(struct state *s, const struct job *job, enum undo_left_scope scope, int64_t *n,
                   struct error *err);
/* Quoted name of the table's. */
void undo_left_name(const struct state *s, const struct job_table *t, char out[JOB_NAME_SIZE]);
/* Appends a SELECT of table, key and reason of all left rows. */
void undo_left_sql(const struct state *s, const struct job *job, struct str *out);
/* `part` becomes the job as if the run had never written these rows: its staging tables and
 * before-images are views without them. undo_left_widen() drops the views. */
int undo_left_narrow(struct state *s, const struct job *job, struct job *part, struct error *err);
int undo_left_widen(struct state *s, const struct job *part, struct error *err);
/* What was undone is marked so, for the next undo; the tables go. */
int undo_left_settle(struct state *s, const struct job *job, struct error *err);
/* The tables go, all was undone. */
int undo_left_drop(struct state *s, const struct job *job, struct error *err);

#endif

/* outcome.h - the tables as they will be after publish, found before anything is written. */
#ifndef MIGHOST_OUTCOME_H
#define MIGHOST_OUTCOME_H

#include "job.h"
#include "state.h"

/* For all tables, in the caller's transaction, from scratch: match tables, adopted keys, absent
 * values, delete tables, views. `may_delete` 0: replace deletes nothing (redrive, --only,
 * --limit). Notes for the report go to `notes`. */
int outcome_make(struct state *s, struct job *job, int may_delete, struct str *notes,
                 struct error *err);
/* The rows of one table that are in its staging table, which may be a view of a part, are matched
 * anew; its views follow by themselves. */
int outcome_again(struct state *s, struct job *job, size_t table, struct error *err);
/* The views depend on the live tables: once published they would only be in the way of the
 * application's DDL. */
int outcome_drop(struct state *s, const struct job *job, struct error *err);

#endif

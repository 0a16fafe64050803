/* deletions.h - the delete tables: live rows that the source no longer has. */
#ifndef MIGHOST_DELETIONS_H
#define MIGHOST_DELETIONS_H

#include "job.h"
#include "state.h"

/* Makes the table's delete table, in the caller's transaction; empty where nothing is to go.
 * `may_delete` 0: a redrive, --only or --limit did not read all. Why nothing goes although the
 * policy says so is added to `notes`, for the report. */
int deletions_find(struct state *s, const struct job *job, struct job_table *t, int may_delete,
                   struct str *notes, struct error *err);

/* " AND ..." for a query over live row l: its key was not among those read. Appended. */
void deletions_unread(const struct state *s, const struct job *job, const struct job_table *t,
                      struct str *sql);
/* 0 in `known`: an incremental read, or a rejected record whose rows cannot be told, leaves that
 * open for some rows. */
int deletions_known(struct state *s, const struct job *job, const struct job_table *t, int *known,
                    struct error *err);

#endif

/* undo_drift.h - queries that count what is no longer as a published run left it. Read only. */
#ifndef MIGHOST_UNDO_DRIFT_H
#define MIGHOST_UNDO_DRIFT_H

#include "job.h"
#include "state.h"
#include "str.h"

/* For each table a query that counts rows that are no longer what the run left: inserted or
 * updated ones that changed or are gone, deleted ones that are back, new rows that refer to
 * inserted ones. Appends statements of one row (table, count) each, separated by '\n'. */
int undo_drift_queries(struct state *s, const struct job *job, struct str *out, struct error *err);
/* A query that gives the table and the number of columns that its before-images have otherwise. */
void undo_drift_columns(const struct job_table *t, struct str *out);
/* Condition on staged row s and live row l: the run inserted the one as the other. */
void undo_drift_inserted(const struct job_table *t, struct str *out);

/* FROM what WHERE staged rows s that the run wrote are no longer as it left them: live rows l, all
 * NULL where they are gone. */
void undo_drift_written(const struct state *s, const struct job_table *t, struct str *out);
/* FROM what WHERE rows that the run deleted, before-images b, are there again, live rows l. */
void undo_drift_returned(const struct job_table *t, struct str *out);

#endif

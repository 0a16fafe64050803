/* match.h - staged rows against live rows: which live row each staged row stands for, what is
 * absent, which live rows replace would delete, and the views of the outcome. Sets only. */
#ifndef MIGHOST_MATCH_H
#define MIGHOST_MATCH_H

#include "job.h"
#include "state.h"

/* For all tables, in the caller's transaction, from scratch: match tables, absent values,
 * adopted keys, delete tables, views. `may_delete` 0: replace deletes nothing (redrive, --only,
 * --limit). Notes for the report go to `notes`. */
int match_run(struct state *s, struct job *job, int may_delete, struct str *notes,
              struct error *err);
/* The views depend on the live tables: once published they would only be in the way of the
 * application's DDL. */
int match_drop_views(struct state *s, const struct job *job, struct error *err);
/* Marks the matched rows that are the same as their live row. */
int match_same(struct state *s, struct job_table *t, struct error *err);
/* Matches the rows of one table anew that are in its match table, which may be a view of a part. */
int match_again(struct state *s, struct job *job, size_t table, struct error *err);
/* Condition on a row "w" of the view of what will be: it is not as its live row. */
void match_not_same(const struct job_table *t, struct str *sql);
/* "s.k1 OP l.k1 AND ..." for two aliases over the table's match key. */
void match_condition(const struct catalog_key *k, const char *left, const char *right,
                     struct str *out);
/* The place of live row "l", as _mig_at of the match and delete tables keeps it. */
const char *match_at(const struct job_table *t);
/* Staged rows that overwrite their live row: policies update and replace. */
int match_overwrites(const struct job_table *t);

#endif

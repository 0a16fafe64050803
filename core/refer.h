/* refer.h - references of staged rows; in the check transaction. */
#ifndef MIGHOST_REFER_H
#define MIGHOST_REFER_H

#include "job.h"
#include "state.h"

/* One pass, parents first: orphans are rejected or their columns set NULL. */
/* Before the first pass: nothing was looked at yet. */
void refer_begin(struct job *job);
enum refer_which { REFER_ALL, REFER_UNDECLARED };
int refer_check(struct state *s, struct job *job, enum refer_which which, struct error *err);
/* Sets columns NULL whose parent will not be there, where the project wants that. A row that only
 * differed by it may then be the same as its live row. */
int refer_null_missing(struct state *s, struct job *job, struct job_table *t, struct error *err);
/* Refuses the rows of a list w (_mig_id, _mig_record, _mig_key, cause, earlier) at the end of
 * `sql`, which begins with WITH: their parents are missing. `cause` is the record of this run that
 * should have brought the parent, `earlier` the words for one of another run; both may be NULL. */
int refer_refuse(struct state *s, const struct job_table *t, const struct job_reference *r,
                 struct str *sql, struct error *err);
/* ", listed AS (...)" behind the WITH of `sql`: lists records of `rows` (_mig_record, _mig_key),
 * whose column was set NULL for want of a parent, beside REFER_NULLED as their count. */
#define REFER_NULLED "'missing parent set to NULL'"
void refer_list_nulled(const struct state *s, const char *rows, const char *column,
                       struct str *sql);
/* Keeps the target key of each record that check refused, where later runs may refer to it. */
int refer_keep_keys(struct state *s, const struct job *job, struct error *err);
/* A reference within a table or a cycle: one pass may not settle every chain. */
int refer_has_cycles(const struct job *job);
/* Does the project set columns NULL where a parent is missing? */
int refer_sets_null(const struct job *job);
/* STATUS_INVALID when rows that stay refer by this key to rows that replace would delete. */
int refer_left_behind(struct state *s, const struct job *job, const struct job_table *t,
                      const struct catalog_reference *k, struct error *err);

#endif

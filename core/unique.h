/* unique.h - columns that the project wants unique, with equality by its own rule ("unique" of a
 * stage's table): the rule joined with the target, and its SQL. What becomes of a value that is
 * taken is in taken.c. */
#ifndef MIGHOST_UNIQUE_H
#define MIGHOST_UNIQUE_H

#include "job.h"

/* Adds the rule to the table; what cannot be is a fault. The same rule from a second stage is no
 * news. The table's staged columns, references and match key are known. */
void unique_add(struct job *job, struct job_table *t, const struct project_unique *p,
                struct faults *faults);

/* Does a rule of the table need normalize(), which databases of UTF8 alone have? */
int unique_folds_width(const struct job_table *t);

/* SQL of the value in the SQL text `value`, without what the rule folds but case: the form that
 * takes a suffix. */
void unique_plain(const struct project_unique *p, const char *value, struct str *sql);
/* The same, folded: two values are equal when these are. */
void unique_folded(const struct project_unique *p, const char *value, struct str *sql);
/* The plain value with the suffix of that number. */
void unique_suffixed(const struct project_unique *p, const char *plain, const char *number,
                     struct str *sql);
/* A pattern (a literal) over folded values that have a suffix: it takes apart what is before the
 * sign, the number, and what is behind. */
void unique_pattern(const struct project_unique *p, struct str *sql);

#endif

/* rewrite.h - staged values that check puts others in place of (a live row's key, NULL for a
 * missing parent), and their way back: check may have to be repeated on other live rows. */
#ifndef MIGHOST_REWRITE_H
#define MIGHOST_REWRITE_H

#include "job.h"
#include "state.h"

/* Rows of the table may take over the primary key of the live row that they stand for. */
int rewrite_adopts(const struct job_table *t);
/* ", column type" for what a staging table needs besides the staged columns, or nothing. */
void rewrite_columns(const struct job *job, const struct job_table *t, struct str *sql);
/* ", column = value" for an UPDATE that sets these columns of staging alias `alias`: what was
 * there before the first of them is kept. */
void rewrite_keep(const struct job_table *t, const char *alias, const char *const *columns,
                  size_t n, struct str *sql);
/* "column = its value as it was loaded", of a staged row. */
void rewrite_loaded(const struct catalog_column *c, struct str *sql);
/* All values as they were loaded. */
int rewrite_reset(struct state *s, const struct job *job, const struct job_table *t,
                  struct error *err);

#endif

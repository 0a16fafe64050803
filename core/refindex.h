/* refindex.h - indexes for the time of a mass deletion: for each row that goes the server looks for
 * rows that refer to it, and where the referring columns have no index it reads that whole table
 * each time. */
#ifndef MIGHOST_REFINDEX_H
#define MIGHOST_REFINDEX_H

#include "job.h"
#include "state.h"

/* Statements that make such indexes on the job's tables, and that drop them again; both are to run
 * in the transaction of the deletion. None where the project wants no DDL, where the table is small
 * or not the role's own. */
int refindex_statements(struct pg *pg, const struct job *job, struct str *make, struct str *drop,
                        struct error *err);

#endif

/* join.h - joins a job with the catalog of its target: which tables and columns are written,
 * by which key live rows are found, what refers to what, in which order to publish. */
#ifndef MIGHOST_JOIN_H
#define MIGHOST_JOIN_H

#include "job.h"

/* Fills job->catalog and job->tables, orders the stages anew with the foreign keys. Needs an
 * open transaction. All faults at once; a status when the server failed. */
int join_catalog(struct job *job, struct pg *pg, struct faults *faults, struct error *err);

#endif

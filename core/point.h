/* point.h - a rollback point of a project: which backup a run makes, or a person asks for. */
#ifndef MIGHOST_POINT_H
#define MIGHOST_POINT_H

#include "backup.h"
#include "job.h"
#include "pg.h"

/* Tables, rows of their own, sources and undeclared references; all texts live in the job's memory
 * or are borrowed. The caller sets run, label and another scope. STATUS_CONFIG for a source that is
 * no PostgreSQL database. */
int point_request(const struct job *job, const char *url, const struct pg *pg,
                  struct backup_request *out, struct error *err);

#endif

/* ran.h - the tables of a run that is over, rebuilt from the state schema and today's catalog:
 * verify and rollback need no project and no plugin. */
#ifndef MIGHOST_RAN_H
#define MIGHOST_RAN_H

#include "job.h"
#include "state.h"

/* Fills job->tables for s->run (no stages, no units). STATUS_REFUSED when a table or column that
 * the run wrote is gone. Needs an open transaction. Free with job_clear. */
int ran_load(struct state *s, const struct project *project, struct job *job, struct error *err);

#endif

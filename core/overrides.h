/* overrides.h - what stands above the project file: flags, then variables of the seeds' names; and
 * below it: the target and directories when nobody names them. */
#ifndef MIGHOST_OVERRIDES_H
#define MIGHOST_OVERRIDES_H

#include "fields.h"
#include "project.h"

/* Puts flags and variables over what the file says. Faults: STATUS_USAGE for a flag,
 * STATUS_CONFIG for a variable. */
void overrides_apply(struct fields *f, const struct project_overrides *o, struct project *p);
/* Fills in target.url, work_dir, report_dir, backup_dir and log_level where they are missing. */
void overrides_defaults(struct fields *f, struct project *p);

#endif

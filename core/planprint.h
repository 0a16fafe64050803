/* planprint.h - the plan for people and programs: order, tables, mappings, choices. Pure. */
#ifndef MIGHOST_PLANPRINT_H
#define MIGHOST_PLANPRINT_H

#include "estimate.h"
#include "job.h"

enum planprint_format { PLANPRINT_TEXT, PLANPRINT_JSON, PLANPRINT_DOT };

int planprint_parse(const char *text, enum planprint_format *out);
/* `estimate` is NULL where there is no target to ask. */
void planprint(const struct job *job, const struct estimate *estimate, enum planprint_format format,
               struct str *out);

#endif

/* planprint.h - the plan for people and programs: order, tables, mappings, choices. Pure. */
#ifndef MIGHOST_PLANPRINT_H
#define MIGHOST_PLANPRINT_H

#include "job.h"

enum planprint_format { PLANPRINT_TEXT, PLANPRINT_JSON, PLANPRINT_DOT };

int planprint_parse(const char *text, enum planprint_format *out);
void planprint(const struct job *job, enum planprint_format format, struct str *out);

#endif

/* report_preserved.h - the report's part on rows that the project preserves. */
#ifndef MIGHOST_REPORT_PRESERVED_H
#define MIGHOST_REPORT_PRESERVED_H

#include "job.h"
#include "state.h"

struct json_t;

/* One entry for each group, an empty list where there are none. In the caller's transaction. */
int report_preserved(struct state *s, const struct job *job, struct json_t **out,
                     struct error *err);

#endif

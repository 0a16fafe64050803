/* explained.h - one record on its way from the source to rows, as JSON for --explain: what was
 * read, each transform with what it took and gave, the rows, the outcome. Writes nowhere. Secret
 * and personal values, and whatever they became, are masked. [main] */
#ifndef MIGHOST_EXPLAINED_H
#define MIGHOST_EXPLAINED_H

#include <jansson.h>

#include "job.h"

/* Adds "record", "steps", "rows" and "outcome" to `out` for the stage's record of this source key.
 * Without such a record "record" is null and the others are not there. A status. */
int explained_record(struct job *job, struct job_stage *st, const char *key, json_t *out,
                     struct error *err);

#endif

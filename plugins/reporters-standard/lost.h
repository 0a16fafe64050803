/* lost.h - what was rejected or skipped, by what began it. */
#ifndef MIGHOST_REPORTERS_LOST_H
#define MIGHOST_REPORTERS_LOST_H

#include <jansson.h>

/* {"stage: code": {"": records of its own, stage: records that fell with it}}, in order of
 * appearance; the caller's. */
json_t *lost_by_cause(const json_t *root);

#endif

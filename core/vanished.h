/* vanished.h - records that earlier runs published and the source no longer has, by their keys. */
#ifndef MIGHOST_VANISHED_H
#define MIGHOST_VANISHED_H

#include "job.h"
#include "state.h"

/* Into table source_change, for each stage whose entity was read whole: keys of the id map that
 * were not read (read are rejected and skipped ones too) and whose live row is still there, as
 * "vanished", or as "deleted" where this run deletes that row. In check's transaction, behind the
 * choice of deletions; from scratch each time. */
int vanished_find(struct state *s, const struct job *job, struct str *notes, struct error *err);
/* Can it be told of this stage? */
int vanished_is_known(const struct job *job, const struct job_stage *st);

#endif

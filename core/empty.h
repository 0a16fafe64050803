/* empty.h - tables that the project says must be empty before a run ("must_be_empty"). */
#ifndef MIGHOST_EMPTY_H
#define MIGHOST_EMPTY_H

#include "job.h"
#include "state.h"

/* Before a run: STATUS_PREFLIGHT in `faults` for each that holds rows. What an unfinished run of
 * the project has published already is its own. No transaction is open. */
int empty_preflight(const struct job *job, const struct state *s, struct faults *faults,
                    struct error *err);
/* In publish, under the locks: STATUS_DRIFT where one was filled meanwhile. */
int empty_still(const struct job *job, const struct state *s, struct error *err);

#endif

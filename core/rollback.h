/* rollback.h - takes a published run back in one transaction and proves it by fingerprint. */
#ifndef MIGHOST_ROLLBACK_H
#define MIGHOST_ROLLBACK_H

#include "job.h"
#include "state.h"

struct rollback_result {
    int64_t run;
    int proven;  /* 1: fingerprint of all tables as before the run; 0: limited proof */
    int nothing; /* the run had written nothing: there was nothing to undo, nor to prove */
    char before[65], undone[65];
    double seconds, proof_seconds; /* of the whole; of its part that takes fingerprints */
};

/* `s` is attached to the run. STATUS_REFUSED when it is not published, when a later run wrote
 * the same tables, or when rows changed since; then nothing was undone. */
int rollback_run(struct state *s, const struct project *project, struct rollback_result *out,
                 struct error *err);

#endif

/* rollback.h - takes a published run back in one transaction and proves it by fingerprint. */
#ifndef MIGHOST_ROLLBACK_H
#define MIGHOST_ROLLBACK_H

#include "job.h"
#include "state.h"
#include "undo_list.h"

enum rollback_mode {
    ROLLBACK_REFUSE,    /* nothing is undone where others touched what the run wrote */
    ROLLBACK_UNTOUCHED, /* what they touched stays, and what hangs together with it */
    ROLLBACK_FORCE      /* what they wrote is kept in schema mighost, and overwritten */
};

struct rollback_result {
    int64_t run;
    struct undo_list touched; /* the rows that were: also when it is refused */
    struct undo_list unlike;  /* rows that would not be as before: it is refused then */
    int blocked;              /* a key of the target let rows not go, or not come back */
    int partly;               /* some stay as they are; the same can be repeated */
    int proven;               /* 1: fingerprint of all tables as before the run; 0: limited proof */
    int nothing; /* the run had written nothing: there was nothing to undo, nor to prove */
    char before[65], undone[65];
    double seconds, proof_seconds; /* of the whole; of its part that takes fingerprints */
};

/* Its name; -1: there is none of that name. */
int rollback_mode_parse(const char *text, enum rollback_mode *out);
/* `s` is attached to the run. STATUS_REFUSED when it is not published, when a later run wrote
 * the same tables, or when rows changed since; then nothing was undone. */
int rollback_run(struct state *s, const struct project *project, enum rollback_mode mode,
                 struct rollback_result *out, struct error *err);

#endif

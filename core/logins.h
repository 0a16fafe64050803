/* logins.h - do the old passwords open the new accounts? After publish the source is read again,
 * and what a slow transform made of a field is held against the live column by the transform's own
 * prove(). What is secret stays in memory, and is wiped. [main] */
#ifndef MIGHOST_LOGINS_H
#define MIGHOST_LOGINS_H

#include "job.h"
#include "state.h"

struct logins_result { /* of a stage, in accounts */
    const char *stage, *column;
    int64_t proven, failed;
    int64_t open; /* looked at, but nothing to prove: no password, kept hashes, resets */
};

struct logins_list {
    struct logins_result *items; /* in the job's memory */
    size_t n;
};

/* For every stage of the job with `login_proof`. STATUS_INVALID: an account does not open. The live
 * rows that others wrote meanwhile are passed over. Own transactions. */
int logins_prove(struct state *s, struct job *job, struct logins_list *out, struct error *err);
/* Faults of stages that ask for proofs and have no transform that can give one. */
void logins_check(const struct job *job, struct faults *faults);

#endif

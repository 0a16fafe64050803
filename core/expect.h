/* expect.h - what the fingerprint of a table that was empty must be behind publish, from its staged
 * rows. Another connection works it out while publish writes, so that verify need not join the two
 * tables: equal sums of the SHA-256 of each row are equal rows. */
#ifndef MIGHOST_EXPECT_H
#define MIGHOST_EXPECT_H

#include "fingerprint.h"
#include "job.h"
#include "state.h"

struct expect {
    struct pg *pg; /* at work, or NULL */
    const struct job *job;
    const char *known; /* per table of the job: its sum was asked for */
};

/* Begins, for the large tables that it can be done for, by `reader`, which does nothing else until
 * expect_met() or expect_drop(). A failure is none of the run's: then nothing is known. */
void expect_begin(struct expect *x, struct state *s, const struct job *job, struct pg *reader);
/* Rows of each table whose fingerprint of `phase` is as expected: each staged row is there, in
 * every column, and no other; -1 of the others. In the caller's transaction. */
int expect_met(struct expect *x, struct state *s, const struct job *job, const char *phase,
               int64_t *met, struct error *err);
void expect_drop(struct expect *x);

#endif

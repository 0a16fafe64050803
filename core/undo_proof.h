/* undo_proof.h - the rows of a run, one by one, against what they were before it. */
#ifndef MIGHOST_UNDO_PROOF_H
#define MIGHOST_UNDO_PROOF_H

#include "job.h"
#include "state.h"
#include "undo_list.h"

/* In the transaction of the undo, behind its statements. STATUS_INVALID: some are not as they were,
 * and listed. */
int undo_proof_rows(struct state *s, const struct job *job, struct undo_list *out,
                    struct error *err);

#endif

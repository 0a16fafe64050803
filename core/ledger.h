/* ledger.h - the closed ledger and the budget of rejects, before anything is published. */
#ifndef MIGHOST_LEDGER_H
#define MIGHOST_LEDGER_H

#include "job.h"
#include "state.h"

/* STATUS_INVALID when the sums do not close, when a critical stage would lose a record, or when
 * the project takes no invalid record; STATUS_REJECTS when a limit is crossed (exact). Own
 * transaction, writes nothing. */
int ledger_check(struct state *s, const struct job *job, struct error *err);

/* Logs what becomes of each record: left out and why, or what is written of it where. By number:
 * keys may be personal. */
int ledger_log(struct state *s, const struct job *job, struct error *err);

#endif

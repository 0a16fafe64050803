/* hooks.h - SQL that the project wants around publish. */
#ifndef MIGHOST_HOOKS_H
#define MIGHOST_HOOKS_H

#include "job.h"
#include "state.h"

/* In the publish transaction: `before` (and keeps the undo), or `after`. */
int hooks_run(struct state *s, const struct job *job, int after, struct error *err);
/* Outside of a transaction, once the run is published and verified: one statement a hook, names
 * with their schema. Again when the same command is repeated. STATUS_BACKUP: the run stays as it
 * is, and one of them failed. */
int hooks_after_commit(struct state *s, const struct project *project, struct error *err);

#endif

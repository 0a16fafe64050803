/* rivals.h - two stages that write one table: which is first decides what a collision does, so that
 * it must be said and not follow from the order in the file. Pure. */
#ifndef MIGHOST_RIVALS_H
#define MIGHOST_RIVALS_H

#include "job.h"
#include "plan.h"

/* `nodes` are the project's stages in its order. One fault for each pair without a need between
 * them, over any number of stages; STATUS_PLUGIN. */
void rivals_check(const struct job *job, const struct plan_node *nodes, struct faults *faults);

#endif

/* reread.h - rejected records as they were read. */
#ifndef MIGHOST_REREAD_H
#define MIGHOST_REREAD_H

#include "job.h"
#include "state.h"

/* Reads the records again that check rejected, so that they are kept as the source gave them.
 * Stages with secret fields are left out. */
int reread_rejects(struct state *s, struct job *job, struct error *err);

#endif

/* structure.h - what source and target are made of when a run begins, for its bundle. */
#ifndef MIGHOST_STRUCTURE_H
#define MIGHOST_STRUCTURE_H

#include "session.h"

/* The target and all sources that are PostgreSQL databases, as JSON; the target is connected. NULL
 * and err: one of them could not be looked at. To be freed. */
char *structure_read(struct session *s, struct error *err);

#endif

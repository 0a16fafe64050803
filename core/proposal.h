/* proposal.h - from two databases to the stages that could bring the rows of one into the other:
 * which table and which column is which, by names and types; in what order; how keys are made. A
 * guess that a person looks over; what is in doubt, or has no counterpart, is said. */
#ifndef MIGHOST_PROPOSAL_H
#define MIGHOST_PROPOSAL_H

#include "arena.h"
#include "pg.h"

/* JSON in `mem`: {"source": SCHEMA, "target": SCHEMA, "stages": [...], "review": ["..."]}, the
 * stages as a project file has them; schemas are null where nothing was found. `without` is the
 * schema of mighost's own state. NULL with err filled. Own transactions, which only read. */
char *proposal_make(struct pg *source, struct pg *target, const char *without, struct arena *mem,
                    struct error *err);

#endif

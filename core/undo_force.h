/* undo_force.h - an undo that overwrites what others wrote since: first keeps all of it. */
#ifndef MIGHOST_UNDO_FORCE_H
#define MIGHOST_UNDO_FORCE_H

#include "job.h"
#include "state.h"

/* Keeps, in the live tables' own types, each row that the undo will overwrite or delete though the
 * run did not leave it so (overwritten_RUN_NO), and what a deletion takes along by CASCADE, SET
 * NULL or SET DEFAULT (fallen_RUN_OID). Behind undo_left_make(). In the caller's transaction. */
int undo_force_keep(struct state *s, const struct job *job, struct error *err);
/* Before-images of rows that others deleted since come back as rows, and those of rows that others
 * made again are written over these. */
int undo_force_turn(struct state *s, const struct job *job, struct error *err);

#endif

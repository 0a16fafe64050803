/* collide.h - collisions of staged rows; in the check transaction. */
#ifndef MIGHOST_COLLIDE_H
#define MIGHOST_COLLIDE_H

#include "job.h"
#include "state.h"

/* Duplicates within the run, and what policies insert and reject do not allow. Once: a loser does
 * not come back. */
int collide_within(struct state *s, struct job *job, struct error *err);
/* Against live rows that stay; again whenever a refused row gave its live row back.
 * collide_begin() before the first time. */
void collide_begin(struct job *job);
int collide_with_live(struct state *s, struct job *job, struct error *err);

#endif

/* adopted.h - live keys that staged rows take over, where they were found by another key than the
 * one that children refer to. In the caller's transaction. */
#ifndef MIGHOST_ADOPTED_H
#define MIGHOST_ADOPTED_H

#include "job.h"
#include "state.h"

/* Rows of a table of the job that are in its match table take the key of their live row, references
 * of staged children before them; parents that others published are looked up in the id map.
 * `changed` is set where staged rows may be others now. */
int adopted_keys(struct state *s, struct job *job, size_t index, int *changed, struct error *err);

#endif

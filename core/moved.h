/* moved.h - whether a source was written while the run worked: what the run has of it is then of
 * the moment in which it was read, and no longer all there is. */
#ifndef MIGHOST_MOVED_H
#define MIGHOST_MOVED_H

#include "job.h"
#include "state.h"

/* Asks each source that can tell, and keeps the keys in table source_change, as "written" (new or
 * changed) or "removed". Notes say how many; they are no fault. STATUS_SOURCE and the like: a
 * source did not answer. By the process that read the sources, once nothing is read any more. */
int moved_find(struct state *s, struct job *job, struct error *err);

#endif

/* snapshots.h - the states of a source that a run saw, where its load was broken off and went on
 * in another process (design rule 13). */
#ifndef MIGHOST_SNAPSHOTS_H
#define MIGHOST_SNAPSHOTS_H

#include "resume.h"

/* What the stage's source is read in now, as text of `out`; empty where there is no such thing. */
int snapshots_now(const struct job_stage *st, struct str *out, struct error *err);

/* May what was loaded in state `before` stay, now that the source is read in state `now`? Asks the
 * source. *changed: no, something was written. at->records: how many records the stage must have
 * in the end for nothing to be gone, -1 where that is not known; at->same_state: all that was
 * loaded is as `now`. */
int snapshots_compare(const struct job_stage *st, const char *before, const char *now,
                      struct resume_point *at, int *changed, struct error *err);

/* The stage was loaded to its end: are records that it has gone since, so that it must be loaded
 * again? By the number that snapshots_compare() left in `at`. */
int snapshots_gone(struct state *s, const struct job_stage *st, const struct resume_point *at,
                   int *gone, struct error *err);

/* Says of each source that was read in several states what that means. [once, behind the load] */
int snapshots_note(struct state *s, struct job *job, struct error *err);

#endif

/* tell.h - what a run tells of itself in its state, for those who watch it from elsewhere: its
 * plan, the step it is in, what it waits for. None of it is needed to go on or to undo, so that a
 * failure to write it is none of the run. statusdoc.c reads it. [main] */
#ifndef MIGHOST_TELL_H
#define MIGHOST_TELL_H

#include <stddef.h>

#include "report.h"
#include "state.h"
#include "workers.h"

struct json_t;

/* The stages that take part and that `st` goes behind, as names. */
struct json_t *tell_needs(const struct job *job, const struct job_stage *st);
/* Stages, their needs, the program's version and where the bundle is, once the run is open. In the
 * caller's transaction. */
int tell_plan(struct state *s, const struct job *job, const char *bundle, struct error *err);
/* The steps so far; the last one is at work. Does nothing inside a transaction. */
void tell_steps(struct state *s, const struct report_step *steps, size_t n);
/* "source shop"; NULL: for nothing. Not in a transaction. */
void tell_waits(struct state *s, const char *what);
/* What the workers wait for, list[0] is the first one's; a statement that waits for a lock becomes
 * that wait, by what the server says. 0: none waits, and nothing was written that would be wrong
 * now. Not in a transaction. */
int tell_workers(struct state *s, struct workers_wait *list, size_t n);

/* From now on a call into a plugin that has not come back for some seconds is told, by a thread and
 * a connection that is made then alone: the process itself can say nothing. The run is open. */
void tell_calls(const struct state *s);
void tell_calls_end(void);

#endif

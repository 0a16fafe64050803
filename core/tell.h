/* tell.h - what a run tells of itself in its state, for those who watch it from elsewhere: its
 * plan, the step it is in, what it waits for. None of it is needed to go on or to undo, so that a
 * failure to write it is none of the run. statusdoc.c reads it. [main] */
#ifndef MIGHOST_TELL_H
#define MIGHOST_TELL_H

#include <stddef.h>

#include "report.h"
#include "state.h"

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

#endif

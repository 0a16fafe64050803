/* renew.h - what of a half run may stay when the plan or the target changed since. */
#ifndef MIGHOST_RENEW_H
#define MIGHOST_RENEW_H

#include "job.h"
#include "state.h"

/* Inside a transaction of the resumed run. Another order of stages, other columns or an altered
 * target: all that was loaded is dropped. Otherwise everything stays, and resume.c decides stage
 * by stage. */
int renew_half_run(struct state *s, const struct job *job, struct error *err);

#endif

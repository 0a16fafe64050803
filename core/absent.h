/* absent.h - value, NULL and absent are three things: absent values of staged rows, resolved. */
#ifndef MIGHOST_ABSENT_H
#define MIGHOST_ABSENT_H

#include "job.h"
#include "state.h"

/* Once the table is matched, in the caller's transaction. `changed` is set where a staged row is
 * another now: what is the same as its live row must be marked again. */
int absent_resolve(struct state *s, const struct job_table *t, int *changed, struct error *err);

#endif

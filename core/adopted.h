/* adopted.h - live keys that staged rows took over in earlier runs, for a redrive: the parents of
 * the rows that it takes up were staged and published by others. In the caller's transaction. */
#ifndef MIGHOST_ADOPTED_H
#define MIGHOST_ADOPTED_H

#include "job.h"
#include "state.h"

/* References of `child` by `r` that meet neither a staged nor a live row of their parent, whose own
 * key a stage makes: where the id map knows that key, the live one is put in its place. */
int adopted_earlier(struct state *s, const struct job *job, const struct job_table *child,
                    const struct job_reference *r, struct error *err);

#endif

/* scenario.h - the project's scenarios: what users of the application do, tried on the live target.
 */
#ifndef MIGHOST_SCENARIO_H
#define MIGHOST_SCENARIO_H

#include "validate.h"

/* Runs all of them: SQL on `reader`, read-only; programs with the target's PG* variables, in the
 * project's directory. Appends the results, of validator "scenarios". */
int scenario_run(struct pg *reader, struct job *job, const char *url, struct validate_list *out,
                 struct error *err);
/* The same, with the results kept and logged; STATUS_INVALID names those that failed. */
int scenario_step(struct state *s, struct pg *reader, struct job *job, const char *url,
                  struct error *err);

#endif

/* taken.h - staged values that another row has already, by the project's rules of uniqueness: each
 * gets a suffix, becomes NULL, or its record is refused; in the check transaction. */
#ifndef MIGHOST_TAKEN_H
#define MIGHOST_TAKEN_H

#include "job.h"
#include "state.h"

/* SQL: the rule of a repair, by what became of a value; not for those that are refused. */
#define TAKEN_RULE(fate)                                                                           \
    "CASE " fate " WHEN 'null' THEN 'taken value set to NULL' ELSE 'taken value got a suffix' END"

/* All rules of all tables, once: behind the values, before collisions by unique indexes. What was
 * done is counted in table repair and listed in table taken. */
int taken_run(struct state *s, struct job *job, struct error *err);

#endif

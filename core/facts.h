/* facts.h - what a source tells of the reading of a stage's entity: how often it asked, a
 * digest of what was read. Kept in table source_fact, for the report. How much fields are filled is
 * counted.h's. */
#ifndef MIGHOST_FACTS_H
#define MIGHOST_FACTS_H

#include "job.h"
#include "state.h"

/* Behind the last record, before the source is closed: remembers them in the stage. */
int facts_take(struct job *job, struct job_stage *st, struct error *err);
/* Adds the statements that keep them. */
void facts_sql(const struct state *s, const struct job_stage *st, struct str *sql);

#endif

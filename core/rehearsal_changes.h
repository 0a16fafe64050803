/* rehearsal_changes.h - what a published run made of its tables: how many rows, which columns of
 * them, and some rows to look at. No value of a table that a stage with secret or personal fields
 * writes. */
#ifndef MIGHOST_REHEARSAL_CHANGES_H
#define MIGHOST_REHEARSAL_CHANGES_H

#include "job.h"
#include "state.h"

/* Appends a JSON array, and lines for people. In a transaction. */
int rehearsal_changes(struct state *s, const struct job *job, struct str *json, struct str *text,
                      struct error *err);

#endif

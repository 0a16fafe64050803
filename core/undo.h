/* undo.h - the statements that take a published run back, made from staging, match and before
 * tables. The same text is run by --rollback and written as rollback.sql: no meta-commands, no
 * inline data, names quoted. */
#ifndef MIGHOST_UNDO_H
#define MIGHOST_UNDO_H

#include "job.h"
#include "state.h"
#include "str.h"

struct undo_options {
    int by_owner;      /* triggers are held back whoever owns the table */
    enum run_state to; /* what the run is then: RUN_ROLLED_BACK, or RUN_PARTLY_UNDONE */
};

/* Locks, triggers off, rows back, triggers on, sequences, id map, state: everything between
 * BEGIN and COMMIT but the guard. `marks`, when not NULL, has room for one more than there are
 * tables: the own statements of table i are the bytes from marks[i + 1] to marks[i]. */
int undo_statements(struct state *s, const struct job *job, const struct undo_options *options,
                    struct str *out, size_t *marks, struct error *err);
/* A whole script for psql with a guard that raises on drift. */
int undo_script(struct state *s, const struct job *job, struct str *out, struct error *err);

#endif

/* pg_script.h - a transaction written down beforehand, statements and COPY data in their order, and
 * then sent piece by piece without ever waiting, so that its caller reads the source meanwhile.
 * Knows nothing of what the statements are for. While a script is under way its connection must
 * not be used otherwise. [main] */
#ifndef MIGHOST_PG_SCRIPT_H
#define MIGHOST_PG_SCRIPT_H

#include "pg.h"

#define PG_SCRIPT_BUSY (-1) /* more is to be done; pg_script_events() says what is waited for */

struct pg_script;

struct pg_script *pg_script_new(struct pg *pg);
void pg_script_free(struct pg_script *x);
/* Forgets all steps, so that others can be written down. */
void pg_script_reset(struct pg_script *x);

/* Any statements. `wanted`: the first value of the last one's rows must be this, else the script
 * ends with STATUS_BUSY; NULL: rows do not matter. Texts are copied. */
void pg_script_sql(struct pg_script *x, const char *sql, const char *wanted);
/* COPY ... FROM STDIN, its data (borrowed until the script has ended), its end; the server must
 * have counted `rows`, else STATUS_BUG. */
void pg_script_copy(struct pg_script *x, const char *sql);
void pg_script_data(struct pg_script *x, const void *data, size_t n);
void pg_script_copy_end(struct pg_script *x, int64_t rows);
/* A fault point by name (fault.h); the name is borrowed. */
void pg_script_point(struct pg_script *x, const char *name);
/* COMMIT, with the deadline of pg_commit(). */
void pg_script_commit(struct pg_script *x, int deadline_seconds);

/* Goes on as far as it can without waiting: PG_SCRIPT_BUSY, 0 when all steps are done, or a status.
 * Behind a failure what was begun is still to be rolled back by the caller. */
int pg_script_run(struct pg_script *x, struct error *err);
/* What poll() should wait for before pg_script_run() is called again; `fd` -1: for nothing.
 * Milliseconds that it may wait at most. */
int pg_script_events(struct pg_script *x, int *fd, short *events);

#endif

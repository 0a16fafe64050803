/* fingerprint.h - what "the same as before" means: per table the number of rows and the order-
 * free sum of the SHA-256 of each row, as binary or as text under pinned settings; per sequence
 * last_value and is_called. Not part of it: row order, ctid, xmin, free space, statistics. */
#ifndef MIGHOST_FINGERPRINT_H
#define MIGHOST_FINGERPRINT_H

#include "job.h"
#include "state.h"
#include "str.h"

struct fingerprint { /* of one table; as the server writes it */
    char rows[24], sum[260];
};
/* Of the rows that FROM item `from`, without an alias, gives; they are the table's. `own`: columns
 * of ours that come along, as _mig_row has them; or "". */
int fingerprint_of(struct state *s, const struct catalog_table *t, const char *from,
                   const char *own, struct fingerprint *out, struct error *err);
/* Takes the fingerprint of the job's tables and keeps it under `phase` ("before", "after",
 * "undone"); in the caller's transaction. */
int fingerprint_take(struct state *s, const struct job *job, const char *phase, struct error *err);
/* The same of the before-images of these tables ("images", "images undone"). */
int fingerprint_take_images(struct state *s, const struct job *job, const char *phase,
                            struct error *err);
/* Appends the SELECT of number and sum that an empty table will have when the staged rows which
 * check accepted are in it. Nothing where a type's binary form may not hold all of a value, which
 * is all but PostgreSQL's own. Every column of the table must be staged. */
int fingerprint_staged_sql(struct state *s, const struct job_table *t, struct str *sql,
                           struct error *err);
/* Is it what was kept of the table under `phase`? */
int fingerprint_is(struct state *s, const struct catalog_table *t, const char *phase,
                   const struct fingerprint *f, int *same, struct error *err);
/* 1 equal, 0 different (names of the tables in `different`), < 0 -status. */
int fingerprint_same(struct state *s, const char *a, const char *b, struct str *different,
                     struct error *err);
/* One SHA-256 hex over all tables of a phase; "" when it was not taken. */
int fingerprint_text(struct state *s, const char *phase, char out[65], struct error *err);

#endif

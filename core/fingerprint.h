/* fingerprint.h - what "the same as before" means: per table the number of rows and the order-
 * free sum of the SHA-256 of each row, as binary or as text under pinned settings; per sequence
 * last_value and is_called. Not part of it: row order, ctid, xmin, free space, statistics. */
#ifndef MIGHOST_FINGERPRINT_H
#define MIGHOST_FINGERPRINT_H

#include "job.h"
#include "state.h"
#include "str.h"

/* Takes the fingerprint of the job's tables and keeps it under `phase` ("before", "after",
 * "undone"); in the caller's transaction. */
int fingerprint_take(struct state *s, const struct job *job, const char *phase, struct error *err);
/* The same of the before-images of these tables ("images", "images undone"). */
int fingerprint_take_images(struct state *s, const struct job *job, const char *phase,
                            struct error *err);
/* 1 equal, 0 different (names of the tables in `different`), < 0 -status. */
int fingerprint_same(struct state *s, const char *a, const char *b, struct str *different,
                     struct error *err);
/* One SHA-256 hex over all tables of a phase; "" when it was not taken. */
int fingerprint_text(struct state *s, const char *phase, char out[65], struct error *err);

#endif

/* found.h - the few rows that a check looks for among all, as a table of their own: the server may
 * use its workers for CREATE TABLE AS and not for INSERT. In the check transaction, one at a time.
 */
#ifndef MIGHOST_FOUND_H
#define MIGHOST_FOUND_H

#include "state.h"
#include "str.h"

struct found {
    char table[200]; /* quoted */
    int64_t rows;
};

/* Takes and clears the SELECT. */
int found_make(struct state *s, struct str *select, struct found *out, struct error *err);
int found_drop(struct state *s, const struct found *f, struct error *err);

#endif

/* tablesums.h - what is in a database: for each table the number of rows and an order-free sum over
 * the SHA-256 of each, for each sequence its state; so that two databases, or one at two times, can
 * be told to hold the same. Not in it: views, large objects, where rows lie. */
#ifndef MIGHOST_TABLESUMS_H
#define MIGHOST_TABLESUMS_H

#include "arena.h"
#include "pg.h"
#include "str.h"

struct tablesums {
    struct tablesum {
        const char *name, *sum; /* sum: number of rows and sums, or a sequence's state */
        int64_t rows;
    } * items;
    size_t n;
};

/* All schemas but PostgreSQL's own and `without`, which may be "". In a transaction. */
int tablesums_read(struct pg *pg, const char *without, struct arena *mem, struct tablesums *out,
                   struct error *err);
/* How many differ; appends their names. */
size_t tablesums_differ(const struct tablesums *a, const struct tablesums *b, struct str *names);

#endif

/* unread.h - the columns that nobody asked for: how many rows have a value in each. */
#ifndef MIGHOST_SOURCE_POSTGRES_UNREAD_H
#define MIGHOST_SOURCE_POSTGRES_UNREAD_H

#include "common/buf.h"
#include "session.h"

struct unread_column {
    char *name;      /* owned */
    Oid type;        /* that the server told */
    uint64_t filled; /* rows with a value since unread_tell() */
};

struct unread {
    struct unread_column *columns; /* owned */
    uint32_t n;
    uint32_t n_sets; /* numbers that a row carries behind its fields, a bit for each column */
    uint32_t *seen;  /* per set: the number of the rows counted in `rows`; owned */
    uint64_t *rows;  /* per set; owned */
};

void unread_clear(struct unread *u);
/* Finds the columns but for `fields`: those that the role may read and that can be named. 0 or
 * negative, said to the host. */
int32_t unread_find(struct session *s, const PGresult *columns, const char *const *fields,
                    uint32_t n_fields, struct unread *out);
/* Adds u->n_sets expressions, each behind a comma unless it is the first of the list. -1: no
 * memory. */
int unread_sql(const struct session *s, const struct unread *u, int is_first, struct buf *sql);
/* Takes the n_sets numbers of a row. -1: they are none. */
int unread_row(struct unread *u, const mig_value_t *sets);
/* As mig_source_ops_t.unread. */
int32_t unread_tell(struct unread *u, void *ctx,
                    int32_t (*field)(void *ctx, mig_str_t name, uint64_t filled));

#endif

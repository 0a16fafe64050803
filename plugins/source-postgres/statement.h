/* statement.h - the COPY statement that reads an entity. */
#ifndef MIGHOST_SOURCE_POSTGRES_STATEMENT_H
#define MIGHOST_SOURCE_POSTGRES_STATEMENT_H

#include "relation.h"
#include "unread.h"

/* What a column's texts are to the host. */
enum statement_type { STATEMENT_TEXT, STATEMENT_NUMBER, STATEMENT_BOOL, STATEMENT_JSON };

struct statement_wish {
    const char *entity;
    const char *const *fields;
    const char *const *keys; /* to order by */
    uint32_t n_fields, n_keys;
    const char *since, *least; /* a field, and the least value that is wanted of it; or NULL */
    int is_time;               /* `least` is a time, else a whole number */
    mig_str_t part;            /* of parts_list(), or empty: all of it */
    const char *only;          /* of only_keys(); NULL: all */
};

struct statement {
    char *copy;                 /* COPY (SELECT ...) TO STDOUT; owned */
    enum statement_type *types; /* one per field, then one per set of `unread`; owned */
    struct unread unread;       /* the other columns */
    double rows;                /* the server's estimate; < 0: unknown */
};

void statement_clear(struct statement *st);
/* The session has its snapshot. MIG_OK or negative, said to the host: no such table or column,
 * with the nearest name. */
int32_t statement_make(struct session *s, const struct relation_places *places,
                       const struct statement_wish *wish, struct statement *out);

#endif

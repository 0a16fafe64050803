/* relation.h - from an entity's name to what stands behind FROM. */
#ifndef MIGHOST_SOURCE_POSTGRES_RELATION_H
#define MIGHOST_SOURCE_POSTGRES_RELATION_H

#include "common/buf.h"
#include "queries.h"
#include "session.h"

#define RELATION_MAX ((size_t)4 << 20) /* longest statement, bytes */

struct relation_places {
    const char *schema; /* of entities without one */
    struct queries queries;
    struct queries ranges; /* query -> table by whose key it is read in ranges */
};

/* Adds the table, or the query in brackets, to `from`. The session has its snapshot. `rows`:
 * the server's estimate, < 0: unknown. MIG_OK or negative, said to the host: no such table
 * (with the nearest name), row level security that would hide rows. */
int32_t relation_find(struct session *s, const struct relation_places *places, const char *entity,
                      struct buf *from, double *rows);
/* The same of a table only. */
int32_t relation_table(struct session *s, const struct relation_places *places, const char *entity,
                       struct buf *from, double *rows);
/* Queries, then tables and views of the schema by name. */
int32_t relation_list(struct session *s, const struct relation_places *places, void *ctx,
                      int32_t (*row)(void *ctx, const char *entity));

#endif

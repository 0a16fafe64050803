/* parts.h - a table cut into ranges of its first key field, so that several processes read it. */
#ifndef MIGHOST_SOURCE_POSTGRES_PARTS_H
#define MIGHOST_SOURCE_POSTGRES_PARTS_H

#include "relation.h"

struct parts_wish {
    const char *entity, *key; /* key: the first field that records are ordered by */
    uint32_t wanted;
};

/* Calls part() for each range, in order; without a call when the entity is a view, or a query whose
 * table is not told, too small, or has no index that leads with the key. The session has its
 * snapshot.
 */
int32_t parts_list(struct session *s, const struct relation_places *places,
                   const struct parts_wish *wish, void *ctx,
                   int32_t (*part)(void *ctx, mig_str_t part));
/* Adds the condition that `part` puts on the quoted column; `nulls`: which may be NULL, and is in
 * the last part then. 0, or -1: no part, or no memory. */
int parts_where(struct session *s, mig_str_t part, const char *column, int nulls, struct buf *sql);

#endif

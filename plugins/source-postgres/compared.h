/* compared.h - what became of the rows of a view or a query since the snapshot in which it was
 * read. */
#ifndef MIGHOST_SOURCE_POSTGRES_COMPARED_H
#define MIGHOST_SOURCE_POSTGRES_COMPARED_H

#include "written.h"

/* As written_find(). MIG_END: `read` never read, or let its snapshot go, there is no table
 * behind it, or more rows than wish->compare. */
int32_t compared_find(struct session *read, struct session *now,
                      const struct relation_places *places, const struct written_wish *wish,
                      void *ctx, int32_t (*row)(void *ctx, int32_t removed, mig_str_t key));

#endif

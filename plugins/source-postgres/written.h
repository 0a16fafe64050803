/* written.h - what others wrote to a table since the snapshot in which it was read. */
#ifndef MIGHOST_SOURCE_POSTGRES_WRITTEN_H
#define MIGHOST_SOURCE_POSTGRES_WRITTEN_H

#include "relation.h"

#define WRITTEN_MOST 10000 /* rows of a kind that are told; of more, one beyond it */

struct written_wish {
    const char *entity;
    const char *const *keys;
    uint32_t n_keys;
    double compare; /* rows that may be read again of a view or a query; 0: none */
};

/* `read` holds the snapshot, `now` becomes a second connection with one of its own, taken when it
 * is first needed. Calls row() as mig_source_ops_t.written says. MIG_END: `read` never read, or
 * what was read has no rows of tables in it; or a view or a query whose snapshot was let go. */
int32_t written_find(struct session *read, struct session *now,
                     const struct relation_places *places, const struct written_wish *wish,
                     void *ctx, int32_t (*row)(void *ctx, int32_t removed, mig_str_t key));

/* The text of a row's key, of alias t, as the host joins it. 0 or -1: no memory. */
int written_key(const struct session *s, const struct written_wish *wish, struct buf *out);

/* Of the rows of a table, as it stands behind FROM, as `now` sees them: how many were written
 * behind the snapshot `before`, and how many there are. */
int32_t written_count(struct session *now, const char *subject, const char *table,
                      const char *before, uint64_t *written, uint64_t *rows);

/* Of the rows as `read` sees them: how many there are, and how many were written behind the
 * snapshot `before`. MIG_END: a view or a query. */
int32_t written_since(struct session *read, const struct relation_places *places,
                      const char *entity, const char *before, uint64_t *written, uint64_t *rows);

#endif

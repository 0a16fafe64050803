/* only.h - reading few rows of a table by their keys. */
#ifndef MIGHOST_SOURCE_POSTGRES_ONLY_H
#define MIGHOST_SOURCE_POSTGRES_ONLY_H

#include "common/buf.h"
#include "relation.h"
#include "session.h"

struct only_wish {
    const char *entity;
    const char *key; /* the one key field; NULL: there are several, or none */
    const mig_str_t *keys;
    uint32_t n;
};

/* Appends the keys as an array's text, NUL-terminated, to `array`. MIG_OK: the table has at most
 * one row for each of them, and an index to find it by; MIG_END: it cannot be read so. The session
 * has its snapshot. */
int32_t only_keys(struct session *s, const struct relation_places *places,
                  const struct only_wish *wish, struct buf *array);

#endif

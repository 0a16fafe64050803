/* queries.h - the option "query": entities that are given by a SELECT instead of a table. */
#ifndef MIGHOST_SOURCE_POSTGRES_QUERIES_H
#define MIGHOST_SOURCE_POSTGRES_QUERIES_H

#include <mighost/plugin.h>

struct queries {
    char **names, **texts; /* owned */
    size_t n;
};

/* `json`: an object of texts, NULL for none. MIG_OK or negative, said to the host;
 * queries_clear() in any case. */
int32_t queries_parse(struct queries *q, const mig_host_t *host, const char *json);
void queries_clear(struct queries *q);
/* The SELECT without semicolons at its end, or NULL. */
const char *queries_find(const struct queries *q, const char *entity);

#endif

/* queries.h - the options "query", entities that are given by a SELECT instead of a table, and
 * "ranges", the tables by whose keys these are read in ranges. */
#ifndef MIGHOST_SOURCE_POSTGRES_QUERIES_H
#define MIGHOST_SOURCE_POSTGRES_QUERIES_H

#include <mighost/plugin.h>

struct queries {
    char **names, **texts; /* owned; of entities */
    size_t n;
};

/* `json`: an object of texts, the value of the option, NULL for none. MIG_OK or negative, said to
 * the host; queries_clear() in any case. */
int32_t queries_parse(struct queries *q, const mig_host_t *host, const char *option,
                      const char *json);
void queries_clear(struct queries *q);
/* The text without semicolons at its end, or NULL. */
const char *queries_find(const struct queries *q, const char *entity);

#endif

/* links.h - lists of ids in a field of a record: what a person is linked to. */
#ifndef MIGHOST_SCHOOL_LINKS_H
#define MIGHOST_SCHOOL_LINKS_H

#include <jansson.h>
#include <mighost/plugin.h>

/* Calls link() for each member of the list in `value`; NULL and absent are empty lists. Each member
 * is valid during its call. MIG_REJECT where it is no list. */
int32_t links_each(const mig_host_t *host, const char *field, const mig_value_t *value,
                   const void *self, const mig_value_t *owner,
                   int32_t (*link)(const void *self, const mig_value_t *owner,
                                   const json_t *member));
/* A text or number, itself or as that member of an object, as a value that lives as long as the
 * record; NULL for anything else. */
mig_value_t links_value(const mig_host_t *host, const json_t *member, const char *key);

#endif

/* faultlist.h - several faults of one unit's options, reported at once. */
#ifndef MIGHOST_PLUGINS_FAULTLIST_H
#define MIGHOST_PLUGINS_FAULTLIST_H

#include <jansson.h>
#include <mighost/plugin.h>

#include "common/buf.h"

struct faultlist { /* all zero is an empty list */
    struct buf text;
    size_t n, left_out; /* left out: those that did not fit into one message */
};

/* `where` ("column \"email\"") may be NULL. */
void faultlist_add(struct faultlist *f, const char *where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* One fault for each member of `object` that is not in `known`, which ends with NULL; the
 * nearest known name is suggested. */
void faultlist_members(struct faultlist *f, const char *where, const json_t *object,
                       const char *const *known);
/* host->fail() with MIG_E_CONFIG and all faults when there are any, else MIG_OK. Clears. */
int32_t faultlist_end(struct faultlist *f, const mig_host_t *host, const char *fix);

#endif

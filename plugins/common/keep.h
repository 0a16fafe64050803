/* keep.h - what an instance keeps from the project file until destroy(): copies in memory of
 * host->alloc, which must be called from create() or describe() for that. */
#ifndef MIGHOST_PLUGINS_KEEP_H
#define MIGHOST_PLUGINS_KEEP_H

#include <jansson.h>
#include <mighost/plugin.h>

/* A copy with a NUL behind it. */
char *keep_text(const mig_host_t *host, const char *data, size_t len);
/* A constant: JSON text, number, boolean, null, object or array as a value of a record. A
 * decimal number gets the shortest digits that mean the same double: what the file said, up
 * to 15 of them; more must be given as text. 0, or -1 when it is too long. */
int keep_constant(const mig_host_t *host, const json_t *json, mig_value_t *out);
/* The unit's option of type MIG_OPT_JSON, parsed; the caller owns the reference. NULL with
 * *rc MIG_OK: not set; NULL with another *rc: it was refused, host->fail() said why. */
json_t *keep_option_json(const mig_host_t *host, const char *name, int32_t *rc);

#endif

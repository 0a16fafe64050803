/* addressjson.h - the parts of an address that is a JSON object. */
#ifndef MIGHOST_TRANSFORMS_ADDRESSJSON_H
#define MIGHOST_TRANSFORMS_ADDRESSJSON_H

#include <jansson.h>
#include <mighost/plugin.h>

/* The part of that name ("street", "city", "zip", "country", "rest") in memory of the host, or NULL
 * where the object has none. Members without a value are none. */
char *addressjson_part(const mig_host_t *host, const json_t *object, const char *part);

#endif

/* kind.h - the kinds of units, and features "kind:name". Pure. */
#ifndef MIGHOST_KIND_H
#define MIGHOST_KIND_H

#include <mighost/plugin.h>

/* "source", "transform", ... of MIG_SOURCE ...; NULL when unknown. */
const char *kind_name(uint32_t kind);
/* The kind of a unit's feature, such as "source:json", and its name "json" behind the colon;
 * 0 when it is none of a unit ("stage:users"). */
uint32_t kind_split(const char *feature, const char **name);
/* "pg_trgm" of "extension:pg_trgm", which the target provides and no unit; else NULL. */
const char *kind_extension(const char *feature);

#endif

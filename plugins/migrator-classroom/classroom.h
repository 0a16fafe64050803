/* classroom.h - what the units of this plugin share. */
#ifndef MIGHOST_CLASSROOM_H
#define MIGHOST_CLASSROOM_H

#include <jansson.h>
#include <mighost/plugin.h>

extern const mig_unit_t classroom_classes;
extern const mig_unit_t classroom_rosters;

/* Declares the fields and the columns of a table by name; their indexes are then their places
 * in the arrays, which end with NULL. */
int32_t classroom_reads(const mig_host_t *host, const char *const *fields);
int32_t classroom_writes(const mig_host_t *host, const char *table, const char *const *columns,
                         uint32_t *index);

/* The list in a field of the record; NULL when it holds none. MIG_OK, or MIG_REJECT when it
 * holds something else. The caller owns the reference. */
int32_t classroom_list(const mig_host_t *host, const char *field, const mig_value_t *value,
                       json_t **list);

/* A JSON string as a value that lives as long as `json` does. */
mig_value_t classroom_text(const json_t *json);

#endif

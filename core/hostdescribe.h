/* hostdescribe.h - the services of mig_host_t for a migrator's describe(). plugin.h says what each
 * does. [main] */
#ifndef MIGHOST_HOSTDESCRIBE_H
#define MIGHOST_HOSTDESCRIBE_H

#include "host.h"

/* MIG_OK in describe(), else MIG_E_BUG, said. */
int32_t hostdescribe_outside(struct unit *u);

int32_t hostdescribe_reads(const mig_host_t *h, const char *field, uint32_t *index);
int32_t hostdescribe_writes(const mig_host_t *h, const char *table, uint32_t *index);
int32_t hostdescribe_column(const mig_host_t *h, uint32_t table, const char *column,
                            uint32_t *index);
int32_t hostdescribe_entity(const mig_host_t *h, const char *stage, uint32_t *index);
int32_t hostdescribe_takes_key(const mig_host_t *h, uint32_t table, uint32_t column,
                               uint32_t entity);
int32_t hostdescribe_ignores(const mig_host_t *h, const char *field);
int32_t hostdescribe_made_of(const mig_host_t *h, uint32_t table, uint32_t column,
                             const char *const *fields, uint32_t n_fields, mig_str_t steps);

#endif

/* copyrow.h - one line of COPY ... TO STDOUT (text format) as values. */
#ifndef MIGHOST_SOURCE_POSTGRES_COPYROW_H
#define MIGHOST_SOURCE_POSTGRES_COPYROW_H

#include "statement.h"

/* Takes a line, with or without its line end, apart in place: values point into it, so it must
 * live as long as they are used. 0, or -1 when it has not n fields or an escape that COPY does
 * not write. */
int copyrow_split(char *line, size_t len, const enum statement_type *types, uint32_t n,
                  mig_value_t *values);

#endif

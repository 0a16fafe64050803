/* encode_literal.h - a JSON array as PostgreSQL's array literal, for tables that are staged by text
 * COPY because one of their types has no encoder. Pure. */
#ifndef MIGHOST_ENCODE_LITERAL_H
#define MIGHOST_ENCODE_LITERAL_H

#include "encode.h"

/* 1 when the value is a JSON array and the column an array: its text must not go to the server
 * as it is. */
int encode_literal_due(const struct encode_type *type, const mig_value_t *value);
/* Appends the literal, without a length. 0, or -1 with `fault` filled and the buffer as before. */
int encode_literal(const struct encode_type *type, const mig_value_t *value,
                   struct encode_buffer *out, struct encode_fault *fault);

#endif

/* arraytext.h - JSON array text as a PostgreSQL array literal, for tables that are staged by text
 * COPY. Pure. */
#ifndef MIGHOST_ARRAYTEXT_H
#define MIGHOST_ARRAYTEXT_H

#include "encode.h"

/* Appends the literal. The text was accepted by encode_value() for this type; one that is a
 * literal already goes as it is. */
void arraytext_add(const struct encode_type *type, const char *text, size_t n,
                   struct encode_buffer *out);

#endif

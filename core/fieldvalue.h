/* fieldvalue.h - one value of fields.h from its text. Pure. */
#ifndef MIGHOST_FIELDVALUE_H
#define MIGHOST_FIELDVALUE_H

#include <stdint.h>

#include "project.h"
#include "str.h"

/* All give 0, or -1 when the text does not fit. `allowed`: "min..max", NULL for any. */
int fieldvalue_int(const char *text, const char *allowed, int64_t *out);
/* "0%" to "100%", digits and at most one point. */
int fieldvalue_percent(const char *text, double *out);
/* A whole number, "N%", or "null" for no limit. */
int fieldvalue_limit(const char *text, struct limit *out);
/* A whole number, or one with s, m, h or d behind it: a time of at most a hundred years. */
int fieldvalue_overlap(const char *text, struct project_overlap *out);
/* The number of the word in "a|b|c", from 0, or -1. */
int fieldvalue_word(const char *text, const char *allowed);
/* [a-z0-9_-]+, at most 63 bytes: 1 or 0. */
int fieldvalue_is_name(const char *text);
/* A unit's name: [a-z0-9_.-]+, at most 63 bytes. */
int fieldvalue_is_unit(const char *text);
/* A name of PostgreSQL: 1 to 63 bytes without control characters. */
int fieldvalue_is_identifier(const char *text, size_t n);
/* "table" or "schema.table". */
int fieldvalue_is_table(const char *text);
/* The word of "a|b|c" nearest to the text, copied to `out` of `size` bytes; NULL when none is
 * near. */
const char *fieldvalue_nearest(const char *text, const char *allowed, char *out, size_t size);

#endif

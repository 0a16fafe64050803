/* moment.h - moments as the API writes them, "2021-01-01T00:00:00.000Z", and as milliseconds. */
#ifndef MIGHOST_SOURCE_BUBBLE_MOMENT_H
#define MIGHOST_SOURCE_BUBBLE_MOMENT_H

#include <stddef.h>
#include <stdint.h>

#define MOMENT_NONE INT64_MIN
#define MOMENT_TEXT 168U /* seven numbers of any length */

/* Milliseconds since 1970, or MOMENT_NONE: the text is no moment in UTC. Fractions are of up to
 * three digits; what is beyond must be zero, because it could not be asked for again. */
int64_t moment_parse(const char *text, size_t len);
void moment_format(int64_t ms, char out[MOMENT_TEXT]);

#endif

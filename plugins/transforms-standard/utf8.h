/* utf8.h - characters of UTF-8 text (RFC 3629). Pure. */
#ifndef MIGHOST_TRANSFORMS_UTF8_H
#define MIGHOST_TRANSFORMS_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The character at `p` and its length in bytes. A byte that begins no valid character is one
 * of its own: length 1, *c UTF8_INVALID. `len` > 0. */
#define UTF8_INVALID UINT32_MAX
size_t utf8_decode(const char *p, size_t len, uint32_t *c);
/* Up to 4 bytes to `out`, -> how many. */
size_t utf8_encode(uint32_t c, char *out);
/* White space as Unicode has it (property White_Space), the no-break space included. */
int utf8_is_space(uint32_t c);
/* Marks without width and of direction; joiners among them, which letters of some scripts need. */
int utf8_is_invisible(uint32_t c);
/* The white space at the beginning and at the end, in bytes. */
size_t utf8_leading_space(const char *p, size_t len);
size_t utf8_trailing_space(const char *p, size_t len);

#endif

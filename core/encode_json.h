/* encode_json.h - JSON text, as arrays need it too. Internal to encode*.c. */
#ifndef MIGHOST_ENCODE_JSON_H
#define MIGHOST_ENCODE_JSON_H

#include "encode_field.h"

/* NULL when the text is one JSON value without \u0000; `jsonb`: with numbers that fit too. */
const struct encode_fault *encode_json_check(const char *text, size_t n, int jsonb);
/* Behind the value that begins at p and the white space after it; the text was checked. */
const char *encode_json_skip(const char *p, const char *end);
/* The inside of a checked JSON string without its escapes; `out` has room for n bytes. */
size_t encode_json_unescape(const char *text, size_t n, char *out);

#endif

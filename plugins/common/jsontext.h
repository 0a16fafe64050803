/* jsontext.h - single JSON values as text: strings unescaped and escaped, a value's kind. */
#ifndef MIGHOST_PLUGINS_JSONTEXT_H
#define MIGHOST_PLUGINS_JSONTEXT_H

#include <mighost/plugin.h>

#include "common/buf.h"

#define JSONTEXT_BAD SIZE_MAX

/* Unescapes what stands between the quotes of a JSON string. `out` has room for n bytes and
 * may be `in`. Returns the length; JSONTEXT_BAD: unknown escape, cut escape, lone surrogate.
 * \u0000 gives a NUL byte. Bytes that are no escape are copied unread. */
size_t jsontext_unescape(const char *in, size_t n, char *out);

/* 1 when the string with escapes is `name`. */
int jsontext_equal(const char *in, size_t n, const char *name, size_t name_len);

/* A raw value, without white space around it, that jansson has found valid. Strings with
 * escapes are unescaped to *scratch, which moves on by what was used (at most `len`); all else
 * points into `raw`. 0, or -1 when the text is no value. */
int jsontext_value(const char *raw, size_t len, char **scratch, mig_value_t *out);

/* Adds `text` as a JSON string, quotes included. Bytes that are no UTF-8 become U+FFFD, so
 * that the result is always valid. 0, or -1 as in buf.h. */
int jsontext_quote(struct buf *out, const char *text, size_t n);

/* 1 when the text is valid UTF-8 (RFC 3629). */
int jsontext_is_utf8(const char *text, size_t n);

#endif

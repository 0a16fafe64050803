/* str.h - a growing text with a stated maximum. Leaf. Always NUL-terminated. Running out of
 * memory or over the maximum sets `failed` and keeps what fits, so that callers check once
 * at the end. */
#ifndef MIGHOST_STR_H
#define MIGHOST_STR_H

#include <stdarg.h>
#include <stddef.h>

struct str {
    char *data; /* "" until something is added; owned */
    size_t len, capacity, max;
    int failed;
};

#define STR_MAX ((size_t)64 << 20)

void str_init(struct str *s, size_t max); /* max 0: STR_MAX */
void str_clear(struct str *s);            /* frees */
void str_reset(struct str *s);            /* empties, keeps the memory */
void str_add(struct str *s, const char *text);
void str_add_n(struct str *s, const char *text, size_t n);
void str_add_char(struct str *s, char c);
void str_printf(struct str *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void str_vprintf(struct str *s, const char *format, va_list ap);
/* Hands the text over to the caller, who frees it; NULL when it failed. */
char *str_take(struct str *s);

/* The name out of `names` nearest to `name` (edit distance at most 1/3 of it), or NULL. */
const char *str_nearest(const char *name, const char *const *names, size_t n);
int str_equal(const char *a, const char *b); /* NULL equals NULL only */
/* Adds valid UTF-8, and what is not ASCII as JSON escapes it: \u2603. */
void str_add_ascii(struct str *s, const char *text, size_t n);
/* Length of the character at `p`, which is not at its end. `shown` gets what stands in its place
 * where it must not reach a terminal, else "": a control character, also one of those above ASCII,
 * which terminals obey as they do ESC, or a byte that is no UTF-8. Where JSON may hold it, it is
 * JSON. */
size_t str_control(const char *p, char shown[8]);
/* 1 when the bytes are valid UTF-8 (RFC 3629) without NUL. */
int str_utf8_ok(const char *data, size_t n);

#endif

/* str.c - a growing text with a stated maximum, and small helpers on text. */
#include "str.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char empty[1];

void str_init(struct str *s, size_t max)
{
    memset(s, 0, sizeof *s);
    s->data = empty;
    s->max = max ? max : STR_MAX;
}

void str_clear(struct str *s)
{
    if (s->capacity)
        free(s->data);
    str_init(s, s->max);
}

void str_reset(struct str *s)
{
    s->len = 0;
    s->failed = 0;
    if (s->capacity)
        s->data[0] = '\0';
}

static int reserve(struct str *s, size_t n)
{
    if (s->failed || n >= s->max - s->len) {
        s->failed = 1;
        return 0;
    }
    if (s->len + n + 1 <= s->capacity)
        return 1;
    size_t capacity = s->capacity ? s->capacity : 64;
    while (capacity < s->len + n + 1)
        capacity *= 2;
    char *data = realloc(s->capacity ? s->data : NULL, capacity);
    if (!data) {
        s->failed = 1;
        return 0;
    }
    s->data = data;
    s->capacity = capacity;
    return 1;
}

void str_add_n(struct str *s, const char *text, size_t n)
{
    if (!reserve(s, n))
        return;
    memcpy(s->data + s->len, text, n);
    s->len += n;
    s->data[s->len] = '\0';
}

void str_add(struct str *s, const char *text)
{
    str_add_n(s, text, strlen(text));
}

void str_add_char(struct str *s, char c)
{
    str_add_n(s, &c, 1);
}

void str_vprintf(struct str *s, const char *format, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, format, ap);
    if (n >= 0 && reserve(s, (size_t)n)) {
        vsnprintf(s->data + s->len, (size_t)n + 1, format, again);
        s->len += (size_t)n;
    }
    va_end(again);
}

void str_printf(struct str *s, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    str_vprintf(s, format, ap);
    va_end(ap);
}

char *str_take(struct str *s)
{
    char *data = NULL;
    if (!s->failed)
        data = s->capacity ? s->data : calloc(1, 1);
    else
        str_clear(s);
    str_init(s, s->max);
    return data;
}

#define NAME_MAX_BYTES 64 /* longer names are near to none */

/* Edits from a to b over bytes, two swapped neighbours counting as one (optimal string
 * alignment); names are short, three rows are enough. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][NAME_MAX_BYTES + 1], n = strlen(b);
    for (size_t j = 0; j <= n; j++)
        rows[0][j] = j;
    size_t i = 0;
    for (; a[i]; i++) {
        const size_t *above = rows[i % 3], *before = rows[(i + 2) % 3];
        size_t *row = rows[(i + 1) % 3];
        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            size_t least = above[j] + (a[i] != b[j]);
            least = above[j + 1] + 1 < least ? above[j + 1] + 1 : least;
            least = row[j] + 1 < least ? row[j] + 1 : least;
            if (i && j && a[i] == b[j - 1] && a[i - 1] == b[j] && before[j - 1] + 1 < least)
                least = before[j - 1] + 1;
            row[j + 1] = least;
        }
    }
    return rows[i % 3][n];
}

const char *str_nearest(const char *name, const char *const *names, size_t n)
{
    const char *best = NULL;
    size_t best_distance = SIZE_MAX, length = strlen(name);
    if (length > NAME_MAX_BYTES)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (!names[i] || strlen(names[i]) > NAME_MAX_BYTES)
            continue;
        size_t d = distance(name, names[i]);
        if (d < best_distance && d * 3 <= (length < 3 ? 3 : length)) {
            best = names[i];
            best_distance = d;
        }
    }
    return best;
}

int str_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Length of the valid sequence at p, 0 when it is not valid (RFC 3629: no overlong forms,
 * no surrogates, at most U+10FFFF). */
static size_t utf8_sequence(const unsigned char *p, size_t n)
{
    if (p[0] < 0x80)
        return p[0] != 0;
    size_t need = p[0] >= 0xc2 && p[0] <= 0xdf ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : 0;
    if (p[0] >= 0xf0 && p[0] <= 0xf4)
        need = 4;
    if (!need || need > n)
        return 0;
    for (size_t i = 1; i < need; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return need;
}

size_t str_control(const char *p, char shown[8])
{
    const unsigned char *u = (const unsigned char *)p;
    size_t n = utf8_sequence(u, strnlen(p, 4));
    shown[0] = '\0';
    if (!n || u[0] < 0x20)
        snprintf(shown, 8, "\\x%02x", u[0]);
    else if (u[0] == 0x7f || (u[0] == 0xc2 && u[1] < 0xa0))
        snprintf(shown, 8, "\\u%04x", u[n - 1]);
    return n ? n : 1;
}

int str_utf8_ok(const char *data, size_t n)
{
    const unsigned char *p = (const unsigned char *)data;
    while (n) {
        /* Eight ASCII bytes at once: the common case. */
        uint64_t word;
        if (n >= 8 && (memcpy(&word, p, 8), (word & 0x8080808080808080U) == 0) &&
            ((word - 0x0101010101010101U) & ~word & 0x8080808080808080U) == 0) {
            p += 8;
            n -= 8;
            continue;
        }
        if (*p - 1U < 0x7f) { /* what is left of a short text, a key above all */
            p++;
            n--;
            continue;
        }
        size_t k = utf8_sequence(p, n);
        if (!k)
            return 0;
        p += k;
        n -= k;
    }
    return 1;
}

void str_add_ascii(struct str *s, const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text;
    for (size_t k; n; p += k, n -= k) {
        k = utf8_sequence(p, n);
        if (k <= 1) {
            str_add_char(s, (char)*p);
            k = 1;
            continue;
        }
        unsigned code = p[0] & (0xffU >> (k + 1));
        for (size_t i = 1; i < k; i++)
            code = code << 6 | (p[i] & 0x3fU);
        if (code > 0xffff) {
            str_printf(s, "\\u%04x", 0xd800 + ((code - 0x10000) >> 10));
            code = 0xdc00 + (code & 0x3ff);
        }
        str_printf(s, "\\u%04x", code);
    }
}

/*
 * jsontext.c - JSON strings to bytes and back (RFC 8259 section 7).
 *
 * Surrogate pairs become one character of four bytes; half a pair is refused, because no
 * UTF-8 text can hold it. Unescaping never makes a text longer: "\u00e9" is six bytes for
 * two, a pair twelve for four.
 */
#include "common/jsontext.h"

#include <string.h>

/* Four hexadecimal digits; -1 when they are not. */
static int32_t hex4(const char *p, const char *end)
{
    if (end - p < 4)
        return -1;
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int32_t digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

static size_t encode(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[5] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    out[0] = (char)(lead[n] | c);
    return n;
}

/* `p` is behind "\u". Gives the place behind it, NULL when it is wrong. */
static const char *take_unicode(const char *p, const char *end, char out[4], size_t *n)
{
    int32_t c = hex4(p, end);
    if (c < 0 || (c >= 0xdc00 && c <= 0xdfff))
        return NULL;
    p += 4;
    if (c >= 0xd800 && c <= 0xdbff) {
        if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
            return NULL;
        int32_t low = hex4(p + 2, end);
        if (low < 0xdc00 || low > 0xdfff)
            return NULL;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        p += 6;
    }
    *n = encode((uint32_t)c, out);
    return p;
}

/* `p` is behind a backslash. */
static const char *take_escape(const char *p, const char *end, char out[4], size_t *n)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (p == end)
        return NULL;
    if (*p == 'u')
        return take_unicode(p + 1, end, out, n);
    const char *known = *p ? strchr(from, *p) : NULL;
    if (!known)
        return NULL;
    out[0] = to[known - from];
    *n = 1;
    return p + 1;
}

size_t jsontext_unescape(const char *in, size_t n, char *out)
{
    const char *p = in, *end = in + n;
    char *to = out;
    while (p < end) {
        const char *slash = memchr(p, '\\', (size_t)(end - p));
        size_t plain = (size_t)((slash ? slash : end) - p);
        memmove(to, p, plain);
        to += plain;
        if (!slash)
            break;
        char bytes[4];
        size_t k;
        p = take_escape(slash + 1, end, bytes, &k);
        if (!p)
            return JSONTEXT_BAD;
        memcpy(to, bytes, k);
        to += k;
    }
    return (size_t)(to - out);
}

int jsontext_equal(const char *in, size_t n, const char *name, size_t name_len)
{
    const char *p = in, *end = in + n;
    while (p < end) {
        char bytes[4] = {*p};
        size_t k = 1;
        p = *p == '\\' ? take_escape(p + 1, end, bytes, &k) : p + 1;
        if (!p || k > name_len || memcmp(bytes, name, k) != 0)
            return 0;
        name += k;
        name_len -= k;
    }
    return name_len == 0;
}

static int take_string(const char *raw, size_t len, char **scratch, mig_value_t *out)
{
    if (len < 2 || raw[len - 1] != '"')
        return -1;
    *out = (mig_value_t){.data = raw + 1, .len = (uint32_t)(len - 2), .kind = MIG_TEXT};
    if (!memchr(out->data, '\\', out->len))
        return 0;
    size_t n = jsontext_unescape(out->data, out->len, *scratch);
    if (n == JSONTEXT_BAD)
        return -1;
    out->data = *scratch;
    out->len = (uint32_t)n;
    *scratch += n;
    return 0;
}

int jsontext_value(const char *raw, size_t len, char **scratch, mig_value_t *out)
{
    if (!len || len > UINT32_MAX)
        return -1;
    *out = (mig_value_t){.data = raw, .len = (uint32_t)len, .kind = MIG_NUMBER};
    switch (*raw) {
    case '"':
        return take_string(raw, len, scratch, out);
    case '{':
    case '[':
        out->kind = MIG_JSON;
        return 0;
    case 't':
    case 'f':
        out->kind = MIG_BOOL;
        return 0;
    case 'n':
        *out = (mig_value_t){.kind = MIG_NULL};
        return 0;
    default:
        return 0;
    }
}

/* Length of the valid UTF-8 sequence at p, 0 when there is none (RFC 3629). */
static size_t sequence(const unsigned char *p, size_t n)
{
    if (p[0] < 0x80)
        return 1;
    size_t need = p[0] >= 0xc2 && p[0] <= 0xdf   ? 2
                  : p[0] >= 0xe0 && p[0] <= 0xef ? 3
                  : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4
                                                 : 0;
    if (!need || need > n)
        return 0;
    for (size_t i = 1; i < need; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    int overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    int outside = (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf4 && p[1] > 0x8f);
    return overlong || outside ? 0 : need;
}

static int add_control(struct buf *out, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    char text[6] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
    return buf_add(out, text, sizeof text);
}

int jsontext_quote(struct buf *out, const char *text, size_t n)
{
    const char *p = text, *end = text + n, *plain = p;
    int failed = buf_add_char(out, '"');
    while (p < end && !failed) {
        unsigned char c = (unsigned char)*p;
        size_t k = sequence((const unsigned char *)p, (size_t)(end - p));
        if (k && c >= 0x20 && c != '"' && c != '\\') {
            p += k;
            continue;
        }
        failed = buf_add(out, plain, (size_t)(p - plain));
        if (!k)
            failed |= buf_add_text(out, "\xef\xbf\xbd");
        else if (c < 0x20)
            failed |= add_control(out, c);
        else
            failed |= buf_add_char(out, '\\') | buf_add_char(out, (char)c);
        plain = ++p;
    }
    failed |= buf_add(out, plain, (size_t)(p - plain)) | buf_add_char(out, '"');
    return failed ? -1 : 0;
}

int jsontext_is_utf8(const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + n;
    while (p < end) {
        size_t k = sequence(p, (size_t)(end - p));
        if (!k)
            return 0;
        p += k;
    }
    return 1;
}

/*
 * utf8.c - decoding that never fails: what is no UTF-8 goes through byte by byte, because it
 * is the encoder of the column that refuses it, with the column's name.
 */
#include "utf8.h"

static size_t sequence_length(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead <= 0xDF)
        return 2;
    if (lead >= 0xE0 && lead <= 0xEF)
        return 3;
    if (lead >= 0xF0 && lead <= 0xF4)
        return 4;
    return 0;
}

size_t utf8_decode(const char *p, size_t len, uint32_t *c)
{
    static const unsigned char lead_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = sequence_length((unsigned char)*p);
    *c = UTF8_INVALID;
    if (n == 0 || n > len)
        return 1;
    uint32_t value = (unsigned char)*p & lead_bits[n];
    for (size_t i = 1; i < n; i++) {
        unsigned char byte = (unsigned char)p[i];
        if ((byte & 0xC0) != 0x80)
            return 1;
        value = value << 6 | (byte & 0x3FU);
    }
    if (value < smallest[n] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return 1;
    *c = value;
    return n;
}

size_t utf8_encode(uint32_t c, char *out)
{
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (c & 0x3F));
        c >>= 6;
    }
    out[0] = (char)(lead[n] | c);
    return n;
}

int utf8_is_space(uint32_t c)
{
    if (c < 0x80)
        return c == ' ' || (c >= 0x09 && c <= 0x0D);
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
           c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

int utf8_is_invisible(uint32_t c)
{
    return c == 0xAD || (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2060 && c <= 0x2064) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

size_t utf8_leading_space(const char *p, size_t len)
{
    size_t at = 0;
    while (at < len) {
        uint32_t c;
        size_t n = utf8_decode(p + at, len - at, &c);
        if (!utf8_is_space(c))
            break;
        at += n;
    }
    return at;
}

size_t utf8_trailing_space(const char *p, size_t len)
{
    size_t end = len;
    while (end > 0) {
        size_t start = end - 1;
        while (start > 0 && end - start < 4 && ((unsigned char)p[start] & 0xC0) == 0x80)
            start--;
        uint32_t c;
        if (utf8_decode(p + start, end - start, &c) != end - start || !utf8_is_space(c))
            break;
        end = start;
    }
    return len - end;
}

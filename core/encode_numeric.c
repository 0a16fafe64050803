/* encode_numeric.c - numeric fields: decimal digits in groups of four, as numeric_recv reads
 * them.
 *
 * Digits that the declared scale would round away are a fault unless they are zeros. The text
 * is read twice and never copied; no step depends on the size of an exponent.
 */
#include "encode_field.h"

/* Limits of the storage format: a weight of 16 bits, a scale of 14 bits. */
#define POWER_MAX (4 * 32768 - 1)
#define SCALE_MAX 16383

enum { SIGN_POSITIVE = 0, SIGN_NEGATIVE = 0x4000, NOT_A_NUMBER = 0xC000 };
enum { POSITIVE_INFINITY = 0xD000, NEGATIVE_INFINITY = 0xF000 }; /* PostgreSQL 14 and later */

static const struct encode_fault bad_number = {"bad_number", "the text is no number", "22P02"};
static const struct encode_fault out_of_range = {
    "out_of_range", "the number has more digits before the point than the column holds", "22003"};
static const struct encode_fault precision = {
    "precision", "the number has more digits behind the point than the column keeps", "22003"};

struct number {
    const char *first;  /* first digit that is not zero; NULL for zero */
    int negative, huge; /* huge: an exponent that is refused even for zero */
    int64_t high, low;  /* powers of ten of the first and last digit that are not zero */
    int64_t scale;      /* digits behind the point as written, at least 0 */
};

/* Powers are counted from the first digit on and moved when point and exponent are known. */
static int parse_number(struct encode_cursor c, struct number *n)
{
    memset(n, 0, sizeof *n);
    n->negative = encode_field_take(&c, '-');
    if (!n->negative)
        encode_field_take(&c, '+');
    int64_t count = 0, before_point = -1, exponent = 0;
    for (; c.p < c.end; c.p++) {
        if (*c.p == '.' && before_point < 0) {
            before_point = count;
            continue;
        }
        if (!encode_field_digit(*c.p))
            break;
        if (*c.p != '0') {
            n->low = -count;
            if (!n->first) {
                n->first = c.p;
                n->high = n->low;
            }
        }
        count++;
    }
    if (count == 0)
        return 0;
    if (c.p < c.end && ((*c.p++ | 0x20) != 'e' || !encode_number_exponent(c, &exponent)))
        return 0;
    n->huge = exponent <= -ENCODE_EXPONENT_END || exponent >= ENCODE_EXPONENT_END;
    int64_t shift = (before_point < 0 ? count : before_point) - 1 + exponent;
    n->high += shift;
    n->low += shift;
    n->scale = before_point < 0 ? -exponent : count - before_point - exponent;
    n->scale = n->scale < 0 ? 0 : n->scale;
    return 1;
}

/* Applies numeric(precision, scale). The scale is signed and of 11 bits since PostgreSQL 15;
 * in older versions it is 0 to 1000, which these bits hold as well. */
static const struct encode_fault *check_range(struct number *n, int32_t typmod)
{
    if (n->huge)
        return &out_of_range;
    if (n->scale > SCALE_MAX)
        return &precision;
    if (typmod >= ENCODE_FIELD_TYPMOD_BASE) {
        int32_t bits = typmod - ENCODE_FIELD_TYPMOD_BASE;
        int32_t digits = bits >> 16 & 0xffff, scale = ((bits & 0x7ff) ^ 1024) - 1024;
        if (n->first && n->low < -scale)
            return &precision;
        if (n->first && n->high >= digits - scale)
            return &out_of_range;
        n->scale = scale < 0 ? 0 : scale;
    }
    return n->first && n->high > POWER_MAX ? &out_of_range : NULL;
}

static void put_header(unsigned char *to, int64_t groups, int64_t weight, unsigned sign,
                       int64_t scale)
{
    encode_buffer_put16(to, (uint16_t)groups);
    encode_buffer_put16(to + 2, (uint16_t)weight);
    encode_buffer_put16(to + 4, (uint16_t)sign);
    encode_buffer_put16(to + 6, (uint16_t)scale);
}

/* Groups are aligned to the point: the first may begin, the last may end with zeros. */
static void put_number(const struct number *n, struct encode_buffer *out)
{
    static const unsigned powers[] = {1000, 100, 10, 1};
    unsigned place = (unsigned)(3 - (n->high & 3));
    int64_t weight = (n->high - (n->high & 3)) / 4, left = n->first ? n->high - n->low + 1 : 0;
    int64_t groups = left ? (place + left + 3) / 4 : 0;
    unsigned char *to = encode_room(out, 8 + 2 * (size_t)groups);
    put_header(to, groups, left ? weight : 0, n->negative && left ? SIGN_NEGATIVE : SIGN_POSITIVE,
               n->scale);
    to += 8;
    unsigned group = 0;
    for (const char *p = n->first; left > 0; p++) {
        if (*p == '.')
            continue;
        group += (unsigned)(*p - '0') * powers[place];
        left--;
        if (place == 3 || left == 0) {
            encode_buffer_put16(to, (uint16_t)group);
            to += 2;
            group = 0;
        }
        place = (place + 1) & 3;
    }
    out->len += 8 + 2 * (size_t)groups;
}

/* 1 and the sign word for NaN and the infinities. */
static int special(struct encode_cursor c, unsigned *sign)
{
    *sign = NOT_A_NUMBER;
    if (encode_field_is(c.p, c.end, "nan"))
        return 1;
    *sign = encode_field_take(&c, '-') ? NEGATIVE_INFINITY : POSITIVE_INFINITY;
    if (*sign == POSITIVE_INFINITY)
        encode_field_take(&c, '+');
    return encode_field_is(c.p, c.end, "infinity") || encode_field_is(c.p, c.end, "inf");
}

const struct encode_fault *encode_numeric_numeric(const struct encode_field *f,
                                                  struct encode_buffer *out)
{
    struct encode_cursor c = encode_field_cursor(f);
    struct number n;
    if (parse_number(c, &n)) {
        const struct encode_fault *fault = check_range(&n, f->type->typmod);
        if (!fault)
            put_number(&n, out);
        return fault;
    }
    unsigned sign;
    if (!special(c, &sign))
        return &bad_number;
    if (sign != NOT_A_NUMBER && f->type->typmod >= ENCODE_FIELD_TYPMOD_BASE)
        return &out_of_range;
    put_header(encode_room(out, 8), 0, 0, sign, 0);
    out->len += 8;
    return NULL;
}

int encode_numeric_fits(const char *text, size_t n)
{
    struct encode_cursor c = {text, text + n};
    struct number number;
    return parse_number(c, &number) && !check_range(&number, -1);
}

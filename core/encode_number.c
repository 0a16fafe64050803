/* encode_number.c - int2, int4, int8, oid, float4 and float8 fields.
 *
 * Integers take what the input functions of every supported PostgreSQL take: decimal digits
 * with a sign and white space around them; "5.0" is no integer. A float is the nearest value of
 * its type, as in PostgreSQL: that is the type's nature and no fault. Overflow is one.
 */
#include <errno.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "encode_field.h"

static const struct encode_fault bad_integer = {"bad_number", "the text is no integer", "22P02"};
static const struct encode_fault bad_float = {"bad_number", "the text is no number", "22P02"};
static const struct encode_fault integer_range = {
    "out_of_range", "the number is out of the range of the column's type", "22003"};
static const struct encode_fault float_range = {
    "out_of_range", "the number is too large or too close to zero for the column's type", "22003"};

/* Reads an integer whose magnitude is at most `most`, or `most` + 1 below zero. */
static const struct encode_fault *parse_integer(const struct encode_field *f, uint64_t most,
                                                uint64_t *out)
{
    struct encode_cursor c = encode_field_cursor(f);
    int negative = encode_field_take(&c, '-');
    if (!negative)
        encode_field_take(&c, '+');
    if (c.p == c.end)
        return &bad_integer;
    while (c.end - c.p > 1 && *c.p == '0')
        c.p++;
    /* 19 digits always fit into 64 bits; no integer type has more. */
    int fits = c.end - c.p <= 19;
    uint64_t v = 0;
    for (; c.p < c.end; c.p++) {
        unsigned digit = (unsigned char)*c.p - (unsigned)'0';
        if (digit > 9)
            return &bad_integer;
        v = v * 10 + digit;
    }
    if (!fits || v > most + (uint64_t)negative)
        return &integer_range;
    *out = negative ? 0 - v : v;
    return NULL;
}

const struct encode_fault *encode_number_int2(const struct encode_field *f,
                                              struct encode_buffer *out)
{
    uint64_t v;
    const struct encode_fault *fault = parse_integer(f, INT16_MAX, &v);
    if (!fault)
        encode_int16(out, (int16_t)v);
    return fault;
}

const struct encode_fault *encode_number_int4(const struct encode_field *f,
                                              struct encode_buffer *out)
{
    uint64_t v;
    const struct encode_fault *fault = parse_integer(f, INT32_MAX, &v);
    if (!fault)
        encode_int32(out, (int32_t)v);
    return fault;
}

const struct encode_fault *encode_number_int8(const struct encode_field *f,
                                              struct encode_buffer *out)
{
    uint64_t v;
    const struct encode_fault *fault = parse_integer(f, INT64_MAX, &v);
    if (!fault)
        encode_int64(out, (int64_t)v);
    return fault;
}

/* No negative numbers: oidin wraps them round, which would be another value. */
const struct encode_fault *encode_number_oid(const struct encode_field *f,
                                             struct encode_buffer *out)
{
    uint64_t v;
    const struct encode_fault *fault = parse_integer(f, UINT32_MAX, &v);
    if (!fault && v > UINT32_MAX)
        fault = &integer_range;
    if (!fault)
        encode_int32(out, (int32_t)(uint32_t)v);
    return fault;
}

/* A decimal number taken apart; the value is digits * 10^exponent when `exact`. */
struct decimal {
    struct encode_cursor text; /* all of it */
    int negative, exact;
    uint64_t digits;
    int64_t exponent;
};

int encode_number_exponent(struct encode_cursor c, int64_t *out)
{
    int negative = encode_field_take(&c, '-');
    if (!negative)
        encode_field_take(&c, '+');
    if (c.p == c.end)
        return 0;
    int64_t v = 0;
    for (; c.p < c.end; c.p++) {
        if (!encode_field_digit(*c.p))
            return 0;
        if (v < ENCODE_EXPONENT_END)
            v = v * 10 + (*c.p - '0');
    }
    *out = negative ? -v : v;
    return 1;
}

static int parse_decimal(struct decimal *d)
{
    struct encode_cursor c = d->text;
    d->negative = encode_field_take(&c, '-');
    if (!d->negative)
        encode_field_take(&c, '+');
    int n_digits = 0, point = 0;
    for (; c.p < c.end; c.p++) {
        if (encode_field_digit(*c.p)) {
            n_digits = 1;
            /* From here on the digits would not fit; strtod has the whole text. */
            d->exact &= d->digits < UINT64_MAX / 100;
            d->digits = d->digits * 10 + (uint64_t)(*c.p - '0');
            d->exponent -= point;
        } else if (*c.p == '.' && !point) {
            point = 1;
        } else {
            break;
        }
    }
    if (!n_digits || c.p == c.end)
        return n_digits;
    int64_t exponent;
    if ((*c.p++ | 0x20) != 'e' || !encode_number_exponent(c, &exponent))
        return 0;
    d->exponent += exponent;
    return 1;
}

/* NaN and the infinities; 0 when the text is none of them. */
static int special_float(struct encode_cursor c, double *v)
{
    if (encode_field_is(c.p, c.end, "nan")) {
        *v = (double)NAN;
        return 1;
    }
    int negative = encode_field_take(&c, '-');
    if (!negative)
        encode_field_take(&c, '+');
    *v = negative ? (double)-INFINITY : (double)INFINITY;
    return encode_field_is(c.p, c.end, "infinity") || encode_field_is(c.p, c.end, "inf");
}

/* The C library rounds right in every case, but needs a NUL and must not see the program's
 * locale. The text is put behind the end of the buffer, where nothing is yet. Asking for the
 * "C" locale takes no memory. */
static int library_float(const struct decimal *d, struct encode_buffer *out, int single, double *v)
{
    size_t n = (size_t)(d->text.end - d->text.p);
    char *text = (char *)encode_room(out, n + 1);
    memcpy(text, d->text.p, n);
    text[n] = '\0';
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    errno = 0;
    *v = single ? (double)strtof_l(text, NULL, c) : strtod_l(text, NULL, c);
    freelocale(c);
    return errno != ERANGE || (*v != 0 && isfinite(*v));
}

/* Where digits and power of ten are both exact in the type, one multiplication or division
 * rounds once, which is the right result. Most numbers of real data are of this kind. */
static int exact_float(const struct decimal *d, int single, double *v)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    int64_t most = single ? 10 : 22;
    if (FLT_EVAL_METHOD != 0 || !d->exact || d->digits > (UINT64_C(1) << (single ? 24 : 53)) ||
        d->exponent < -most || d->exponent > most)
        return 0;
    double power = powers[d->exponent < 0 ? -d->exponent : d->exponent];
    double digits = d->negative ? -(double)d->digits : (double)d->digits;
    if (single)
        *v =
            (double)(d->exponent < 0 ? (float)digits / (float)power : (float)digits * (float)power);
    else
        *v = d->exponent < 0 ? digits / power : digits * power;
    return 1;
}

static const struct encode_fault *parse_float(const struct encode_field *f,
                                              struct encode_buffer *out, int single, double *v)
{
    struct decimal d = {encode_field_cursor(f), 0, 1, 0, 0};
    if (!parse_decimal(&d))
        return special_float(d.text, v) ? NULL : &bad_float;
    if (exact_float(&d, single, v) || library_float(&d, out, single, v))
        return NULL;
    return &float_range;
}

const struct encode_fault *encode_number_float4(const struct encode_field *f,
                                                struct encode_buffer *out)
{
    double v;
    const struct encode_fault *fault = parse_float(f, out, 1, &v);
    if (fault)
        return fault;
    float single = (float)v;
    uint32_t bits;
    memcpy(&bits, &single, sizeof bits);
    encode_int32(out, (int32_t)bits);
    return NULL;
}

const struct encode_fault *encode_number_float8(const struct encode_field *f,
                                                struct encode_buffer *out)
{
    double v;
    const struct encode_fault *fault = parse_float(f, out, 0, &v);
    if (fault)
        return fault;
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    encode_int64(out, (int64_t)bits);
    return NULL;
}

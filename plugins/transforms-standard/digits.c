/*
 * digits.c - decimal arithmetic on text.
 *
 * Zeros at the end of a fraction are kept ("1.50" stays "1.50"), zeros in front are not. The
 * limits keep an exponent like 1e999999999 from costing memory.
 */
#include "digits.h"

#include <string.h>

struct reader {
    const char *at, *end;
    const struct digits_format *format;
    struct digits *out;
};

static int is_digit(const struct reader *r)
{
    return r->at < r->end && *r->at >= '0' && *r->at <= '9';
}

static int take(struct reader *r, mig_str_t text)
{
    if (text.len == 0 || (size_t)(r->end - r->at) < text.len ||
        memcmp(r->at, text.data, text.len) != 0)
        return 0;
    r->at += text.len;
    return 1;
}

static size_t take_digits(struct reader *r)
{
    size_t n = 0;
    for (; is_digit(r); n++)
        r->out->data[r->out->n++] = *r->at++;
    return n;
}

/* Groups of three behind the first one, so that "1.5" is not read as 15 where the dot is the
 * thousands separator. */
static int take_whole(struct reader *r)
{
    size_t first = take_digits(r);
    int grouped = 0;
    while (take(r, r->format->thousands)) {
        grouped = 1;
        if (take_digits(r) != 3)
            return 0;
    }
    return !grouped || (first >= 1 && first <= 3);
}

static int take_exponent(struct reader *r, int64_t *exponent)
{
    *exponent = 0;
    if (r->at == r->end || (*r->at != 'e' && *r->at != 'E'))
        return 1;
    r->at++;
    int negative = r->at < r->end && *r->at == '-';
    if (r->at < r->end && (*r->at == '-' || *r->at == '+'))
        r->at++;
    if (!is_digit(r))
        return 0;
    for (; is_digit(r); r->at++)
        if (*exponent < 100000000)
            *exponent = *exponent * 10 + (*r->at - '0');
    if (negative)
        *exponent = -*exponent;
    return 1;
}

static int64_t fraction_digits(const struct digits *d)
{
    int64_t n = (int64_t)d->n - d->point;
    return n > 0 ? n : 0;
}

static void drop_leading_zeros(struct digits *d)
{
    while (d->n > 0 && d->point > 0 && d->data[0] == '0') {
        d->data++;
        d->n--;
        d->point--;
    }
}

static int is_zero(const struct digits *d)
{
    for (size_t i = 0; i < d->n; i++)
        if (d->data[i] != '0')
            return 0;
    return 1;
}

enum digits_result digits_read(mig_str_t text, const struct digits_format *format, char *room,
                               struct digits *out)
{
    struct reader r = {text.data, text.data + text.len, format, out};
    *out = (struct digits){.data = room + 1};
    if (r.at < r.end && (*r.at == '-' || *r.at == '+'))
        out->negative = *r.at++ == '-';
    if (!take_whole(&r))
        return DIGITS_BAD;
    out->point = (int64_t)out->n;
    if (take(&r, format->decimal) && take_digits(&r) == 0)
        return DIGITS_BAD;
    int64_t exponent;
    if (out->n == 0 || !take_exponent(&r, &exponent) || r.at != r.end)
        return DIGITS_BAD;
    if (is_zero(out))
        exponent = 0;
    out->point += exponent;
    drop_leading_zeros(out);
    if (out->point > DIGITS_MAX_WHOLE || fraction_digits(out) > DIGITS_MAX_FRACTION)
        return DIGITS_TOO_LARGE;
    return DIGITS_OK;
}

int digits_has_fraction(const struct digits *d)
{
    for (size_t i = d->point > 0 ? (size_t)d->point : 0; i < d->n; i++)
        if (d->data[i] != '0')
            return 1;
    return 0;
}

/* Adds one to the last digit that stays. */
static void carry(struct digits *d)
{
    size_t i = d->n;
    while (i > 0 && d->data[i - 1] == '9')
        d->data[--i] = '0';
    if (i > 0) {
        d->data[i - 1]++;
        return;
    }
    *--d->data = '1';
    d->n++;
    d->point++;
}

/* Whether what is cut off, from `at`, makes the number before it one greater. */
static int rounds_up(const struct digits *d, int64_t at, enum digits_mode mode)
{
    if (mode == DIGITS_DOWN || at < 0 || d->data[at] < '5')
        return 0;
    if (mode == DIGITS_HALF_UP || d->data[at] > '5')
        return 1;
    for (size_t i = (size_t)at + 1; i < d->n; i++)
        if (d->data[i] != '0')
            return 1;
    return at > 0 && (d->data[at - 1] - '0') % 2 == 1;
}

int digits_round(struct digits *d, int64_t scale, enum digits_mode mode)
{
    int64_t keep = d->point + scale; /* digits that stay; negative: all are far too small */
    if (keep >= (int64_t)d->n)
        return 0;
    int changed = 0;
    for (size_t i = keep > 0 ? (size_t)keep : 0; i < d->n; i++)
        changed |= d->data[i] != '0';
    int up = rounds_up(d, keep, mode);
    if (keep < 0) {
        d->n = 0;
        d->point = 0;
        return changed;
    }
    d->n = (size_t)keep;
    if (up)
        carry(d);
    return changed;
}

size_t digits_size(const struct digits *d)
{
    size_t whole = d->point > 0 ? (size_t)d->point : 1;
    return whole + (size_t)fraction_digits(d) + 3;
}

size_t digits_write(const struct digits *d, char *out)
{
    size_t len = 0;
    if (d->negative && !is_zero(d))
        out[len++] = '-';
    for (int64_t i = 0; i < d->point; i++)
        out[len++] = (size_t)i < d->n ? d->data[i] : '0';
    if (d->point <= 0)
        out[len++] = '0';
    if (fraction_digits(d) == 0)
        return len;
    out[len++] = '.';
    for (int64_t i = d->point; i < (int64_t)d->n; i++)
        out[len++] = i < 0 ? '0' : d->data[i];
    return len;
}

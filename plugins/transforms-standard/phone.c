/*
 * phone.c - the transform "phone": a telephone number as E.164 has it, "+442079460000".
 *
 * The rule is simple and knows no numbering plan:
 *   - digits of ASCII, wide and Arabic ones count; blanks, dots, hyphens, slashes, brackets and
 *     marks without width do not; any other character, an extension too, makes it no number;
 *   - one that begins with "+" or the international prefix is complete; "(0)" in it is dropped;
 *   - any other is a national one: the trunk prefix goes, the country's code comes. Without the
 *     option `country` it is no number. Where `national` says how many digits there must be behind
 *     the trunk prefix, others are none, but for those that begin with the country's code and are
 *     of the right length with it;
 *   - 8 to 15 digits in all, the first of them not 0.
 * So a number may have the right form and belong to nobody.
 */
#include <string.h>

#include "transform.h"
#include "units.h"
#include "utf8.h"

#define LEAST 8
#define MOST 15

struct phone {
    const mig_host_t *host;
    mig_str_t country, trunk, international;
    size_t national; /* 0: any */
    int null_on_bad;
};

struct digits {
    char text[MOST + 9]; /* with room for prefixes that go */
    size_t n;
    int plus, bad, assumed;
};

static int digit_of(uint32_t c)
{
    static const uint32_t zeros[] = {'0', 0xFF10, 0x0660, 0x06F0};
    for (size_t i = 0; i < sizeof zeros / sizeof *zeros; i++)
        if (c >= zeros[i] && c <= zeros[i] + 9)
            return (int)(c - zeros[i]);
    return -1;
}

static int is_ornament(uint32_t c)
{
    return utf8_is_space(c) || utf8_is_invisible(c) || c == '-' || c == '.' || c == '/' ||
           c == '(' || c == ')' || c == 0xFF08 || c == 0xFF09 || (c >= 0x2010 && c <= 0x2015);
}

static void read_digits(const mig_value_t *in, struct digits *d)
{
    uint32_t c;
    memset(d, 0, sizeof *d);
    for (size_t i = 0, n; i < in->len && !d->bad; i += n) {
        n = utf8_decode(in->data + i, in->len - i, &c);
        int digit = digit_of(c);
        if (d->plus && in->len - i >= 3 && memcmp(in->data + i, "(0)", 3) == 0)
            n = 3;
        else if (digit >= 0 && d->n < sizeof d->text)
            d->text[d->n++] = (char)('0' + digit);
        else if ((c == '+' || c == 0xFF0B) && d->n == 0 && !d->plus)
            d->plus = 1;
        else
            d->bad = digit >= 0 || !is_ornament(c);
    }
}

static int begins(const struct digits *d, mig_str_t prefix)
{
    return prefix.len > 0 && d->n > prefix.len && memcmp(d->text, prefix.data, prefix.len) == 0;
}

static void drop(struct digits *d, size_t n)
{
    d->n -= n;
    memmove(d->text, d->text + n, d->n);
}

/* The digits of a national number with those of its country in front; what cannot be is bad. */
static void make_complete(const struct phone *p, struct digits *d)
{
    if (begins(d, p->international)) {
        drop(d, p->international.len);
        return;
    }
    int whole = p->national && d->n == p->country.len + p->national && begins(d, p->country);
    if (whole)
        return;
    if (begins(d, p->trunk))
        drop(d, p->trunk.len);
    d->bad =
        !p->country.len || (p->national && d->n != p->national) || d->n + p->country.len > MOST;
    if (d->bad)
        return;
    memmove(d->text + p->country.len, d->text, d->n);
    memcpy(d->text, p->country.data, p->country.len);
    d->n += p->country.len;
    d->assumed = 1;
}

static int32_t apply(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct phone *p = self;
    struct digits d;
    int32_t rc;
    if (transform_settled(p->host, in, n_in,
                          TRANSFORM_TAKES(MIG_TEXT) | TRANSFORM_TAKES(MIG_NUMBER), out, &rc))
        return rc;
    *out = (mig_value_t){.kind = MIG_NULL};
    if (utf8_leading_space(in->data, in->len) == in->len)
        return MIG_OK; /* nothing but blanks */
    read_digits(in, &d);
    if (!d.bad && !d.plus)
        make_complete(p, &d);
    if (d.bad || d.n < LEAST || d.n > MOST || d.text[0] == '0') {
        if (!p->null_on_bad)
            return transform_reject(p->host, "bad_phone", "this is no telephone number");
        p->host->repaired(p->host, NULL, "bad_phone_to_null");
        return MIG_OK;
    }
    if (d.assumed)
        p->host->repaired(p->host, NULL, "phone_country_assumed");
    char *text = p->host->alloc(p->host, d.n + 1);
    text[0] = '+';
    memcpy(text + 1, d.text, d.n);
    *out = (mig_value_t){text, (uint32_t)d.n + 1, MIG_TEXT};
    return MIG_OK;
}

static int is_digits(mig_str_t s, size_t most)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] < '0' || s.data[i] > '9')
            return 0;
    return s.len <= most;
}

static int32_t create(const mig_host_t *host, void **self)
{
    struct phone *p = transform_new(host, sizeof *p);
    *self = p;
    p->host = host;
    p->country = transform_option_text(host, "country");
    p->trunk = transform_option_text(host, "trunk");
    p->international = transform_option_text(host, "international");
    p->national = (size_t)transform_option_int(host, "national", 0);
    p->null_on_bad = transform_option_is(host, "on_bad", "null");
    if (!is_digits(p->country, 3) || (p->country.len && p->country.data[0] == '0'))
        return host->fail(host, MIG_E_CONFIG, "\"country\" is no calling code",
                          "give 1 to 3 digits without +, such as 44");
    if (!is_digits(p->trunk, 4) || !is_digits(p->international, 4))
        return host->fail(host, MIG_E_CONFIG, "\"trunk\" and \"international\" are digits",
                          "such as 0 and 00; an empty text for none");
    return MIG_OK;
}

static const mig_option_t OPTIONS[] = {
    {"country", MIG_OPT_TEXT, 0, NULL, NULL,
     "Calling code of the country that national numbers belong to, such as 44; counted."},
    {"national", MIG_OPT_INT, 0, "0", "0..14",
     "Digits of a national number without the trunk prefix; 0: any."},
    {"trunk", MIG_OPT_TEXT, 0, "0", NULL, "What national numbers begin with at home."},
    {"international", MIG_OPT_TEXT, 0, "00", NULL, "What is dialled in place of +."},
    {"on_bad", MIG_OPT_TEXT, 0, "reject", "reject|null",
     "What becomes of one that is none: the record is rejected, or the value is NULL, counted."},
    TRANSFORM_NO_MORE_OPTIONS,
};

TRANSFORM_UNIT(phone_unit, "phone", "A telephone number in the form of E.164.", OPTIONS, create,
               transform_destroy_nothing, apply);

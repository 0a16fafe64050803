/*
 * number.c - the family number.*: whole numbers, decimal numbers, rounding.
 *
 * All work is done on digits. What would lose a digit is refused, unless it is number.round,
 * which counts. Declared separators are those of texts; JSON numbers have their own.
 */
#include <string.h>

#include "digits.h"
#include "transform.h"
#include "units.h"

struct number {
    const mig_host_t *host;
    struct digits_format format;
    int64_t scale;
    enum digits_mode mode;
};

static const struct digits_format PLAIN = {{".", 1}, {"", 0}};

/* A separator that could be part of a number would make two readings of one text. */
static int usable_separator(mig_str_t s)
{
    for (size_t i = 0; i < s.len; i++)
        if (strchr("0123456789+-eE", s.data[i]) != NULL)
            return 0;
    return s.len <= 4;
}

static int32_t create_number(const mig_host_t *host, void **self)
{
    struct number *n = transform_new(host, sizeof *n);
    *self = n;
    n->host = host;
    n->format.decimal = transform_option_text(host, "decimal");
    n->format.thousands = transform_option_text(host, "thousands");
    mig_str_t *decimal = &n->format.decimal, *thousands = &n->format.thousands;
    if (decimal->len == 0)
        *decimal = PLAIN.decimal;
    if (!usable_separator(*decimal) || !usable_separator(*thousands))
        return host->fail(host, MIG_E_CONFIG,
                          "a separator holds a digit, a sign or more than one "
                          "character",
                          "give one character, such as \",\" or \".\"");
    if (decimal->len == thousands->len && memcmp(decimal->data, thousands->data, decimal->len) == 0)
        return host->fail(host, MIG_E_CONFIG, "\"decimal\" and \"thousands\" are the same",
                          "give each its own separator");
    return MIG_OK;
}

/* MIG_OK with `d` filled, or what apply() returns. */
static int32_t read_number(const struct number *n, const mig_value_t *in, struct digits *d)
{
    char *room = n->host->alloc(n->host, (size_t)in->len + 1);
    const struct digits_format *format = in->kind == MIG_NUMBER ? &PLAIN : &n->format;
    switch (digits_read((mig_str_t){in->data, in->len}, format, room, d)) {
    case DIGITS_OK:
        return MIG_OK;
    case DIGITS_BAD:
        return transform_reject(n->host, "bad_number",
                                "the text is no number in its declared form");
    default:
        return transform_reject(n->host, "out_of_range", "the number has too many digits");
    }
}

static int32_t write_number(const struct number *n, const struct digits *d, mig_value_t *out)
{
    char *text = n->host->alloc(n->host, digits_size(d));
    *out = (mig_value_t){text, (uint32_t)digits_write(d, text), MIG_NUMBER};
    return MIG_OK;
}

#define NUMBER_KINDS (TRANSFORM_TAKES(MIG_TEXT) | TRANSFORM_TAKES(MIG_NUMBER))

static int32_t apply_int(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct number *n = self;
    struct digits d;
    int32_t rc;
    if (transform_settled(n->host, in, n_in, NUMBER_KINDS, out, &rc))
        return rc;
    rc = read_number(n, in, &d);
    if (rc != MIG_OK)
        return rc;
    if (digits_has_fraction(&d))
        return transform_reject(n->host, "precision",
                                "the number has a fraction, which a whole number cannot hold");
    digits_round(&d, 0, DIGITS_DOWN);
    return write_number(n, &d, out);
}

static int32_t apply_decimal(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct number *n = self;
    struct digits d;
    int32_t rc;
    if (transform_settled(n->host, in, n_in, NUMBER_KINDS, out, &rc))
        return rc;
    rc = read_number(n, in, &d);
    return rc != MIG_OK ? rc : write_number(n, &d, out);
}

static int32_t create_round(const mig_host_t *host, void **self)
{
    int32_t rc = create_number(host, self);
    struct number *n = *self;
    n->scale = transform_option_int(host, "scale", 0);
    n->mode = transform_option_is(host, "mode", "half_even") ? DIGITS_HALF_EVEN
              : transform_option_is(host, "mode", "down")    ? DIGITS_DOWN
                                                             : DIGITS_HALF_UP;
    return rc;
}

static int32_t apply_round(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct number *n = self;
    struct digits d;
    int32_t rc;
    if (transform_settled(n->host, in, n_in, NUMBER_KINDS, out, &rc))
        return rc;
    rc = read_number(n, in, &d);
    if (rc != MIG_OK)
        return rc;
    if (digits_round(&d, n->scale, n->mode))
        n->host->repaired(n->host, NULL, "round");
    return write_number(n, &d, out);
}

#define SEPARATOR_OPTIONS                                                                          \
    {"decimal", MIG_OPT_TEXT, 0, ".", NULL, "What separates the fraction in texts."},              \
    {                                                                                              \
        "thousands", MIG_OPT_TEXT, 0, NULL, NULL,                                                  \
            "What separates groups of three digits in texts; not set: none."                       \
    }

static const mig_option_t NUMBER_OPTIONS[] = {SEPARATOR_OPTIONS, TRANSFORM_NO_MORE_OPTIONS};

static const mig_option_t ROUND_OPTIONS[] = {
    SEPARATOR_OPTIONS,
    {"scale", MIG_OPT_INT, MIG_OPTF_REQUIRED, NULL, "0..16383", "Digits behind the point."},
    {"mode", MIG_OPT_TEXT, 0, "half_up", "half_up|half_even|down",
     "What becomes of a half: away from zero, to the even digit; down cuts towards zero."},
    TRANSFORM_NO_MORE_OPTIONS,
};

TRANSFORM_UNIT(number_int_unit, "number.int", "Reads a whole number; a fraction is refused.",
               NUMBER_OPTIONS, create_number, transform_destroy_nothing, apply_int);
TRANSFORM_UNIT(number_decimal_unit, "number.decimal",
               "Reads a decimal number with its separators, digit by digit.", NUMBER_OPTIONS,
               create_number, transform_destroy_nothing, apply_decimal);
TRANSFORM_UNIT(number_round_unit, "number.round", "Rounds to a number of digits, counted.",
               ROUND_OPTIONS, create_round, transform_destroy_nothing, apply_round);

/*
 * rescale.c - the transform "number.rescale": a number from one range to another, such as 0-100
 * to 0-4. Exact: whole numbers of 128 bits, rounded once, at the end.
 */
#include <jansson.h>
#include <string.h>

#include "common/keep.h"
#include "digits.h"
#include "transform.h"
#include "units.h"

/* All numbers are counted in 10^-9 and are at most 10^9: products stay below 2^127. */
#define DECIMALS 9
#define MAX_WHOLE 9

__extension__ typedef __int128 wide;

struct rescale {
    const mig_host_t *host;
    wide from[2], to[2];
    int64_t scale;
};

static wide power_of_ten(int64_t n)
{
    wide p = 1;
    while (n-- > 0)
        p *= 10;
    return p;
}

/* MIG_OK, or why the text is no number that fits. */
static enum digits_result read_wide(const mig_host_t *host, const mig_value_t *in, wide *out)
{
    static const struct digits_format plain = {{".", 1}, {"", 0}};
    struct digits d;
    char *room = host->alloc(host, (size_t)in->len + 1);
    enum digits_result r = digits_read((mig_str_t){in->data, in->len}, &plain, room, &d);
    if (r != DIGITS_OK)
        return r;
    if (d.point > MAX_WHOLE || (int64_t)d.n - d.point > DECIMALS)
        return DIGITS_TOO_LARGE;
    *out = 0;
    for (size_t i = 0; i < d.n; i++)
        *out = *out * 10 + (d.data[i] - '0');
    *out *= power_of_ten(DECIMALS - ((int64_t)d.n - d.point));
    if (d.negative)
        *out = -*out;
    return DIGITS_OK;
}

static int32_t load_range(const mig_host_t *host, const char *name, wide range[2])
{
    int32_t rc;
    json_t *list = keep_option_json(host, name, &rc);
    int fits = rc == MIG_OK && json_is_array(list) && json_array_size(list) == 2;
    for (size_t i = 0; i < 2 && fits; i++) {
        mig_value_t value;
        fits = keep_constant(host, json_array_get(list, i), &value) == 0 &&
               value.kind == MIG_NUMBER && read_wide(host, &value, &range[i]) == DIGITS_OK;
    }
    json_decref(list);
    if (rc == MIG_OK && (!fits || range[0] == range[1]))
        rc = host->fail(host, MIG_E_CONFIG, "a range must be two different numbers",
                        "write for example \"from\": [0, 100], \"to\": [0, 4]; at most nine digits "
                        "before the point and nine behind");
    return rc;
}

static int32_t create(const mig_host_t *host, void **self)
{
    struct rescale *r = transform_new(host, sizeof *r);
    *self = r;
    r->host = host;
    r->scale = transform_option_int(host, "scale", 0);
    int32_t rc = load_range(host, "from", r->from);
    return rc != MIG_OK ? rc : load_range(host, "to", r->to);
}

/* Quotient, a half away from zero; 1 when something was rounded. The divisor is positive. */
static int divide(wide n, wide by, wide *out)
{
    wide q = n / by, rest = n % by;
    if (2 * (rest < 0 ? -rest : rest) >= by)
        q += n < 0 ? -1 : 1;
    *out = q;
    return rest != 0;
}

/* A number of so many units of 10^-scale. */
static void write_number(const struct rescale *r, wide n, mig_value_t *out)
{
    char text[64], *at = text + sizeof text;
    int negative = n < 0;
    n = negative ? -n : n;
    for (int64_t i = 0; n > 0 || i <= r->scale; i++) {
        if (i == r->scale && i > 0)
            *--at = '.';
        *--at = (char)('0' + (int)(n % 10));
        n /= 10;
    }
    if (negative)
        *--at = '-';
    size_t len = (size_t)(text + sizeof text - at);
    char *copy = r->host->alloc(r->host, len);
    memcpy(copy, at, len);
    *out = (mig_value_t){copy, (uint32_t)len, MIG_NUMBER};
}

static int outside(const struct rescale *r, wide x)
{
    int rises = r->from[0] < r->from[1];
    return x < r->from[rises ? 0 : 1] || x > r->from[rises ? 1 : 0];
}

static int32_t apply(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct rescale *r = self;
    int32_t rc;
    wide x = 0, y;
    uint32_t takes = TRANSFORM_TAKES(MIG_TEXT) | TRANSFORM_TAKES(MIG_NUMBER);
    if (transform_settled(r->host, in, n_in, takes, out, &rc))
        return rc;
    enum digits_result result = read_wide(r->host, in, &x);
    if (result == DIGITS_BAD)
        return transform_reject(r->host, "bad_number", "the text is no number");
    if (result != DIGITS_OK)
        return transform_reject(r->host, "out_of_range", "the number has too many digits");
    if (outside(r, x))
        return transform_reject(r->host, "out_of_range",
                                "the number lies outside of the declared range");
    wide span = r->from[1] - r->from[0];
    wide n = r->to[0] * span + (x - r->from[0]) * (r->to[1] - r->to[0]);
    if (span < 0) {
        span = -span;
        n = -n;
    }
    if (divide(n, span * power_of_ten(DECIMALS - r->scale), &y))
        r->host->repaired(r->host, NULL, "round");
    write_number(r, y, out);
    return MIG_OK;
}

static const mig_option_t OPTIONS[] = {
    {"from", MIG_OPT_JSON, MIG_OPTF_REQUIRED, NULL, NULL, "The source's range, two numbers."},
    {"to", MIG_OPT_JSON, MIG_OPTF_REQUIRED, NULL, NULL, "What its ends become."},
    {"scale", MIG_OPT_INT, MIG_OPTF_REQUIRED, NULL, "0..9", "Digits behind the point."},
    TRANSFORM_NO_MORE_OPTIONS,
};

TRANSFORM_UNIT(rescale_unit, "number.rescale",
               "Takes a number from one range to another; rounding is counted.", OPTIONS, create,
               transform_destroy_nothing, apply);

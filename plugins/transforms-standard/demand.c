/*
 * demand.c - transforms that change nothing and refuse: "required" and "type".
 */
#include "transform.h"
#include "units.h"
#include "utf8.h"

struct demand {
    const mig_host_t *host;
    uint32_t kind;
    int blank;
};

static int32_t create_required(const mig_host_t *host, void **self)
{
    struct demand *d = transform_new(host, sizeof *d);
    d->host = host;
    d->blank = transform_option_flag(host, "blank");
    *self = d;
    return MIG_OK;
}

static int32_t apply_required(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct demand *d = self;
    int32_t rc = transform_one_input(d->host, n_in);
    if (rc != MIG_OK)
        return rc;
    *out = *in;
    if (in->kind == MIG_ABSENT)
        return transform_reject(d->host, "required", "a required field is missing");
    if (in->kind == MIG_NULL)
        return transform_reject(d->host, "required", "a required field is NULL");
    size_t space = d->blank ? utf8_leading_space(in->data, in->len) : 0;
    if (in->len == space)
        return transform_reject(d->host, "required", "a required field is empty");
    return MIG_OK;
}

static int32_t create_type(const mig_host_t *host, void **self)
{
    struct demand *d = transform_new(host, sizeof *d);
    d->host = host;
    d->kind = transform_option_is(host, "is", "number") ? MIG_NUMBER
              : transform_option_is(host, "is", "bool") ? MIG_BOOL
              : transform_option_is(host, "is", "json") ? MIG_JSON
                                                        : MIG_TEXT;
    *self = d;
    return MIG_OK;
}

static int32_t apply_type(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct demand *d = self;
    int32_t rc;
    if (transform_settled(d->host, in, n_in, TRANSFORM_TAKES(d->kind), out, &rc))
        return rc;
    *out = *in;
    return MIG_OK;
}

static const mig_option_t REQUIRED_OPTIONS[] = {
    {"blank", MIG_OPT_BOOL, 0, "false", NULL, "A text of white space alone is refused, too."},
    TRANSFORM_NO_MORE_OPTIONS,
};

static const mig_option_t TYPE_OPTIONS[] = {
    {"is", MIG_OPT_TEXT, MIG_OPTF_REQUIRED, NULL, "text|number|bool|json",
     "The kind that a value must have; json is an object or an array."},
    TRANSFORM_NO_MORE_OPTIONS,
};

TRANSFORM_UNIT(demand_required_unit, "required", "Refuses what is absent, NULL or empty.",
               REQUIRED_OPTIONS, create_required, transform_destroy_nothing, apply_required);
TRANSFORM_UNIT(demand_type_unit, "type", "Refuses values of another kind than declared.",
               TYPE_OPTIONS, create_type, transform_destroy_nothing, apply_type);

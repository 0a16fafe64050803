/*
 * fallback.c - values that do not come from the field: "default", "constant", "coalesce".
 *
 * A default replaces only what its option `on` names, and each use is counted: a report says
 * how often the source had nothing.
 */
#include <string.h>

#include "common/keep.h"
#include "common/say.h"
#include "transform.h"
#include "units.h"

struct fallback {
    const mig_host_t *host;
    mig_value_t value;
    int on_absent, on_null, on_empty;
};

static int32_t load_value(struct fallback *f)
{
    int32_t rc;
    json_t *value = keep_option_json(f->host, "value", &rc);
    if (rc == MIG_OK && (!value || keep_constant(f->host, value, &f->value) != 0))
        rc = f->host->fail(f->host, MIG_E_CONFIG, "\"value\" is missing or too long", NULL);
    json_decref(value);
    return rc;
}

static int32_t load_on(struct fallback *f)
{
    int32_t rc;
    uint32_t n;
    const mig_value_t *on = transform_option_list(f->host, "on", &n, &rc);
    for (uint32_t i = 0; i < n && rc == MIG_OK; i++) {
        int absent = transform_equal(&on[i], "absent"), null = transform_equal(&on[i], "null");
        int empty = transform_equal(&on[i], "empty");
        f->on_absent |= absent;
        f->on_null |= null;
        f->on_empty |= empty;
        if (!absent && !null && !empty)
            rc = say_fail(f->host, MIG_E_CONFIG, "take from: absent, null, empty",
                          "\"on\" holds \"%.*s\", which is no cause for a default", (int)on[i].len,
                          on[i].data);
    }
    return rc;
}

static int32_t create_constant(const mig_host_t *host, void **self)
{
    struct fallback *f = transform_new(host, sizeof *f);
    *self = f;
    f->host = host;
    return load_value(f);
}

static int32_t create_default(const mig_host_t *host, void **self)
{
    int32_t rc = create_constant(host, self);
    return rc != MIG_OK ? rc : load_on(*self);
}

static int32_t apply_default(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct fallback *f = self;
    int32_t rc = transform_one_input(f->host, n_in);
    if (rc != MIG_OK)
        return rc;
    int replace = in->kind == MIG_ABSENT ? f->on_absent
                  : in->kind == MIG_NULL ? f->on_null
                                         : f->on_empty && in->len == 0;
    *out = replace ? f->value : *in;
    if (replace)
        f->host->repaired(f->host, NULL, "default");
    return MIG_OK;
}

static int32_t apply_constant(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct fallback *f = self;
    (void)in;
    (void)n_in;
    *out = f->value;
    return MIG_OK;
}

static int32_t apply_coalesce(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    (void)self;
    *out = (mig_value_t){.kind = MIG_ABSENT};
    for (uint32_t i = 0; i < n_in; i++) {
        if (in[i].kind > MIG_NULL && in[i].len > 0) {
            *out = in[i];
            return MIG_OK;
        }
        if (in[i].kind != MIG_ABSENT)
            out->kind = MIG_NULL;
    }
    return MIG_OK;
}

static const mig_option_t DEFAULT_OPTIONS[] = {
    {"value", MIG_OPT_JSON, MIG_OPTF_REQUIRED, NULL, NULL, "The value that is put in, counted."},
    {"on", MIG_OPT_JSON, 0, "[\"absent\",\"null\"]", NULL,
     "When: a list of absent (the source does not say), null, empty (a text of no length)."},
    TRANSFORM_NO_MORE_OPTIONS,
};

static const mig_option_t CONSTANT_OPTIONS[] = {
    {"value", MIG_OPT_JSON, MIG_OPTF_REQUIRED, NULL, NULL, "The value, whatever the source says."},
    TRANSFORM_NO_MORE_OPTIONS,
};

TRANSFORM_UNIT(fallback_default_unit, "default", "Puts in a value where there is none, counted.",
               DEFAULT_OPTIONS, create_default, transform_destroy_nothing, apply_default);
TRANSFORM_UNIT(fallback_constant_unit, "constant", "Gives one value, whatever the source says.",
               CONSTANT_OPTIONS, create_constant, transform_destroy_nothing, apply_constant);
TRANSFORM_UNIT(fallback_coalesce_unit, "coalesce",
               "Takes the first of several values that is not empty.", NULL, transform_create_plain,
               transform_destroy_nothing, apply_coalesce);

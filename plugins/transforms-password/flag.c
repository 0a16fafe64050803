/*
 * flag.c - the transform "password.must_reset": for the column that says whether a user must set a
 * new password, from the same field and options as "password.bcrypt".
 */
#include <stdlib.h>

#include "policy.h"
#include "units.h"

static int32_t create(const mig_host_t *host, void **self)
{
    struct policy *p = host->alloc(host, sizeof *p);
    *self = p;
    return policy_read(p, host);
}

static void destroy(void *self)
{
    (void)self;
}

static int32_t apply(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    enum policy_act act;
    enum policy_kind kind;
    int32_t rc = policy_decide(self, in, n_in, &act, &kind);
    if (rc != MIG_OK)
        return rc;
    int must = act == POLICY_RESET || act == POLICY_GENERATE ||
               (act == POLICY_KEEP && kind == POLICY_MISSING);
    *out = must ? (mig_value_t){"true", 4, MIG_BOOL} : (mig_value_t){"false", 5, MIG_BOOL};
    return MIG_OK;
}

static const mig_option_t OPTIONS[] = {
    POLICY_OPTIONS,
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const mig_transform_ops_t OPS = {
    .size = sizeof(mig_transform_ops_t),
    .flags = MIG_TRANSFORM_PURE | MIG_TRANSFORM_SECRET,
    .apply = apply,
};

const mig_unit_t flag_unit = {
    .size = sizeof(mig_unit_t),
    .kind = MIG_TRANSFORM,
    .name = "password.must_reset",
    .summary = "Must the user set a new password? True where \"password.bcrypt\" keeps none.",
    .options = OPTIONS,
    .create = create,
    .destroy = destroy,
    .ops = &OPS,
};

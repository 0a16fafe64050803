/* zoo.h - the parts of a sound plugin; each file of the zoo spoils one of them. */
#ifndef MIGHOST_TESTS_ZOO_H
#define MIGHOST_TESTS_ZOO_H

#include <mighost/plugin.h>

static int32_t zoo_create(const mig_host_t *host, void **self)
{
    *self = (void *)(uintptr_t)host;
    return MIG_OK;
}

static void zoo_destroy(void *self)
{
    (void)self;
}

static int32_t zoo_apply(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    (void)self;
    if (n_in != 1)
        return MIG_E_BUG;
    *out = in[0];
    return MIG_OK;
}

static const mig_transform_ops_t zoo_ops = {sizeof zoo_ops, MIG_TRANSFORM_PURE, zoo_apply};

/* A unit that returns its one input; overridden members come last and win. */
#define ZOO_UNIT(...)                                                                              \
    {                                                                                              \
        .size = sizeof(mig_unit_t), .kind = MIG_TRANSFORM, .name = "same",                         \
        .summary = "Returns its input.", .create = zoo_create, .destroy = zoo_destroy,             \
        .ops = &zoo_ops, __VA_ARGS__                                                               \
    }

#define ZOO_PLUGIN(...)                                                                            \
    MIG_EXPORT const mig_plugin_t mighost_plugin = {.magic = MIG_MAGIC,                            \
                                                    .abi_major = MIG_ABI_MAJOR,                    \
                                                    .abi_minor = MIG_ABI_MINOR,                    \
                                                    .size = sizeof(mig_plugin_t),                  \
                                                    .id = "org.example.zoo",                       \
                                                    .version = "1",                                \
                                                    .units = zoo_units,                            \
                                                    __VA_ARGS__}

#endif

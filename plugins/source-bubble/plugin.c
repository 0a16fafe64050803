/*
 * plugin.c - the constant that the host looks for.
 */
#include "units.h"

static const mig_unit_t *const units[] = {&bubble_unit, &rest_unit, NULL};

extern MIG_EXPORT const mig_plugin_t mighost_plugin;
const mig_plugin_t mighost_plugin = {
    .magic = MIG_MAGIC,
    .abi_major = MIG_ABI_MAJOR,
    .abi_minor = MIG_ABI_MINOR,
    .size = sizeof(mig_plugin_t),
    .id = "org.mighost.source-bubble",
    .version = "0.1.0",
    .units = units,
};

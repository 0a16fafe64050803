/*
 * plugin.c - the descriptor: the list of the units of this plugin, nothing else.
 */
#include "notice.h"

static const mig_unit_t *const UNITS[] = {&webhook_unit, &command_unit, NULL};

MIG_EXPORT const mig_plugin_t mighost_plugin = {
    .magic = MIG_MAGIC,
    .abi_major = MIG_ABI_MAJOR,
    .abi_minor = MIG_ABI_MINOR,
    .size = sizeof(mig_plugin_t),
    .id = "org.mighost.reporter-notify",
    .version = "1.0",
    .units = UNITS,
};

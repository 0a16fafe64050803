/*
 * plugin.c - the descriptor of the plugin of the example share/examples/classroom: two migrators
 * for what a field mapping cannot say, lists inside of records. classes.c is the one to read first.
 */
#include "classroom.h"

static const mig_unit_t *const UNITS[] = {&classroom_classes, &classroom_rosters, NULL};

MIG_EXPORT const mig_plugin_t mighost_plugin = {
    .magic = MIG_MAGIC,
    .abi_major = MIG_ABI_MAJOR,
    .abi_minor = MIG_ABI_MINOR,
    .size = sizeof(mig_plugin_t),
    .id = "org.mighost.example.classroom",
    .version = "1.0",
    .units = UNITS,
};

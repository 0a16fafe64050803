/*
 * plugin.c - the descriptor of the plugin of the example share/examples/school: four migrators,
 * each of which makes a user, with role, profile and address, of a record, and what it is to a
 * school. person.h is the one to read first.
 */
#include "units.h"

static const mig_unit_t *const UNITS[] = {&schools_unit, &teachers_unit, &parents_unit,
                                          &students_unit, NULL};

MIG_EXPORT const mig_plugin_t mighost_plugin = {
    .magic = MIG_MAGIC,
    .abi_major = MIG_ABI_MAJOR,
    .abi_minor = MIG_ABI_MINOR,
    .size = sizeof(mig_plugin_t),
    .id = "org.mighost.example.school",
    .version = "1.0",
    .units = UNITS,
};

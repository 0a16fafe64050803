/*
 * plugin.c - the descriptor: the list of all reporters of this plugin, nothing else.
 */
#include "reporter.h"

static const mig_unit_t *const UNITS[] = {&summary_unit, &errors_unit,     &json_unit,
                                          &sql_unit,     &idmap_unit,      &log_unit,
                                          &html_unit,    &testreport_unit, NULL};

MIG_EXPORT const mig_plugin_t mighost_plugin = {
    .magic = MIG_MAGIC,
    .abi_major = MIG_ABI_MAJOR,
    .abi_minor = MIG_ABI_MINOR,
    .size = sizeof(mig_plugin_t),
    .id = "org.mighost.reporters-standard",
    .version = "1.0",
    .units = UNITS,
};

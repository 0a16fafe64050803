/*
 * reporter.c - the plugin "reporters-standard": the exported symbol, and the instance that most
 * of its units share.
 */
#include "reporter.h"

#include "out.h"

int32_t reporter_create(const mig_host_t *host, void **self)
{
    struct reporter *r = host->alloc(host, sizeof *r);
    r->host = host;
    *self = r;
    return out_option(host, "file", &r->file);
}

void reporter_destroy(void *self)
{
    (void)self;
}

static const mig_unit_t *const UNITS[] = {&summary_unit, &errors_unit, &json_unit, &sql_unit,
                                          &idmap_unit,   &log_unit,    NULL};

MIG_EXPORT const mig_plugin_t mighost_plugin = {
    .magic = MIG_MAGIC,
    .abi_major = MIG_ABI_MAJOR,
    .abi_minor = MIG_ABI_MINOR,
    .size = sizeof(mig_plugin_t),
    .id = "org.mighost.reporters-standard",
    .version = "1.0",
    .units = UNITS,
};

/*
 * reporter.c - the instance that most units of this plugin share.
 */
#include "reporter.h"

#include "names.h"

int32_t reporter_create(const mig_host_t *host, void **self)
{
    struct reporter *r = host->alloc(host, sizeof *r);
    r->host = host;
    *self = r;
    return names_option(host, "file", &r->file);
}

void reporter_destroy(void *self)
{
    (void)self;
}

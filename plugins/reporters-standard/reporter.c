/*
 * reporter.c - the instance that most units of this plugin share.
 */
#include "reporter.h"

#include "names.h"
#include "view.h"

int32_t reporter_create(const mig_host_t *host, void **self)
{
    struct reporter *r = host->alloc(host, sizeof *r);
    r->host = host;
    *self = r;
    return names_option(host, "file", &r->file);
}

int32_t reporter_begin(const struct reporter *r, const mig_report_t *report, const char **name,
                       json_t **root)
{
    int32_t rc = names_file(r->host, report, r->file, name);
    return rc == MIG_OK ? view_load(r->host, report, root) : rc;
}

void reporter_destroy(void *self)
{
    (void)self;
}

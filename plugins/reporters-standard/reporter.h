/* reporter.h - the units of this plugin, and what makes one. */
#ifndef MIGHOST_REPORTERS_REPORTER_H
#define MIGHOST_REPORTERS_REPORTER_H

#include <jansson.h>
#include <mighost/plugin.h>

extern const mig_unit_t summary_unit, errors_unit, json_unit, sql_unit, idmap_unit, log_unit,
    html_unit, testreport_unit;

/* A unit from its name, sentence, options and functions. */
#define REPORTER_UNIT(symbol, unit_name, sentence, option_table, make, report_function)            \
    static const mig_reporter_ops_t symbol##_ops = {sizeof symbol##_ops, 0, report_function};      \
    const mig_unit_t symbol = {.size = sizeof(mig_unit_t),                                         \
                               .kind = MIG_REPORTER,                                               \
                               .name = unit_name,                                                  \
                               .summary = sentence,                                                \
                               .options = option_table,                                            \
                               .create = make,                                                     \
                               .destroy = reporter_destroy,                                        \
                               .ops = &symbol##_ops}

#define REPORTER_NO_MORE_OPTIONS                                                                   \
    {                                                                                              \
        NULL, 0, 0, NULL, NULL, NULL                                                               \
    }

/* An instance with one option "file", in memory of the host. */
struct reporter {
    const mig_host_t *host;
    const char *file;
};
int32_t reporter_create(const mig_host_t *host, void **self);
/* The name of its file in this run, and the report, which is the caller's. */
int32_t reporter_begin(const struct reporter *r, const mig_report_t *report, const char **name,
                       json_t **root);
void reporter_destroy(void *self); /* nothing: the host owns the memory */

#endif

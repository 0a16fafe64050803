/* names.h - names of files in the bundle, as the options give them: {time} in one stands for the
 * start of the run, 20260131_235959 in UTC, {run} for its number. */
#ifndef MIGHOST_REPORTERS_NAMES_H
#define MIGHOST_REPORTERS_NAMES_H

#include <mighost/plugin.h>

/* The value of a text option, in the host's memory; a word in {} that is not known is refused. */
int32_t names_option(const mig_host_t *host, const char *option, const char **pattern);
/* The name of this run's file. */
int32_t names_file(const mig_host_t *host, const mig_report_t *report, const char *pattern,
                   const char **name);

#endif

/* option.h - the values of a unit's own options, in create(). What the host has checked by the
 * unit's table needs no check here. */
#ifndef MIGHOST_PLUGINS_OPTION_H
#define MIGHOST_PLUGINS_OPTION_H

#include <mighost/plugin.h>

/* A copy that the caller frees; NULL: not set, or no memory. */
char *option_text(const mig_host_t *host, const char *name);
/* The same in the host's memory, which lives as long as the unit; NULL: not set. 0 or negative. */
int32_t option_keep(const mig_host_t *host, const char *name, const char **text);
/* `otherwise`: what holds where it is not set. */
size_t option_number(const mig_host_t *host, const char *name, size_t otherwise);
int option_flag(const mig_host_t *host, const char *name);

#endif

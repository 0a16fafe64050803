/* abicheck.h - is a plugin's descriptor sound? Pure: reads the descriptor, calls nothing. */
#ifndef MIGHOST_ABICHECK_H
#define MIGHOST_ABICHECK_H

#include <mighost/plugin.h>

#include "status.h"

/* All faults of the descriptor, each naming `path`; STATUS_OK or STATUS_PLUGIN. Nothing behind
 * the first 16 bytes is touched unless these are right. */
int abicheck_plugin(const mig_plugin_t *plugin, const char *path, struct faults *faults);

/* A version of the ABI, "0.1": can a plugin that asks for `wants` run on a host of `has`? */
struct abicheck_version {
    unsigned major, minor;
};
int abicheck_fits(struct abicheck_version wants, struct abicheck_version has);
/* Sets the error for a version that does not fit; `subject` is who says so: "plugin /x.so is". */
int abicheck_refuse(struct abicheck_version wants, struct abicheck_version has, const char *subject,
                    struct error *err);
/* What this host speaks. */
struct abicheck_version abicheck_host(void);

#endif

/* hostfiles.h - the services by which reporters write files of the bundle: several may be open at a
 * time. [main] thread. */
#ifndef MIGHOST_HOSTFILES_H
#define MIGHOST_HOSTFILES_H

#include "host.h"

int32_t hostfiles_open(const mig_host_t *h, const char *name, uint32_t *handle);
int32_t hostfiles_write(const mig_host_t *h, uint32_t handle, const void *data, size_t len);
int32_t hostfiles_close(const mig_host_t *h, uint32_t handle);
/* Removes the files that a reporter left open, and says how many there were. */
size_t hostfiles_drop(struct host *h);

#endif

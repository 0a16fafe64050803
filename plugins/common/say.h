/* say.h - formatted texts for the services of the host that take a finished one. Control
 * characters become '?', because names come from sources and texts go to terminals. */
#ifndef MIGHOST_PLUGINS_SAY_H
#define MIGHOST_PLUGINS_SAY_H

#include <mighost/plugin.h>

/* host->fail(); `fix` is a finished text or NULL. Returns `status`. */
int32_t say_fail(const mig_host_t *host, int32_t status, const char *fix, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* host->reject() of the whole record. Returns MIG_REJECT. */
int32_t say_reject(const mig_host_t *host, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void say_log(const mig_host_t *host, int32_t level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

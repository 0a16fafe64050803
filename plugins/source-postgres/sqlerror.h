/* sqlerror.h - what a SQLSTATE means for reading a source. The server's own texts carry values
 * of rows and are never passed on. */
#ifndef MIGHOST_SOURCE_POSTGRES_SQLERROR_H
#define MIGHOST_SOURCE_POSTGRES_SQLERROR_H

#include <mighost/plugin.h>

struct sqlerror {
    const char *state; /* five characters, or two: the whole class */
    int32_t status;    /* MIG_E_SOURCE or MIG_E_TEMPORARY */
    const char *what;
    const char *fix; /* or NULL */
};

/* Never NULL: unknown codes get a general text. */
const struct sqlerror *sqlerror_find(const char *state);
/* host->fail() with "<subject>: <what> (SQLSTATE ...)". Returns the status. */
int32_t sqlerror_fail(const mig_host_t *host, const char *state, const char *subject);

#endif

/* tls.h - databases of a job whose server does not prove which one it is. Looks at URLs, connects
 * to nothing. */
#ifndef MIGHOST_TLS_H
#define MIGHOST_TLS_H

#include "job.h"

/* Of the sources that are PostgreSQL: a fault (STATUS_CONFIG) each, or a note where it is allowed.
 */
void tls_sources(struct job *job, struct faults *faults);
/* The note on the target, which has been connected to. */
void tls_target(struct job *job, const char *url);

#endif

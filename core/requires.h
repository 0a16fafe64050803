/* requires.h - what project and plugins ask of the target beyond its tables: extensions, and the
 * version of the application's schema. */
#ifndef MIGHOST_REQUIRES_H
#define MIGHOST_REQUIRES_H

#include "job.h"
#include "pg.h"

/* Every extension that is missing and a version that is another become faults, STATUS_PREFLIGHT.
 * Reads only, in own transactions; none where nothing is asked. 0, or a status when the target
 * could not be asked. */
int requires_check(const struct job *job, struct pg *pg, struct faults *faults, struct error *err);

#endif

/* rights.h - what a role must be granted for a job, run and undo included. */
#ifndef MIGHOST_RIGHTS_H
#define MIGHOST_RIGHTS_H

#include "job.h"
#include "pg.h"

/* A fault for each object on which the role lacks something, with the GRANT. In the caller's
 * transaction. */
int rights_check(const struct job *job, struct pg *pg, struct faults *faults, struct error *err);
/* All that is needed, granted already or not: a GRANT a line. Own transaction. */
int rights_text(const struct job *job, struct pg *pg, struct str *out, struct error *err);

#endif

/* preflight.h - is the target fit for this run? Every refusal with its fix, all at once, before
 * anything is written. */
#ifndef MIGHOST_PREFLIGHT_H
#define MIGHOST_PREFLIGHT_H

#include "job.h"
#include "pg.h"
#include "str.h"

/* The server: version, recovery, read-only, encoding, pooler. Own transaction. */
int preflight_server(struct pg *pg, struct faults *faults, struct str *notes, struct error *err);
/* The tables of the job: what is in them and what triggers are there. */
int preflight_tables(const struct job *job, struct pg *pg, struct str *notes, struct error *err);
/* pg_dump for the backup is there and fits, and there is room for it; sources answer. */
void preflight_outside(const struct job *job, struct pg *pg, struct faults *faults);

#endif

/* backup_load.h - the SQL that pg_restore makes of a backup's data -> COPY into the target. */
#ifndef MIGHOST_BACKUP_LOAD_H
#define MIGHOST_BACKUP_LOAD_H

#include <stdio.h>

#include "backup_manifest.h"
#include "pg.h"
#include "status.h"

/* Within the caller's transaction. Every table of the manifest must be in `script` once; other
 * tables there are passed over. 0, STATUS_BACKUP when the script is not as expected, or what
 * the server said. */
int backup_load(struct pg *pg, FILE *script, const struct backup_manifest *m, struct error *err);

#endif

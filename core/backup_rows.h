/* backup_rows.h - rows of one owner and all below them: found, written into a backup, and put back.
 * Within the caller's transaction. */
#ifndef MIGHOST_BACKUP_ROWS_H
#define MIGHOST_BACKUP_ROWS_H

#include "backup.h"
#include "backup_manifest.h"
#include "outdir.h"
#include "pg.h"

/* Temporary table: which rows (tableoid, ctid) belong to the group, gone with the transaction. */
#define BACKUP_ROWS_FOUND "pg_temp._mig_rows"

/* Fills it, in one snapshot (REPEATABLE READ) or under locks, and `part` with the tables that the
 * group can have rows in, parents first. Texts live in `mem`. STATUS_CONFIG when the rule's table
 * is not there, or what the server said of its condition. */
int backup_rows_find(struct pg *pg, const struct backup_request *request,
                     const struct project_rows *rule, struct backup_part *part, struct arena *mem,
                     struct error *err);
/* Adds what is below the rows that are in it, to a fixed point. */
int backup_rows_follow(struct pg *pg, struct error *err);
/* Writes part->file of `dir`, a script that psql can run too, and each table's digest. */
int backup_rows_write(struct pg *pg, struct backup_part *part, struct outdir *dir,
                      struct arena *mem, struct backup_file *file, struct error *err);

#endif

/* backup_prepare.h - makes tables ready to be filled from a backup, and as they were afterwards:
 * foreign keys, triggers, the rows that are there. All within the caller's transaction. */
#ifndef MIGHOST_BACKUP_PREPARE_H
#define MIGHOST_BACKUP_PREPARE_H

#include "backup_manifest.h"
#include "pg.h"
#include "str.h"

struct backup_prepare {
    struct pg *pg;
    int keep_rows;     /* the caller deletes those that must go */
    struct str oids;   /* "16384, 16390": the tables and all their present partitions */
    struct str finish; /* statements that undo what was done, in order */
};

/* Locks and empties the tables. 0, STATUS_REFUSED for a table that is not there or cannot be
 * emptied, or what the server said. Clear in every case. */
int backup_prepare_begin(struct backup_prepare *p, const struct backup_manifest *m,
                         struct error *err);
/* Makes the foreign keys again, which checks all rows; triggers fire again. STATUS_REFUSED when
 * rows of other tables refer to rows that are not in the backup. */
int backup_prepare_end(struct backup_prepare *p, struct error *err);
void backup_prepare_clear(struct backup_prepare *p);

#endif

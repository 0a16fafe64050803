/* backup_dump.h - pg_dump of a database, or of some of its tables, into one file, and the digest of
 * each table as of the very same snapshot, which stays open for others until the end. */
#ifndef MIGHOST_BACKUP_DUMP_H
#define MIGHOST_BACKUP_DUMP_H

#include "backup.h"
#include "backup_tables.h"
#include "backup_tools.h"
#include "outdir.h"
#include "pg.h"

struct backup_dump {
    const struct backup_request *request;
    const char *role; /* of the database, for messages: "target" */
    struct arena *mem;
    struct backup_tools tools;
    struct backup_tables tables;
    struct pg *pg;
    char sha256[65];
    uint64_t size;
};

/* Connects; finds the programs, and the tables with their size. The caller sets the first three
 * members, all else is zero. 0 or a status; close in every case. */
int backup_dump_open(struct backup_dump *d, struct error *err);
/* Begins the transaction of the snapshot, and writes file `name` of `dir`, if the scope is not
 * BACKUP_NONE. */
int backup_dump_write(struct backup_dump *d, struct outdir *dir, const char *name,
                      struct error *err);
void backup_dump_close(struct backup_dump *d);

#endif

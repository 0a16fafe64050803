/* backup_tables.h - what a backup comprises: the tables asked for with their partitions, and the
 * sequences that only they draw from. */
#ifndef MIGHOST_BACKUP_TABLES_H
#define MIGHOST_BACKUP_TABLES_H

#include "backup.h"
#include "backup_manifest.h"
#include "pg.h"

struct backup_tables {
    struct backup_table *tables;
    size_t n;
    const char **patterns; /* for pg_dump -t: tables and sequences, quoted */
    size_t n_patterns;
    uint64_t bytes; /* on disk, without indexes */
};

/* Texts live in `mem`. 0, STATUS_BACKUP for a table that is not there. */
int backup_tables_read(struct pg *pg, const struct backup_request *request, struct arena *mem,
                       struct backup_tables *out, struct error *err);

#endif

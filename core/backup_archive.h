/* backup_archive.h - the archive in a backup: opened once it is what the manifest says, and its
 * rows as a script. */
#ifndef MIGHOST_BACKUP_ARCHIVE_H
#define MIGHOST_BACKUP_ARCHIVE_H

#include <stdio.h>

#include "backup_manifest.h"
#include "status.h"

/* A file without a name in directory `dir`, in the backup's own file system: what it will hold is
 * personal data. NULL with STATUS_BACKUP. */
FILE *backup_archive_scratch(int dir, struct error *err);
/* File `name` of the backup in `dir`, whose very bytes have the SHA-256 of the manifest. -1 with
 * STATUS_BACKUP. */
int backup_archive_open(int dir, const struct backup_manifest *m, const char *name,
                        struct error *err);
/* What "pg_restore --data-only" makes of data.dump, for backup_load(), into `script`. */
int backup_archive_unpack(int dir, const struct backup_manifest *m, FILE *script,
                          struct error *err);

#endif

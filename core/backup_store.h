/* backup_store.h - the directory of all backups, for the other backup files. */
#ifndef MIGHOST_BACKUP_STORE_H
#define MIGHOST_BACKUP_STORE_H

/* Names of backups that are being made and removed: never listed. */
#define BACKUP_STORE_MAKING ".making-"
#define BACKUP_STORE_REMOVED ".removed-"

/* Removes the directory `name` below `dir` with the files in it. 0 or -1 with errno. */
int backup_store_remove(int dir, const char *name);

#endif

/* backup_tools.h - runs pg_dump and pg_restore of a fitting version: secrets by environment
 * only, what they say on failure kept short and masked. */
#ifndef MIGHOST_BACKUP_TOOLS_H
#define MIGHOST_BACKUP_TOOLS_H

#include "pgtools.h"
#include "status.h"

struct backup_tools {
    struct pgtools pg;
    char **from_url; /* owned, wiped at the end */
    char **env;      /* those and our own PG* variables, borrowed */
};

/* Version `major` or the next newer one. `url` may be NULL: no connection is made. 0, or
 * STATUS_BACKUP with what to install. Close in every case. */
int backup_tools_open(struct backup_tools *t, int major, const char *url, struct error *err);
void backup_tools_close(struct backup_tools *t);
/* argv[0]: "pg_dump" or "pg_restore", replaced by its path. `in_fd` -1: none. 0 or
 * STATUS_BACKUP. */
int backup_tools_run(const struct backup_tools *t, const char **argv, int in_fd, int out_fd,
                     struct error *err);

#endif

/* backup_manifest.h - manifest.json of a backup: what it is and what its files must be. The last
 * line holds a SHA-256 over all bytes before it, as PostgreSQL's backup_manifest does, so that
 * no byte of the file can change unseen. */
#ifndef MIGHOST_BACKUP_MANIFEST_H
#define MIGHOST_BACKUP_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "status.h"
#include "str.h"

#define BACKUP_MANIFEST "manifest.json"
#define BACKUP_DATA "data.dump"
#define BACKUP_ID_SIZE 64

struct backup_table {
    const char *schema, *name;
    int partitioned; /* has no rows of its own: its partitions are listed as well */
    /* How many rows, and what they come to (see backup_digest.h); NULL: not known. */
    const char *rows, *digest;
    const char *columns; /* of a part: those that it has, "a", "b"; else NULL */
    const char *into;    /* restore: the table that takes the rows, quoted; NULL: itself */
};

/* What a backup has besides the tables of its scope: rows of one owner, or a source as a whole. */
struct backup_part {
    const char *kind; /* "rows", "source" */
    const char *name, *file;
    const char *table, *where;   /* the rule of rows; "" */
    struct backup_table *tables; /* parents before children */
    size_t n_tables;
};

struct backup_file {
    const char *name, *sha256;
    uint64_t size;
};

struct backup_manifest {
    const char *id, *time, *run, *project, *scope, *label;
    int server_version, tool_major;
    struct backup_table *tables;
    size_t n_tables;
    struct backup_part *parts;
    size_t n_parts;
    const struct backup_file *files;
    size_t n_files;
};

/* 1 for "backup-YYYY-MM-DDTHH-MM-SS-mmmZ", also with "-N" behind it. */
int backup_id_ok(const char *id);

void backup_manifest_write(const struct backup_manifest *m, struct str *out);
/* From the open directory of backup `id`; all texts live in `mem`. 0 or STATUS_BACKUP. */
int backup_manifest_read(int dir, const char *id, struct arena *mem, struct backup_manifest *out,
                         struct error *err);
/* Are exactly the files there, of their sizes, and with `digests` of their SHA-256? */
int backup_manifest_check(int dir, const struct backup_manifest *m, int digests, struct error *err);

#endif

/* backup.h - backups by pg_dump with a SHA-256 manifest; list, check, restore, prune. Programs
 * are called with argv arrays, secrets by environment only. One backup is one directory
 * "backup-YYYY-MM-DDTHH-MM-SS-mmmZ" (-2, -3 ... on collision) with data.dump (pg_dump -Fc),
 * manifest.json (id, run, project, time, scope, tables, server, tool, SHA-256 and size of each
 * file, and a SHA-256 of the manifest's own content). */
#ifndef MIGHOST_BACKUP_H
#define MIGHOST_BACKUP_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "backup_manifest.h"
#include "project.h"
#include "status.h"
#include "str.h"

struct pg;

/* A reference that the target does not declare. */
struct backup_link {
    const char *child, *parent; /* quoted, with their schema */
    const char *condition;      /* "p" is the parent, "c" the child */
};

/* A source that is backed up as a whole; it is only read. */
struct backup_source {
    const char *name, *url;
};

struct backup_request {
    const char *dir; /* absolute */
    const char *url; /* of the target */
    struct pg *pg;   /* a session there with nothing to do, borrowed; NULL: a new one */
    const char *project;
    const char *run;   /* run id as text, or "" */
    const char *label; /* what a person calls it, or NULL */
    enum backup_scope scope;
    const char *const *tables;       /* "schema.table" parts unquoted, as {schema, name} pairs */
    size_t n_tables;                 /* pairs */
    const struct project_rows *rows; /* of their own, their tables with a schema */
    size_t n_rows;
    const struct backup_source *sources; /* PostgreSQL databases */
    size_t n_sources;
    const struct backup_link *links; /* undeclared references */
    size_t n_links;
    int server_version;       /* 150020; 0: it is asked */
    const char *state_schema; /* left out of a backup of the whole database; NULL: "mighost" */
};

struct backup_info {
    const char *id, *time, *run, *project, *scope, *path, *label;
    const struct backup_table *tables; /* that it covers */
    size_t n_tables;
    const struct backup_part *parts;
    size_t n_parts;
    uint64_t size;
    int good;          /* manifest and digests agree */
    const char *fault; /* why not */
};

/* 0 with the id; otherwise STATUS_BACKUP, or what pg_connect says of a target that is out of
 * reach, and nothing is left under a final name. Checks free disk space against the tables' size
 * first. Partitions and the sequences that defaults draw from go with their tables. */
int backup_make(const struct backup_request *request, char id[64], struct error *err);
/* Is there room for tables that take so many bytes? Makes the directory. */
int backup_room(const char *dir, uint64_t bytes, struct error *err);
/* Newest first. `check` 1: digests are read again. */
int backup_list(const char *dir, int check, struct arena *mem, struct backup_info **out, size_t *n,
                struct error *err);
/* Checks manifest and digests: 0 or STATUS_BACKUP naming the file. */
int backup_verify(const char *dir, const char *id, struct error *err);
/* Tables back to what they were, in one transaction (data only; the rows that are there are
 * deleted first); sequences too. Foreign keys of and to the tables are dropped for that and made
 * again, which checks them; triggers do not fire: the role must own the tables. A damaged backup
 * is refused before anything is touched. STATUS_REFUSED when rows outside of the backup refer to
 * rows that it does not have. */
int backup_restore(const char *dir, const char *id, const char *url, struct error *err);
/* The rows of `rows` alone, as the backup has them, in the same manner: those that belong to it now
 * go, and those with a key that comes back. STATUS_REFUSED also where the rule, or the columns,
 * were others when it was made. */
int backup_rows_restore(const char *dir, const char *id, const struct backup_request *request,
                        struct error *err);
/* Removes those older than `days`, and those beyond the `keep` newest whole ones (0: no such
 * rule), never the newest good one; also what killed backups left. Appends removed ids as lines
 * to `out` (may be NULL). */
int backup_prune(const char *dir, int64_t days, int64_t keep, struct str *out, struct error *err);

#endif

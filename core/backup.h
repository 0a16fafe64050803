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
#include "project.h"
#include "status.h"
#include "str.h"

struct backup_request {
    const char *dir; /* absolute */
    const char *url; /* of the target */
    const char *project;
    const char *run; /* run id as text, or "" */
    enum backup_scope scope;
    const char *const *tables; /* "schema.table" parts unquoted, as {schema, name} pairs */
    size_t n_tables;           /* pairs */
    int server_version;        /* 150020 */
};

struct backup_info {
    const char *id, *time, *run, *project, *scope, *path;
    uint64_t size;
    int good;          /* manifest and digests agree */
    const char *fault; /* why not */
};

/* 0 with the id; STATUS_BACKUP otherwise, nothing left under a final name. Checks free disk
 * space against the tables' size first. */
int backup_make(const struct backup_request *request, char id[64], struct error *err);
/* Newest first. `check` 1: digests are read again. */
int backup_list(const char *dir, int check, struct arena *mem, struct backup_info **out, size_t *n,
                struct error *err);
/* Checks manifest and digests: 0 or STATUS_BACKUP naming the file. */
int backup_verify(const char *dir, const char *id, struct error *err);
/* Tables back to what they were, in one transaction (data only; the rows that are there are
 * deleted first, in an order that foreign keys allow); sequences too. A damaged backup is
 * refused before anything is touched. */
int backup_restore(const char *dir, const char *id, const char *url, struct error *err);
/* Removes those older than `days` and beyond `keep` newest (0: no such rule), never the newest
 * good one. Appends removed ids as lines to `out`. */
int backup_prune(const char *dir, int64_t days, int64_t keep, struct str *out, struct error *err);

#endif

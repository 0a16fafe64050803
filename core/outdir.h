/* outdir.h - files that mighost writes: 0600 in 0700 directories whatever the umask, no link
 * ever followed (openat2 RESOLVE_NO_SYMLINKS below the directory; O_EXCL|O_NOFOLLOW), written
 * under a temporary name, fsynced, renamed without replacing, directory fsynced. */
#ifndef MIGHOST_OUTDIR_H
#define MIGHOST_OUTDIR_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

struct outdir; /* an open directory */

/* Opens `path`, making it (0700) when only the last component is missing. Missing parent: 3.
 * Not a directory, a link, not writable, owned by another user or writable by others: 3. */
struct outdir *outdir_open(const char *path, struct error *err);
/* Also makes missing parents: for state directories below the user's own. */
struct outdir *outdir_open_all(const char *path, struct error *err);
/* A new subdirectory; STATUS_BACKUP when the name exists already. `name` may hold no '/'. */
struct outdir *outdir_sub(struct outdir *dir, const char *name, struct error *err);
void outdir_close(struct outdir *dir);
const char *outdir_path(const struct outdir *dir);
int outdir_fd(const struct outdir *dir);
uint64_t outdir_free_bytes(const struct outdir *dir);
/* Opens `name` below the directory descriptor `dir`: never through a link, never outside of it,
 * close-on-exec. -1 with errno; ELOOP for a link. For reading back what was written. */
int outdir_openat(int dir, const char *name, int flags, unsigned mode);

struct outdir_entry {
    int dir;          /* where it is; borrowed */
    const char *name; /* there */
    const char *path; /* below the directory that is walked, "idmap/users.json" */
    int is_file;      /* else a link, a socket or the like: never followed */
};
/* Calls entry() for all that is below the directory descriptor `dir`, but for the directories
 * themselves, in no order; it may remove what it was given. 0, or -1 with errno, or what entry()
 * gave that is not 0, which ends it. */
int outdir_walk(int dir, void *ctx, int (*entry)(void *ctx, const struct outdir_entry *e));

/* A directory `name` in the directory descriptor `parent`, 0700 whatever the umask. 0, or -1
 * with errno: EEXIST when the name is taken. */
int outdir_make(int parent, const char *name);

struct outfile;
/* `name` may hold one level of subdirectory ("idmap/users.json"); never "..". */
struct outfile *outfile_open(struct outdir *dir, const char *name, struct error *err);
int outfile_write(struct outfile *f, const void *data, size_t n, struct error *err);
/* For a child's standard output, in place of outfile_write. Borrowed. */
int outfile_fd(struct outfile *f);
/* Flush, fsync, rename into place, fsync the directory. Frees f in every case. STATUS_BACKUP
 * on any failure, the message names the file. */
int outfile_close(struct outfile *f, struct error *err);
void outfile_abandon(struct outfile *f); /* removes the temporary file */
/* SHA-256 and size of what was written, valid from outfile_close's success only via these: */
int outfile_close_digest(struct outfile *f, char sha256[65], uint64_t *size, struct error *err);

/* Whole small file. */
/* STATUS_CONFIG unless the directory is empty, or not there yet: what goes into it is written once
 * and then edited. */
int outdir_check_new(const char *path, struct error *err);
int outdir_put(struct outdir *dir, const char *name, const void *data, size_t n, struct error *err);

#endif

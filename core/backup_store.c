/* backup_store.c - the directory of all backups: list, check, prune. Only names of the form of a
 * backup's id are ever looked at or removed; links are not followed. */
#include "backup_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "backup.h"
#include "backup_manifest.h"
#include "outdir.h"

#define TIME_LENGTH (sizeof "backup-2026-01-31T12-00-00-000Z" - 1)

static int open_directory(const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT)
        error_set(err, STATUS_BACKUP, "directory of backups %s: %s", path, strerror(errno));
    return fd;
}

/* A stream of its own over the directory, so that `dir` stays open. */
static DIR *read_directory(int dir)
{
    int fd = outdir_openat(dir, ".", O_RDONLY | O_DIRECTORY, 0);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d && fd >= 0)
        close(fd);
    return d;
}

/* ---- list ---------------------------------------------------------------------------------- */

/* Newest first; of one millisecond the higher number is the newer one. */
static int order(const void *left, const void *right)
{
    const char *a = *(const char *const *)left, *b = *(const char *const *)right;
    int by_time = strncmp(b, a, TIME_LENGTH);
    if (by_time)
        return by_time;
    long na = a[TIME_LENGTH] ? strtol(a + TIME_LENGTH + 1, NULL, 10) : 1;
    long nb = b[TIME_LENGTH] ? strtol(b + TIME_LENGTH + 1, NULL, 10) : 1;
    return (nb > na) - (nb < na);
}

static const char **read_ids(int dir, struct arena *mem, size_t *n)
{
    const char **ids = NULL;
    size_t capacity = 0;
    DIR *d = read_directory(dir);
    *n = 0;
    for (const struct dirent *e; d && (e = readdir(d));) {
        if (!backup_id_ok(e->d_name))
            continue;
        if (*n == capacity) {
            const char **more = arena_alloc(mem, (capacity = capacity * 2 + 16) * sizeof *more);
            if (*n)
                memcpy(more, ids, *n * sizeof *more);
            ids = more;
        }
        ids[(*n)++] = arena_strdup(mem, e->d_name);
    }
    if (d)
        closedir(d);
    if (*n)
        qsort(ids, *n, sizeof *ids, order);
    return ids;
}

/* "backup-2026-01-31T12-00-00-123Z" -> "2026-01-31T12:00:00.123Z", for one without manifest. */
static const char *time_of_id(const char *id, struct arena *mem)
{
    char *time = arena_strndup(mem, id + strlen("backup-"), TIME_LENGTH - strlen("backup-"));
    time[13] = time[16] = ':';
    time[19] = '.';
    return time;
}

static int examine(int all, const char *id, int digests, struct arena *mem,
                   struct backup_manifest *m, struct error *err)
{
    int dir = outdir_openat(all, id, O_RDONLY | O_DIRECTORY, 0);
    if (dir < 0) {
        error_set(err, STATUS_BACKUP, "backup %s cannot be opened: %s", id, strerror(errno));
        error_fix(err, "mighost --backups lists those that there are");
        return err->code;
    }
    int rc = backup_manifest_read(dir, id, mem, m, err);
    if (!rc)
        rc = backup_manifest_check(dir, m, digests, err);
    close(dir);
    return rc;
}

static void describe(int all, const char *dir, int digests, struct arena *mem,
                     struct backup_info *info)
{
    struct backup_manifest m = {0};
    struct error err = {0};
    info->good = examine(all, info->id, digests, mem, &m, &err) == 0;
    info->fault = info->good ? "" : arena_strdup(mem, err.what);
    info->time = m.time ? m.time : time_of_id(info->id, mem);
    info->run = m.run ? m.run : "";
    info->project = m.project ? m.project : "";
    info->scope = m.scope ? m.scope : "";
    info->label = m.label ? m.label : "";
    info->tables = m.tables;
    info->n_tables = m.n_tables;
    info->parts = m.parts;
    info->n_parts = m.n_parts;
    info->path = arena_printf(mem, "%s/%s", dir, info->id);
    for (size_t i = 0; i < m.n_files; i++)
        info->size += m.files[i].size;
}

int backup_list(const char *dir, int check, struct arena *mem, struct backup_info **out, size_t *n,
                struct error *err)
{
    struct error own = {0};
    if (!err)
        err = &own;
    *out = NULL;
    *n = 0;
    int all = open_directory(dir, err);
    if (all < 0)
        return err->code;
    const char **ids = read_ids(all, mem, n);
    *out = arena_alloc(mem, *n * sizeof **out);
    for (size_t i = 0; i < *n; i++) {
        (*out)[i].id = ids[i];
        describe(all, dir, check, mem, &(*out)[i]);
    }
    close(all);
    return STATUS_OK;
}

int backup_verify(const char *dir, const char *id, struct error *err)
{
    struct error own = {0};
    struct backup_manifest m;
    if (!err)
        err = &own;
    int all = backup_id_ok(id) ? open_directory(dir, err) : -1;
    if (all < 0) {
        error_set(err, STATUS_BACKUP, "there is no backup %.80s in %s", id, dir);
        error_fix(err, "mighost --backups lists those that there are");
        return err->code;
    }
    struct arena *mem = arena_new();
    int rc = examine(all, id, 1, mem, &m, err);
    arena_free(mem);
    close(all);
    return rc;
}

/* ---- prune --------------------------------------------------------------------------------- */

int backup_store_remove(int dir, const char *name)
{
    int fd = outdir_openat(dir, name, O_RDONLY | O_DIRECTORY, 0);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
        return unlinkat(dir, name, 0); /* the link goes, not what it leads to */
    if (!d) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    for (const struct dirent *e; (e = readdir(d));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
    return unlinkat(dir, name, AT_REMOVEDIR);
}

/* What killed processes left: unfinished backups that nobody holds the lock of, half removed
 * ones. */
static void sweep(int all)
{
    DIR *d = read_directory(all);
    for (const struct dirent *e; d && (e = readdir(d));) {
        size_t making = strlen(BACKUP_STORE_MAKING), removed = strlen(BACKUP_STORE_REMOVED);
        int ours = strncmp(e->d_name, BACKUP_STORE_MAKING, making) == 0
                       ? backup_id_ok(e->d_name + making)
                       : strncmp(e->d_name, BACKUP_STORE_REMOVED, removed) == 0 &&
                             backup_id_ok(e->d_name + removed);
        int fd = ours ? outdir_openat(all, e->d_name, O_RDONLY | O_DIRECTORY, 0) : -1;
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
            backup_store_remove(all, e->d_name);
        if (fd >= 0)
            close(fd);
    }
    if (d)
        closedir(d);
}

/* Out of sight at once, so that a half removed one is never taken for a damaged backup. */
static int remove_backup(int all, const char *id, struct error *err)
{
    char gone[BACKUP_ID_SIZE + 16];
    snprintf(gone, sizeof gone, BACKUP_STORE_REMOVED "%s", id);
    if (renameat(all, id, all, gone) || backup_store_remove(all, gone))
        return error_set(err, STATUS_BACKUP, "backup %s cannot be removed: %s", id,
                         strerror(errno));
    return STATUS_OK;
}

static int64_t age_seconds(const char *id)
{
    struct tm tm = {0};
    if (!strptime(id + strlen("backup-"), "%Y-%m-%dT%H-%M-%S", &tm))
        return 0; /* no such date: never old */
    return (int64_t)(time(NULL) - timegm(&tm));
}

/* Index of the newest one whose digests fit, or `n`. */
static size_t newest_good(int all, const struct backup_info *list, size_t n, struct arena *mem)
{
    for (size_t i = 0; i < n; i++) {
        struct backup_manifest m;
        struct error ignored = {0};
        if (list[i].good && examine(all, list[i].id, 1, mem, &m, &ignored) == 0)
            return i;
    }
    return n;
}

static int prune_list(int all, const struct backup_info *list, size_t n, size_t spared,
                      const int64_t limits[2], struct str *out, struct error *err)
{
    int rc = STATUS_OK;
    int64_t newer = 0; /* whole ones before this */
    for (size_t i = 0; i < n && !rc; i++) {
        int old = limits[0] > 0 && age_seconds(list[i].id) / 86400 >= limits[0];
        int beyond = limits[1] > 0 && newer >= limits[1];
        newer += list[i].good;
        if ((!old && !beyond) || i == spared)
            continue;
        rc = remove_backup(all, list[i].id, err);
        if (!rc && out)
            str_printf(out, "%s\n", list[i].id);
    }
    return rc;
}

int backup_prune(const char *dir, int64_t days, int64_t keep, struct str *out, struct error *err)
{
    struct error own = {0};
    struct backup_info *list;
    size_t n;
    if (!err)
        err = &own;
    int all = open_directory(dir, err);
    if (all < 0)
        return err->code;
    struct arena *mem = arena_new();
    sweep(all);
    int rc = backup_list(dir, 0, mem, &list, &n, err);
    if (!rc)
        rc = prune_list(all, list, n, newest_good(all, list, n, mem), (int64_t[2]){days, keep}, out,
                        err);
    arena_free(mem);
    close(all);
    return rc;
}

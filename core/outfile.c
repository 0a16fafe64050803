/* outfile.c - one file that mighost writes: a temporary name in the same directory until it
 * is whole and on disk, then renamed without replacing anything. A reader sees no file or the
 * whole file; a crash leaves at most a name that starts with a dot and ends in ".tmp".
 * The interface is outdir.h, since no file is written outside of such a directory. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "digest.h"
#include "outdir.h"

#define NAME_LIMIT 200 /* NAME_MAX less what the temporary name adds */

struct outfile {
    int fd, dir; /* `dir`: own descriptor of the directory that the file is in */
    char name[NAME_LIMIT + 1], temp[NAME_LIMIT + 40];
    char *path;  /* for messages */
    int failure; /* errno of the first failed write, kept for close */
    size_t used;
    char buffer[1 << 16];
};

static int name_ok(const char *name)
{
    const char *slash = strchr(name, '/'), *base = slash ? slash + 1 : name;
    size_t first = slash ? (size_t)(slash - name) : strlen(name);
    if (!first || !*base || first > NAME_LIMIT || strlen(base) > NAME_LIMIT || strchr(base, '/'))
        return 0;
    for (const unsigned char *p = (const unsigned char *)name; *p; p++)
        if (*p < 0x20 || *p == 0x7f)
            return 0;
    return name[0] != '.' && base[0] != '.'; /* also rules out "." and ".." */
}

/* The descriptor of the directory that `name` is in: `dir` itself, or a subdirectory of it,
 * made when missing. -1 with errno. */
static int open_place(const struct outdir *dir, const char *name)
{
    const char *slash = strchr(name, '/');
    if (!slash)
        return outdir_openat(outdir_fd(dir), ".", O_DIRECTORY, 0);
    char sub[NAME_LIMIT + 1];
    snprintf(sub, sizeof sub, "%.*s", (int)(slash - name), name);
    if (outdir_make(outdir_fd(dir), sub) && errno != EEXIST)
        return -1;
    int fd = outdir_openat(outdir_fd(dir), sub, O_DIRECTORY, 0);
    struct stat st;
    if (fd < 0 || fstat(fd, &st))
        return fd;
    if (st.st_uid != geteuid() || (st.st_mode & 022)) {
        close(fd);
        errno = EACCES;
        return -1;
    }
    return fd;
}

static int fail(struct outfile *f, const char *doing, int why, struct error *err)
{
    error_set(err, STATUS_BACKUP, "%s cannot be %s: %s", f->path, doing, strerror(why));
    if (why == ENOSPC || why == EDQUOT)
        error_fix(err, "free space on that file system, or choose another directory, and repeat");
    return STATUS_BACKUP;
}

static void discard(struct outfile *f)
{
    if (f->fd >= 0)
        close(f->fd);
    if (f->dir >= 0)
        close(f->dir);
    free(f->path);
    free(f);
}

/* Refuses early what the rename would refuse in the end, and says what it is. */
static int refuse_existing(struct outfile *f, struct error *err)
{
    struct stat st;
    if (fstatat(f->dir, f->name, &st, AT_SYMLINK_NOFOLLOW))
        return STATUS_OK;
    error_set(err, STATUS_BACKUP, S_ISLNK(st.st_mode) ? "%s is a symbolic link" : "%s exists",
              f->path);
    error_why(err, "links are not followed and existing files not replaced");
    error_fix(err, "move it away, or choose another output directory");
    return STATUS_BACKUP;
}

static int create_temp(struct outfile *f)
{
    static unsigned counter; /* only keeps names apart; O_EXCL decides */
    for (int i = 0; i < 100; i++) {
        snprintf(f->temp, sizeof f->temp, ".%s.%ld-%u.tmp", f->name, (long)getpid(),
                 __atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED));
        f->fd = outdir_openat(f->dir, f->temp, O_RDWR | O_CREAT | O_EXCL, 0600);
        if (f->fd >= 0)
            return fchmod(f->fd, 0600); /* the umask may have taken bits */
        if (errno != EEXIST)
            break;
    }
    return -1;
}

struct outfile *outfile_open(struct outdir *dir, const char *name, struct error *err)
{
    if (!name_ok(name)) {
        error_set(err, STATUS_BUG, "a file of a bundle or backup has an unfit name");
        return NULL;
    }
    struct outfile *f = arena_heap(NULL, sizeof *f);
    size_t n = strlen(outdir_path(dir)) + strlen(name) + 2;
    f->fd = f->dir = -1;
    f->failure = 0;
    f->used = 0;
    f->path = arena_heap(NULL, n);
    snprintf(f->path, n, "%s/%s", outdir_path(dir), name);
    const char *slash = strchr(name, '/');
    snprintf(f->name, sizeof f->name, "%s", slash ? slash + 1 : name);
    f->dir = open_place(dir, name);
    if (f->dir < 0) {
        fail(f, "made in its directory", errno, err);
    } else if (!refuse_existing(f, err)) {
        if (create_temp(f) == 0)
            return f;
        fail(f, "made", errno, err);
        if (f->fd >= 0)
            unlinkat(f->dir, f->temp, 0);
    }
    discard(f);
    return NULL;
}

/* 0, or -1 with f->failure set: later calls fail at once. */
static int write_through(struct outfile *f, const char *data, size_t n)
{
    while (n && !f->failure) {
        ssize_t k = write(f->fd, data, n);
        if (k < 0 && errno != EINTR)
            f->failure = errno;
        if (k > 0) {
            data += k;
            n -= (size_t)k;
        }
    }
    return f->failure ? -1 : 0;
}

static int flush(struct outfile *f)
{
    size_t n = f->used;
    f->used = 0;
    return write_through(f, f->buffer, n);
}

int outfile_write(struct outfile *f, const void *data, size_t n, struct error *err)
{
    int rc = n > sizeof f->buffer - f->used ? flush(f) : 0;
    if (!rc && n > sizeof f->buffer - f->used) {
        rc = write_through(f, data, n);
    } else if (!rc && n) {
        memcpy(f->buffer + f->used, data, n);
        f->used += n;
    }
    return rc || f->failure ? fail(f, "written", f->failure, err) : STATUS_OK;
}

int outfile_fd(struct outfile *f)
{
    return f->fd;
}

void outfile_abandon(struct outfile *f)
{
    if (!f)
        return;
    unlinkat(f->dir, f->temp, 0);
    discard(f);
}

/* Without replacing. File systems that do not know the flag (some network ones) get a hard
 * link, which does not replace either. 0 or -1 with errno. */
static int rename_into_place(const struct outfile *f)
{
    if (renameat2(f->dir, f->temp, f->dir, f->name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (linkat(f->dir, f->temp, f->dir, f->name, 0))
        return -1;
    return unlinkat(f->dir, f->temp, 0);
}

int outfile_close_digest(struct outfile *f, char sha256[65], uint64_t *size, struct error *err)
{
    int rc = STATUS_OK;
    struct stat st;
    if (flush(f))
        rc = fail(f, "written", f->failure, err);
    else if (fsync(f->fd) || fstat(f->fd, &st) || (sha256 && digest_fd(f->fd, sha256)))
        rc = fail(f, "brought to disk", errno, err);
    else if (rename_into_place(f))
        rc = fail(f, "put in place", errno, err);
    if (rc) {
        outfile_abandon(f);
        return rc;
    }
    if (size)
        *size = (uint64_t)st.st_size;
    /* EINVAL: a file system without fsync of directories. Else the name may not be on disk. */
    if (fsync(f->dir) && errno != EINVAL)
        rc = fail(f, "brought to disk", errno, err);
    discard(f);
    return rc;
}

int outfile_close(struct outfile *f, struct error *err)
{
    return outfile_close_digest(f, NULL, NULL, err);
}

int outdir_put(struct outdir *dir, const char *name, const void *data, size_t n, struct error *err)
{
    struct outfile *f = outfile_open(dir, name, err);
    if (!f)
        return err && err->code ? err->code : STATUS_BACKUP;
    int rc = outfile_write(f, data, n, err);
    if (!rc)
        return outfile_close(f, err);
    outfile_abandon(f);
    return rc;
}

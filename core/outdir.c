/* outdir.c - directories that mighost writes into; the files in them are outfile.c's.
 * Every name below an open directory is resolved by openat2() with RESOLVE_NO_SYMLINKS, or,
 * where the kernel or a sandbox does not know that call, one component at a time with
 * O_NOFOLLOW, which is the same as long as names hold one component: all callers keep to that.
 * Any thread; a struct outdir is not shared between threads. */
#include "outdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arena.h"
#include "str.h"

struct outdir {
    int fd;
    char *path; /* as given, for messages */
};

int outdir_openat(int dir, const char *name, int flags, unsigned mode)
{
    flags |= O_CLOEXEC | O_NOFOLLOW;
    struct open_how how = {.flags = (unsigned)flags,
                           .mode = flags & O_CREAT ? mode : 0,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    long fd = -1;
    /* EAGAIN: a name changed while it was resolved; or a lease, which no number of tries ends. */
    for (int i = 0; i < 100 && fd < 0; i++) {
        fd = syscall(SYS_openat2, dir, name, &how, sizeof how);
        if (fd < 0 && errno != EINTR && errno != EAGAIN)
            break;
    }
    if (fd < 0 && (errno == ENOSYS || errno == EPERM)) {
        if (strchr(name, '/') || strcmp(name, "..") == 0) {
            errno = EXDEV;
            return -1;
        }
        fd = openat(dir, name, flags, mode);
    }
    return (int)fd;
}

static void sync_directory(int dir)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd); /* some file systems know no fsync of a directory: nothing to do about it */
    close(fd);
}

/* The umask may even take the owner's bits: hence the way over a descriptor that needs no
 * permission. */
int outdir_make(int parent, const char *name)
{
    if (mkdirat(parent, name, 0700))
        return -1;
    int fd = outdir_openat(parent, name, O_PATH | O_DIRECTORY, 0);
    if (fd < 0)
        return -1;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    struct stat st;
    int rc = fstat(fd, &st);
    if (!rc && (st.st_mode & 07777) != 0700)
        rc = chmod(link, 0700);
    close(fd);
    sync_directory(parent);
    return rc;
}

static int refuse_kind(int parent, const char *name, const char *path, struct error *err)
{
    int why = errno;
    struct stat st;
    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode)) {
        error_set(err, STATUS_CONFIG, "output directory %s is a symbolic link", path);
        error_why(err, "a link could lead the files anywhere, also after this check");
        error_fix(err, "give the path of the directory itself");
    } else if (why == ENOTDIR) {
        error_set(err, STATUS_CONFIG, "%s is not a directory", path);
        error_fix(err, "give another path, or move that file away");
    } else {
        error_set(err, STATUS_CONFIG, "output directory %s cannot be opened: %s", path,
                  strerror(why));
        error_fix(err, "give a directory that this user can open");
    }
    return STATUS_CONFIG;
}

static int check_directory(int fd, const char *path, struct error *err)
{
    struct stat st;
    if (fstat(fd, &st))
        return error_set(err, STATUS_CONFIG, "%s: %s", path, strerror(errno));
    if (st.st_uid != geteuid()) {
        error_set(err, STATUS_CONFIG, "output directory %s belongs to user id %u, not to %u", path,
                  (unsigned)st.st_uid, (unsigned)geteuid());
        error_why(err, "its owner could read or swap the files");
        error_fix(err, "give a directory of your own");
        return STATUS_CONFIG;
    }
    if (st.st_mode & 022) {
        error_set(err, STATUS_CONFIG, "output directory %s can be written by others (mode %04o)",
                  path, (unsigned)st.st_mode & 07777);
        error_fix(err, "chmod go-w %s", path);
        return STATUS_CONFIG;
    }
    if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS)) {
        error_set(err, STATUS_CONFIG, "output directory %s is not writable: %s", path,
                  strerror(errno));
        error_fix(err, "give another directory, or make this one writable: chmod u+wx %s", path);
        return STATUS_CONFIG;
    }
    return STATUS_OK;
}

static struct outdir *outdir_new(int fd, const char *path, const char *name)
{
    struct outdir *dir = arena_heap(NULL, sizeof *dir);
    size_t n = strlen(path) + strlen(name) + 2;
    dir->fd = fd;
    dir->path = arena_heap(NULL, n);
    snprintf(dir->path, n, *name ? "%s/%s" : "%s%s", path, name);
    return dir;
}

/* The last component: made when missing, opened without following, checked. */
static struct outdir *open_last(int parent, const char *name, const char *path, struct error *err)
{
    if (outdir_make(parent, name) && errno != EEXIST && strcmp(name, ".") != 0) {
        error_set(err, STATUS_CONFIG, "output directory %s cannot be made: %s", path,
                  strerror(errno));
        error_fix(err, "give another directory, or make its parent writable");
        return NULL;
    }
    int fd = outdir_openat(parent, name, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) {
        refuse_kind(parent, name, path, err);
        return NULL;
    }
    if (check_directory(fd, path, err)) {
        close(fd);
        return NULL;
    }
    return outdir_new(fd, path, "");
}

/* Opens the parent of `path`, making what is missing when `all`. `last` is the rest, inside
 * `copy`, a writable copy of the path without slashes at its end. */
static int open_parent(char *copy, int all, char **last)
{
    int fd = open(copy[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    char *name = copy + strspn(copy, "/");
    for (char *slash; fd >= 0 && (slash = strchr(name, '/'));) {
        *slash = '\0';
        int next = openat(fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (next < 0 && errno == ENOENT && all)
            if (outdir_make(fd, name) == 0 || errno == EEXIST)
                next = outdir_openat(fd, name, O_PATH | O_DIRECTORY, 0);
        int keep = errno;
        close(fd);
        errno = keep;
        fd = next;
        name = slash + 1 + strspn(slash + 1, "/");
    }
    *last = *name ? name : (char *)".";
    return fd;
}

static struct outdir *open_path(const char *path, int all, struct error *err)
{
    struct outdir *dir = NULL;
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    char *copy = arena_heap(NULL, n + 1), *last;
    memcpy(copy, path, n);
    copy[n] = '\0';
    int parent = open_parent(copy, all, &last);
    if (parent < 0) {
        error_set(err, STATUS_CONFIG, "output directory %s cannot be made in its parent: %s", path,
                  strerror(errno));
        error_fix(err, "make the parent directory first: mkdir -p \"$(dirname %s)\"", path);
        goto out;
    }
    dir = open_last(parent, last, path, err);
    close(parent);
out:
    free(copy);
    return dir;
}

struct outdir *outdir_open(const char *path, struct error *err)
{
    return open_path(path, 0, err);
}

struct outdir *outdir_open_all(const char *path, struct error *err)
{
    return open_path(path, 1, err);
}

struct outdir *outdir_sub(struct outdir *dir, const char *name, struct error *err)
{
    if (!*name || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        error_set(err, STATUS_BUG, "\"%s\" is not the name of a subdirectory", name);
        return NULL;
    }
    int fd = outdir_make(dir->fd, name) ? -1 : outdir_openat(dir->fd, name, O_DIRECTORY, 0);
    if (fd < 0) {
        error_set(err, STATUS_BACKUP, "directory %s/%s cannot be made: %s", dir->path, name,
                  strerror(errno));
        return NULL;
    }
    return outdir_new(fd, dir->path, name);
}

void outdir_close(struct outdir *dir)
{
    if (!dir)
        return;
    close(dir->fd);
    free(dir->path);
    free(dir);
}

const char *outdir_path(const struct outdir *dir)
{
    return dir->path;
}

int outdir_fd(const struct outdir *dir)
{
    return dir->fd;
}

uint64_t outdir_free_bytes(const struct outdir *dir)
{
    struct statvfs st;
    return fstatvfs(dir->fd, &st) ? 0 : (uint64_t)st.f_bavail * st.f_frsize;
}

/* ---- reading back ---------------------------------------------------------------------- */

struct walk {
    void *ctx;
    int (*entry)(void *ctx, const struct outdir_entry *e);
};

static int walk_below(const struct walk *w, int parent, const char *name, const char *prefix);

static int walk_entry(const struct walk *w, int dir, const char *name, const char *prefix)
{
    char path[4096];
    struct stat st;
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
        return -1;
    int below = S_ISDIR(st.st_mode);
    if ((size_t)snprintf(path, sizeof path, "%s%s%s", prefix, name, below ? "/" : "") >=
        sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (below)
        return walk_below(w, dir, name, path);
    return w->entry(w->ctx, &(struct outdir_entry){dir, name, path, S_ISREG(st.st_mode)});
}

static int walk_below(const struct walk *w, int parent, const char *name, const char *prefix)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    int got = 0;
    for (const struct dirent *e; !got && (e = readdir(d));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            got = walk_entry(w, dirfd(d), e->d_name, prefix);
    int wrong = errno;
    closedir(d);
    errno = wrong;
    return got;
}

int outdir_walk(int dir, void *ctx, int (*entry)(void *ctx, const struct outdir_entry *e))
{
    return walk_below(&(struct walk){ctx, entry}, dir, ".", "");
}

int outdir_check_new(const char *path, struct error *err)
{
    DIR *d = opendir(path);
    if (!d && errno == ENOENT)
        return 0;
    const struct dirent *e = NULL;
    while (d && (e = readdir(d)) && (str_equal(e->d_name, ".") || str_equal(e->d_name, "..")))
        ;
    if (!d || e) {
        error_set(err, STATUS_CONFIG, "%s is %s", path,
                  d ? "not empty" : "no directory that opens");
        error_why(err, "nothing is overwritten, nor mixed with files of yours");
        error_fix(err, "name a directory that is empty, or not there yet");
    }
    if (d)
        closedir(d);
    return err->code;
}

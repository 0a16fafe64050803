/* loadpath.c - ownership and modes of a directory chain and of a file.
 *
 * Code that we load runs with all our rights, so nobody may be able to exchange it but root,
 * the caller and the owner of the mighost binary. That holds when the file and every directory
 * above it belong to one of these and nobody else can write to them. A sticky directory of
 * root (/tmp) passes: there nobody can rename or remove what belongs to another. Everything is
 * asked of open descriptors, so what was checked is what is used. */
#include "loadpath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int trusted(const struct loadpath_trust *trust, uid_t owner)
{
    for (size_t i = 0; i < trust->n; i++)
        if (trust->owners[i] == owner)
            return 1;
    return 0;
}

void loadpath_trust_init(struct loadpath_trust *trust)
{
    struct stat binary;
    *trust = (struct loadpath_trust){{0}, 1};
    if (!trusted(trust, geteuid()))
        trust->owners[trust->n++] = geteuid();
    if (stat("/proc/self/exe", &binary) == 0 && !trusted(trust, binary.st_uid))
        trust->owners[trust->n++] = binary.st_uid;
}

static const char *kind(mode_t mode)
{
    return S_ISREG(mode)    ? "file"
           : S_ISDIR(mode)  ? "directory"
           : S_ISFIFO(mode) ? "FIFO"
           : S_ISSOCK(mode) ? "socket"
           : S_ISLNK(mode)  ? "symbolic link"
                            : "device";
}

static int check(const struct loadpath_trust *trust, const char *path, const struct stat *st,
                 struct error *err)
{
    unsigned mode = st->st_mode & 07777U;
    if (S_ISDIR(st->st_mode) && st->st_uid == 0 && (mode & S_ISVTX))
        return STATUS_OK;
    if (!trusted(trust, st->st_uid)) {
        error_set(err, STATUS_PLUGIN, "%s %s belongs to user %u (mode %04o)", kind(st->st_mode),
                  path, st->st_uid, mode);
        error_fix(err,
                  "let it belong to root, to you (user %u) or to the owner of the mighost binary "
                  "(user %u): chown %u '%s'",
                  geteuid(), trust->owners[trust->n - 1], geteuid(), path);
    } else if (mode & (S_IWGRP | S_IWOTH)) {
        error_set(err, STATUS_PLUGIN, "%s %s can be written by %s (mode %04o, owner %u)",
                  kind(st->st_mode), path, mode & S_IWOTH ? "everybody" : "its group", mode,
                  st->st_uid);
        error_fix(err, "chmod go-w '%s'", path);
    } else {
        return STATUS_OK;
    }
    error_why(err, "whoever can change it decides which code mighost runs");
    return err->code;
}

static int cannot_open(const char *path, int error, struct error *err)
{
    if (error == ENOENT)
        return error_set(err, STATUS_PLUGIN, "%s does not exist", path);
    return error_set(err, STATUS_PLUGIN, "%s cannot be opened: %s", path, strerror(error));
}

/* Opens a component of a path below `parent` (the root when negative), and checks it. */
static int open_component(const struct loadpath_trust *trust, int parent, const char *name,
                          const char *path, struct error *err)
{
    struct stat st;
    int fd =
        openat(parent < 0 ? AT_FDCWD : parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        cannot_open(path, errno, err);
    else if (check(trust, path, &st, err) == STATUS_OK)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

int loadpath_open_dir(const struct loadpath_trust *trust, const char *real, int *fd,
                      struct error *err)
{
    char path[PATH_MAX];
    size_t length = strlen(real);
    *fd = -1;
    if (real[0] != '/' || length >= sizeof path)
        return error_set(err, STATUS_PLUGIN, "%s is not an absolute path of usual length", real);
    memcpy(path, real, length + 1);
    int dir = open_component(trust, -1, "/", "/", err);
    for (char *name = path + 1; dir >= 0 && *name;) {
        /* `path` is cut after this component while it is opened, for the message. */
        char *end = name + strcspn(name, "/"), cut = *end;
        *end = '\0';
        int next = open_component(trust, dir, name, path, err);
        close(dir);
        dir = next;
        *end = cut;
        name = cut ? end + 1 : end;
    }
    if (dir < 0)
        return err->code ? err->code : cannot_open(real, errno, err);
    *fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0)
        cannot_open(real, errno, err);
    close(dir);
    return err->code;
}

/* The name within the same directory that the link stands for, in mem; NULL with a fault. */
static const char *follow(const char *dir_path, const char *name, struct arena *mem,
                          struct error *err)
{
    const char *path = arena_printf(mem, "%s/%s", dir_path, name);
    char *real = realpath(path, NULL);
    size_t length = strlen(dir_path);
    const char *found = NULL;
    if (!real) {
        error_set(err, STATUS_PLUGIN, "%s is a symbolic link that leads nowhere: %s", path,
                  strerror(errno));
        error_fix(err, "remove it, or put the file in its place");
    } else if (strncmp(real, dir_path, length) == 0 && real[length] == '/' &&
               !strchr(real + length + 1, '/')) {
        found = arena_strdup(mem, real + length + 1);
    } else {
        error_set(err, STATUS_PLUGIN, "%s is a symbolic link that leaves its directory, to %s",
                  path, real);
        error_why(err, "the directory that was checked is not the one the code would come from");
        error_fix(err, "copy the file into the directory, or name its own directory by --plugins");
    }
    free(real);
    return found;
}

int loadpath_open_file(const struct loadpath_trust *trust, int dir, const char *dir_path,
                       const char *name, struct arena *mem, struct loadpath_file *out,
                       struct error *err)
{
    struct stat st;
    int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    *out = (struct loadpath_file){-1, name, arena_printf(mem, "%s/%s", dir_path, name)};
    int fd = openat(dir, name, flags);
    if (fd < 0 && errno == ELOOP) {
        if (!(name = follow(dir_path, name, mem, err)))
            return err->code;
        out->path = arena_printf(mem, "%s/%s", dir_path, name);
        fd = openat(dir, name, flags);
    }
    if (fd < 0 && errno != ENXIO)
        return cannot_open(out->path, errno, err);
    /* ENXIO: a socket or a device without its driver, which cannot be opened at all. */
    if (fd < 0 ? fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) : fstat(fd, &st)) {
        cannot_open(out->path, errno, err);
    } else if (!S_ISREG(st.st_mode)) {
        error_set(err, STATUS_PLUGIN, "%s is a %s, not a regular file", out->path,
                  kind(st.st_mode));
        error_fix(err, "remove it or put the file in its place");
    } else if (check(trust, out->path, &st, err) == STATUS_OK) {
        out->fd = fd;
        out->name = arena_strdup(mem, name);
        return STATUS_OK;
    }
    if (fd >= 0)
        close(fd);
    return err->code;
}

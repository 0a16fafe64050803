/* safefile.c - reads a small file that decides what the program does. Not for data: sources
 * stream. What was checked is what is read: every check looks at the open descriptor. A
 * directory with the sticky bit (/tmp) passes for an own file: nobody else can swap it there. */
#include "safefile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *safefile_resolve(const char *path)
{
    char *real = realpath(path, NULL);
    if (real)
        return real;
    struct str s;
    str_init(&s, 0);
    char cwd[PATH_MAX];
    if (path[0] != '/' && getcwd(cwd, sizeof cwd))
        str_printf(&s, "%s/", cwd);
    str_add(&s, path);
    return str_take(&s);
}

static const char *kind_name(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return "a directory";
    case S_IFIFO:
        return "a FIFO";
    case S_IFCHR:
        return "a character device";
    case S_IFBLK:
        return "a block device";
    case S_IFSOCK:
        return "a socket";
    default:
        return "no regular file";
    }
}

static int refuse_open(const char *path, const char *what, int code, struct error *err)
{
    /* open() of a socket fails before it could be looked at. */
    struct stat st;
    if (code == ENXIO && stat(path, &st) == 0)
        return error_set(err, STATUS_CONFIG, "%s \"%s\" is %s", what, path, kind_name(st.st_mode));
    char *resolved = safefile_resolve(path);
    error_set(err, STATUS_CONFIG, "%s \"%s\" (%s): %s", what, path, resolved ? resolved : path,
              strerror(code));
    if (code == ENOENT)
        error_fix(err, "check the path; the working directory counts for relative ones");
    free(resolved);
    return STATUS_CONFIG;
}

/* Could others put another file in this one's place? */
static int check_directory(const char *path, const char *what, uid_t owner, struct error *err)
{
    const char *slash = strrchr(path, '/');
    struct str dir;
    str_init(&dir, 0);
    if (slash)
        str_add_n(&dir, path, slash == path ? 1 : (size_t)(slash - path));
    else
        str_add(&dir, ".");
    struct stat st;
    int result = 0;
    if (stat(dir.data, &st) != 0 || !(st.st_mode & S_IWOTH)) {
        result = 0;
    } else if (!(st.st_mode & S_ISVTX)) {
        result = error_set(err, STATUS_CONFIG,
                           "%s \"%s\" is in directory \"%s\" of mode %04o: every user may swap it",
                           what, path, dir.data, (unsigned)(st.st_mode & 07777));
        error_fix(err, "chmod o-w '%s'", dir.data);
    } else if (owner != geteuid() && owner != 0) {
        result = error_set(err, STATUS_CONFIG,
                           "%s \"%s\" belongs to another user and is in directory \"%s\" of mode "
                           "%04o, where every user may put files",
                           what, path, dir.data, (unsigned)(st.st_mode & 07777));
        error_fix(err, "move it into a directory of your own");
    }
    str_clear(&dir);
    return result;
}

static int check_writers(const char *path, const char *what, const struct stat *st,
                         struct error *err)
{
    int result = 0;
    char *real = realpath(path, NULL);
    if (st->st_mode & S_IWOTH) {
        result = error_set(err, STATUS_CONFIG, "%s \"%s\" has mode %04o: every user may write it",
                           what, path, (unsigned)(st->st_mode & 07777));
        error_fix(err, "chmod o-w '%s'", path);
    } else if (check_directory(path, what, st->st_uid, err) != 0 ||
               (real && check_directory(real, what, st->st_uid, err) != 0)) {
        result = STATUS_CONFIG;
    }
    if (result)
        error_why(err, "it decides what is written to the target");
    free(real);
    return result;
}

int safefile_private(const char *path, const char *what, mode_t mode, struct error *err)
{
    if (!(mode & (S_IRWXG | S_IRWXO)))
        return 0;
    error_set(err, STATUS_CONFIG, "%s \"%s\" has mode %04o and holds secrets", what, path,
              (unsigned)(mode & 07777));
    error_why(err, "other users of this machine could read them");
    error_fix(err, "chmod 600 '%s'", path);
    return STATUS_CONFIG;
}

static int read_all(int fd, struct str *out)
{
    char buffer[16384];
    for (;;) {
        ssize_t n = read(fd, buffer, sizeof buffer);
        if (n == 0)
            return out->failed ? EFBIG : 0;
        if (n < 0 && errno != EINTR)
            return errno;
        if (n > 0)
            str_add_n(out, buffer, (size_t)n);
        if (out->failed)
            return EFBIG;
    }
}

int safefile_read(const char *path, const char *what, int checks, struct str *out, mode_t *mode,
                  struct error *err)
{
    /* O_NONBLOCK: a FIFO without a writer would wait for ever. O_NOCTTY: a terminal would
     * become ours. */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return refuse_open(path, what, errno, err);
    struct stat st;
    int result = STATUS_CONFIG;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        error_set(err, result, "%s \"%s\" is %s, a regular file is due", what, path,
                  kind_name(st.st_mode));
        goto out;
    }
    if ((checks & SAFEFILE_TRUSTED) && check_writers(path, what, &st, err) != 0)
        goto out;
    if ((checks & SAFEFILE_PRIVATE) && safefile_private(path, what, st.st_mode, err) != 0)
        goto out;
    int failure = read_all(fd, out);
    if (failure == EFBIG)
        error_set(err, result, "%s \"%s\" is larger than %zu bytes", what, path, out->max);
    else if (failure)
        error_set(err, result, "%s \"%s\": %s", what, path, strerror(failure));
    else
        result = 0;
    if (mode)
        *mode = st.st_mode;
out:
    close(fd);
    return result;
}

/* embedded_place.c - chooses and makes the directories of the embedded server. PostgreSQL refuses
 * to run as root, so that root needs a system user and directories which that user can enter; and a
 * socket's path is short. Not for starting anything: see embedded_cluster.c. */
#include "embedded_place.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"

static int fail(const char *path, struct error *err)
{
    return error_set(err, STATUS_PREFLIGHT, "the embedded server's directory %s: %s", path,
                     strerror(errno));
}

/* postgres, which the packages make; nobody, where they were built by hand. */
static int choose_user(struct embedded_place *p)
{
    static const char *const names[] = {"postgres", "nobody"};
    p->user = NULL;
    p->uid = geteuid();
    p->gid = getegid();
    for (size_t i = 0; p->uid == 0 && i < sizeof names / sizeof *names; i++) {
        const struct passwd *pw = getpwnam(names[i]);
        if (!pw || pw->pw_uid == 0)
            continue;
        p->user = names[i];
        p->uid = pw->pw_uid;
        p->gid = pw->pw_gid;
    }
    return p->uid == 0 ? -1 : 0;
}

/* By permission bits of each directory from the root on; a wrong "no" only moves the home. */
static int can_enter(const struct embedded_place *p, const char *dir)
{
    char path[PATH_MAX];
    size_t n = strlen(dir);
    for (size_t i = 1; i <= n; i++) {
        struct stat st;
        if (dir[i] != '/' && dir[i] != '\0')
            continue;
        snprintf(path, sizeof path, "%.*s", (int)i, dir);
        if (stat(path, &st))
            return 0;
        mode_t bit = st.st_uid == p->uid ? S_IXUSR : st.st_gid == p->gid ? S_IXGRP : S_IXOTH;
        if (!(st.st_mode & bit))
            return 0;
    }
    return 1;
}

/* A directory `path` of the place's user, 0700, made when missing. -1 with errno: also for one
 * that is somebody else's or open to others, which in /tmp may have been planted. */
static int own_directory(const struct embedded_place *p, const char *path)
{
    struct stat st;
    int made = mkdir(path, 0700) == 0;
    if (!made && errno != EEXIST)
        return -1;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st)) {
        int keep = errno;
        if (fd >= 0)
            close(fd);
        errno = keep;
        return -1;
    }
    int rc = 0;
    if (made) {
        rc = fchown(fd, p->uid, p->gid) || fchmod(fd, 0700) ? -1 : 0;
    } else if (st.st_uid != p->uid || (st.st_mode & 077)) {
        rc = -1;
        errno = EACCES;
    }
    close(fd);
    return rc;
}

/* ---- the remembered place ---------------------------------------------------------------- */

/* Takes one line of at most `size` - 1 bytes that starts with a slash. NULL when it has none. */
static const char *take_line(const char *text, char *out, size_t size)
{
    size_t n = text ? strcspn(text, "\n") : 0;
    if (n == 0 || text[0] != '/' || text[n] != '\n' || n >= size)
        return NULL;
    memcpy(out, text, n);
    out[n] = '\0';
    return text + n + 1;
}

/* The first line is the directory itself: a moved or copied one is not the one remembered. */
static int read_location(int base, const char *path, struct embedded_place *p)
{
    char text[3 * PATH_MAX], remembered[PATH_MAX], real[PATH_MAX];
    int fd = outdir_openat(base, "location", O_RDONLY, 0);
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *rest = take_line(text, remembered, sizeof remembered);
    rest = take_line(rest, p->home, sizeof p->home);
    rest = take_line(rest, p->socket, sizeof p->socket);
    if (rest && realpath(path, real) && strcmp(real, remembered) == 0)
        return 0;
    errno = ENOENT;
    return -1;
}

static int write_location(struct outdir *base, const struct embedded_place *p, struct error *err)
{
    char text[3 * PATH_MAX], real[PATH_MAX];
    if (!realpath(outdir_path(base), real) ||
        (unlinkat(outdir_fd(base), "location", 0) && errno != ENOENT))
        return fail(outdir_path(base), err);
    int n = snprintf(text, sizeof text, "%s\n%s\n%s\n", real, p->home, p->socket);
    return outdir_put(base, "location", text, (size_t)n, err);
}

int embedded_place_find(const char *work_dir, struct embedded_place *out)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/embedded", work_dir) >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int rc = choose_user(out) || read_location(fd, path, out) ? -1 : 0;
    int keep = errno;
    close(fd);
    errno = keep;
    return rc;
}

/* ---- a new place --------------------------------------------------------------------------- */

/* A name in a directory of root for a work directory that the server's user cannot enter. */
static int home_elsewhere(const char *base, struct embedded_place *p)
{
    char hex[65];
    digest_text(base, hex);
    hex[16] = '\0';
    if ((mkdir("/var/lib/mighost", 0711) == 0 && chmod("/var/lib/mighost", 0711) == 0) ||
        errno == EEXIST) {
        snprintf(p->home, sizeof p->home, "/var/lib/mighost/%s", hex);
        if (can_enter(p, "/var/lib/mighost") && own_directory(p, p->home) == 0)
            return 0;
    }
    snprintf(p->home, sizeof p->home, "/var/tmp/mighost-%s", hex);
    return own_directory(p, p->home);
}

static int choose_home(struct outdir *base, struct embedded_place *p)
{
    char real[PATH_MAX];
    if (!realpath(outdir_path(base), real))
        return -1;
    char *slash = strrchr(real, '/');
    *slash = '\0';
    int inside = !p->user || can_enter(p, real);
    *slash = '/';
    if (!inside)
        return home_elsewhere(real, p);
    /* Others may pass through, they see nothing; the home itself is closed to them. */
    if (p->user && fchmod(outdir_fd(base), 0711))
        return -1;
    if (snprintf(p->home, sizeof p->home, "%s/server", real) >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return own_directory(p, p->home);
}

/* The path goes into a command line that pg_ctl hands to a shell. */
static int plain(const char *path)
{
    return path[strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                             "/._+-")] == '\0';
}

static int short_socket(struct embedded_place *p)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    struct stat st;
    if (p->user || !runtime || runtime[0] != '/' || !plain(runtime) || stat(runtime, &st) ||
        st.st_uid != p->uid || strlen(runtime) + sizeof "/mighost-XXXXXX" > sizeof p->socket)
        runtime = "/tmp";
    snprintf(p->socket, sizeof p->socket, "%s/mighost-XXXXXX", runtime);
    if (!mkdtemp(p->socket))
        return -1;
    return p->user ? lchown(p->socket, p->uid, p->gid) : 0;
}

static int choose_socket(struct embedded_place *p)
{
    int n = snprintf(p->socket, sizeof p->socket, "%s/socket", p->home);
    if (n < EMBEDDED_SOCKET_SIZE && plain(p->socket) && own_directory(p, p->socket) == 0)
        return 0;
    return short_socket(p);
}

int embedded_place_make(struct outdir *base, struct embedded_place *out, struct error *err)
{
    struct embedded_place old;
    if (choose_user(out)) {
        error_set(err, STATUS_PREFLIGHT, "no system user to run the embedded server as");
        error_why(err, "PostgreSQL refuses to run as root");
        error_fix(err,
                  "run mighost as an ordinary user, or add the user: adduser --system postgres");
        return STATUS_PREFLIGHT;
    }
    int known = read_location(outdir_fd(base), outdir_path(base), out) == 0;
    old = *out;
    if (known ? own_directory(out, out->home) : choose_home(base, out))
        return fail(known ? out->home : outdir_path(base), err);
    /* A remembered one may be gone, as all of /tmp after a restart, or taken by somebody. */
    if ((!known || own_directory(out, out->socket)) && choose_socket(out))
        return fail(out->socket, err);
    if (known && strcmp(old.socket, out->socket) == 0)
        return STATUS_OK;
    return write_location(base, out, err);
}

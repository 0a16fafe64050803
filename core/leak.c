/* leak.c - the last look at a bundle. What masks values may be mistaken, and whoever writes a
 * reporter need not know what a secret is: here the files themselves are read. */
#include "leak.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

static void found(const char *path, const char *what, struct error *err)
{
    log_write(LOG_WARNING, "%s held %s and was removed", path, what);
    if (err->code)
        return;
    error_set(err, STATUS_BACKUP, "%s held %s and was removed", path, what);
    error_why(err, "a bundle is handed on; passwords, keys, planted values and personal data are "
                   "masked in all of it");
    error_fix(err, "name each field that holds such a value under \"secret\" or \"pii\" of its "
                   "stage, or leave the reporter out; then make the bundle again: --report RUN");
}

static int check_file(int dir, const char *name, const char *path, const struct scan *scan,
                      struct error *err)
{
    const char *what = NULL;
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    int bad = fd < 0 || scan_fd(scan, fd, &what);
    if (fd >= 0)
        close(fd);
    if (!bad && what) {
        bad = unlinkat(dir, name, 0);
        found(path, what, err);
    }
    return bad;
}

static int check_directory(int fd, const char *path, const struct scan *scan, struct error *err)
{
    DIR *d = fdopendir(fd);
    if (!d) {
        close(fd);
        return -1;
    }
    int bad = 0;
    for (struct dirent *e; !bad && (e = readdir(d));) {
        char below[4400];
        struct stat st;
        if (e->d_name[0] == '.')
            continue;
        snprintf(below, sizeof below, "%s/%s", path, e->d_name);
        bad = fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW);
        if (!bad && S_ISDIR(st.st_mode)) {
            int sub = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            bad = sub < 0 || check_directory(sub, below, scan, err);
        } else if (!bad && S_ISREG(st.st_mode)) {
            bad = check_file(dirfd(d), e->d_name, below, scan, err);
        }
    }
    closedir(d);
    return bad;
}

int leak_check(struct outdir *dir, const struct scan *scan, struct error *err)
{
    if (!scan_count(scan))
        return 0;
    int fd = openat(outdir_fd(dir), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int bad = fd < 0 || check_directory(fd, outdir_path(dir), scan, err);
    if (bad && !err->code)
        error_set(err, STATUS_BACKUP, "the bundle %s cannot be read back: %s", outdir_path(dir),
                  strerror(errno));
    return err->code;
}

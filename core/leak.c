/* leak.c - the last look at a bundle. What masks values may be mistaken, and whoever writes a
 * reporter need not know what a secret is: here the files themselves are read. */
#include "leak.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
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

struct check {
    const char *bundle;
    const struct scan *scan;
    struct error *err;
};

static int check_file(void *ctx, const struct outdir_entry *e)
{
    const struct check *c = ctx;
    const char *what = NULL;
    char path[8192];
    if (!e->is_file)
        return 0;
    int fd = openat(e->dir, e->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    int bad = fd < 0 || scan_fd(c->scan, fd, &what);
    if (fd >= 0)
        close(fd);
    if (bad || !what)
        return bad ? -1 : 0;
    snprintf(path, sizeof path, "%s/%s", c->bundle, e->path);
    bad = unlinkat(e->dir, e->name, 0);
    found(path, what, c->err);
    return bad;
}

int leak_check(struct outdir *dir, const struct scan *scan, struct error *err)
{
    struct check c = {outdir_path(dir), scan, err};
    if (!scan_count(scan) || outdir_walk(outdir_fd(dir), &c, check_file) == 0 || err->code)
        return err->code;
    error_set(err, STATUS_BACKUP, "the bundle %s cannot be read back: %s", outdir_path(dir),
              strerror(errno));
    error_fix(err, "see that nobody changes it and the disk works; then --report RUN makes it "
                   "again");
    return STATUS_BACKUP;
}

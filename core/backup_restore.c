/* backup_restore.c - tables back to what they were. Everything that can fail without the target
 * is done first: digests, then the whole archive is read by pg_restore; then one transaction. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup.h"
#include "backup_load.h"
#include "backup_manifest.h"
#include "backup_prepare.h"
#include "backup_tools.h"
#include "digest.h"
#include "outdir.h"
#include "pg.h"

#define COMMIT_SECONDS 60

/* ---- the archive ---------------------------------------------------------------------------- */

/* A file without a name, in the backup's own file system: what it holds is personal data. */
static FILE *open_scratch(int dir, struct error *err)
{
    static const char name[] = ".restore.tmp";
    int fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
        fd = outdir_openat(dir, name, O_RDWR | O_CREAT | O_EXCL, 0600);
        if (fd >= 0)
            unlinkat(dir, name, 0);
    }
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r+");
    if (!file) {
        error_set(err, STATUS_BACKUP, "no scratch file beside the backup: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
    }
    return file;
}

static const struct backup_file *data_file(const struct backup_manifest *m)
{
    for (size_t i = 0; i < m->n_files; i++)
        if (strcmp(m->files[i].name, BACKUP_DATA) == 0)
            return &m->files[i];
    return NULL;
}

/* The very file that pg_restore will read is compared once more, through its descriptor. */
static int open_data(int dir, const struct backup_manifest *m, struct error *err)
{
    char sha256[65];
    const struct backup_file *data = data_file(m);
    int fd = data ? outdir_openat(dir, BACKUP_DATA, O_RDONLY, 0) : -1;
    if (fd >= 0 && digest_fd(fd, sha256) == 0 && strcmp(sha256, data->sha256) == 0)
        return fd;
    error_set(err, STATUS_BACKUP, "backup %s: " BACKUP_DATA " was changed", m->id);
    if (fd >= 0)
        close(fd);
    return -1;
}

static int unpack(int dir, const struct backup_manifest *m, FILE *script, struct error *err)
{
    struct backup_tools tools;
    const char *argv[] = {"pg_restore", "-Fc", "--data-only", "--no-owner", "-f", "-", NULL};
    int data = open_data(dir, m, err);
    if (data < 0)
        return STATUS_BACKUP;
    int rc = backup_tools_open(&tools, m->tool_major, NULL, err);
    if (!rc)
        rc = backup_tools_run(&tools, argv, data, fileno(script), err);
    backup_tools_close(&tools);
    close(data);
    rewind(script);
    return rc;
}

/* ---- the target ----------------------------------------------------------------------------- */

static int restore_rows(struct pg *pg, FILE *script, const struct backup_manifest *m,
                        struct error *err)
{
    struct backup_prepare prepare = {.pg = pg};
    int rc = pg_begin(pg, "", err);
    if (rc)
        return rc;
    rc = backup_prepare_begin(&prepare, m, err);
    if (!rc)
        rc = backup_load(pg, script, m, err);
    if (!rc)
        rc = backup_prepare_end(&prepare, err);
    backup_prepare_clear(&prepare);
    if (rc)
        pg_rollback(pg);
    else
        rc = pg_commit(pg, COMMIT_SECONDS, err);
    if (rc == STATUS_UNKNOWN)
        error_fix(err, "repeat the restore: it can be done any number of times");
    return rc;
}

static int restore_to(const char *url, FILE *script, const struct backup_manifest *m,
                      struct error *err)
{
    struct pg *pg = pg_connect(url, "target", NULL, err);
    if (!pg)
        return err->code;
    int rc = restore_rows(pg, script, m, err);
    pg_close(pg);
    return rc;
}

/* `dir` is the backup's own directory. */
static int restore_from(int dir, const char *id, const char *url, struct error *err)
{
    struct backup_manifest m;
    struct arena *mem = arena_new();
    FILE *script = NULL;
    int rc = backup_manifest_read(dir, id, mem, &m, err);
    if (!rc && !(script = open_scratch(dir, err)))
        rc = err->code;
    if (!rc)
        rc = unpack(dir, &m, script, err);
    if (!rc)
        rc = restore_to(url, script, &m, err);
    if (script)
        fclose(script);
    arena_free(mem);
    return rc;
}

int backup_restore(const char *dir, const char *id, const char *url, struct error *err)
{
    struct error own = {0};
    if (!err)
        err = &own;
    int rc = backup_verify(dir, id, err);
    if (rc)
        return rc;
    int all = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = all < 0 ? -1 : outdir_openat(all, id, O_RDONLY | O_DIRECTORY, 0);
    if (fd >= 0) {
        rc = restore_from(fd, id, url, err);
    } else {
        rc = error_set(err, STATUS_BACKUP, "backup %s cannot be opened: %s", id, strerror(errno));
        error_fix(err, "see what there is with --backups");
    }
    if (fd >= 0)
        close(fd);
    if (all >= 0)
        close(all);
    return rc;
}

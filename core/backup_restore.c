/* backup_restore.c - tables back to what they were. Everything that can fail without the target
 * is done first: digests, then the whole archive is read by pg_restore; then one transaction. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backup.h"
#include "backup_archive.h"
#include "backup_load.h"
#include "backup_manifest.h"
#include "backup_prepare.h"
#include "outdir.h"
#include "pg.h"

#define COMMIT_SECONDS 60

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
    if (!rc && !(script = backup_archive_scratch(dir, err)))
        rc = err->code;
    if (!rc)
        rc = backup_archive_unpack(dir, &m, script, err);
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

/* backup_archive.c - the files of a backup on their way out of it. */
#include "backup_archive.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup_tools.h"
#include "digest.h"
#include "outdir.h"

FILE *backup_archive_scratch(int dir, struct error *err)
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
        error_fix(err, "free space in the backup directory, and let this user write there");
        if (fd >= 0)
            close(fd);
    }
    return file;
}

static const struct backup_file *find_file(const struct backup_manifest *m, const char *name)
{
    for (size_t i = 0; i < m->n_files; i++)
        if (strcmp(m->files[i].name, name) == 0)
            return &m->files[i];
    return NULL;
}

/* The very file that will be read is compared once more, through its descriptor. */
int backup_archive_open(int dir, const struct backup_manifest *m, const char *name,
                        struct error *err)
{
    char sha256[65];
    const struct backup_file *data = find_file(m, name);
    int fd = data ? outdir_openat(dir, name, O_RDONLY, 0) : -1;
    if (fd >= 0 && digest_fd(fd, sha256) == 0 && strcmp(sha256, data->sha256) == 0)
        return fd;
    error_set(err, STATUS_BACKUP, data ? "backup %s: %s was changed" : "backup %s has no %s", m->id,
              name);
    error_fix(err, "use another backup: mighost --backups lists them");
    if (fd >= 0)
        close(fd);
    return -1;
}

int backup_archive_unpack(int dir, const struct backup_manifest *m, FILE *script, struct error *err)
{
    struct backup_tools tools;
    const char *argv[] = {"pg_restore", "-Fc", "--data-only", "--no-owner", "-f", "-", NULL};
    int data = backup_archive_open(dir, m, BACKUP_DATA, err);
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

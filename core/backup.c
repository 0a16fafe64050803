/* backup.c - makes a backup: a directory that gets its name when everything in it is whole and on
 * disk. What goes into it is backup_dump.c's, what is in the directory of backups backup_store.c's,
 * restoring backup_restore.c's. */
#include "backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backup_dump.h"
#include "backup_manifest.h"
#include "backup_rows.h"
#include "backup_store.h"
#include "jsonfile.h"
#include "outdir.h"

#define MANY 1000 /* backups in one millisecond */

/* One backup on its way. */
struct making {
    const struct backup_request *request;
    struct arena *mem;
    struct outdir *all, *dir; /* of all backups, of this one */
    struct backup_dump dump;
    struct backup_dump *sources;
    struct backup_request *source_requests;
    struct backup_part *parts;
    struct backup_file *files;
    size_t n_parts, n_files;
    char id[BACKUP_ID_SIZE], temp[BACKUP_ID_SIZE + 8], time[64];
};

/* ---- its directory ------------------------------------------------------------------------ */

static void name_by_time(struct making *m, int number)
{
    struct timespec now;
    struct tm tm;
    char text[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H-%M-%S", &tm);
    int n = snprintf(m->id, sizeof m->id, "backup-%s-%03ldZ", text, now.tv_nsec / 1000000);
    if (number > 1)
        snprintf(m->id + n, sizeof m->id - (size_t)n, "-%d", number);
    snprintf(m->temp, sizeof m->temp, BACKUP_STORE_MAKING "%s", m->id);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(m->time, sizeof m->time, "%s.%03ldZ", text, now.tv_nsec / 1000000);
}

static int exists(const struct outdir *dir, const char *name)
{
    struct stat st;
    return fstatat(outdir_fd(dir), name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* backup_prune may have taken it for a left one before it was locked. */
static int lock(const struct making *m)
{
    struct stat st;
    flock(outdir_fd(m->dir), LOCK_EX | LOCK_NB); /* where directories have none: no harm */
    return fstat(outdir_fd(m->dir), &st) == 0 && st.st_nlink > 0 ? 0 : -1;
}

/* The name of the unfinished directory reserves the final one. */
static int reserve(struct making *m, struct error *err)
{
    for (int number = 1; number <= MANY; number++) {
        struct error refused = {0};
        name_by_time(m, number);
        m->dir = outdir_sub(m->all, m->temp, &refused);
        if (m->dir && lock(m) == 0 && !exists(m->all, m->id))
            return STATUS_OK;
        if (!m->dir && !exists(m->all, m->temp)) {
            *err = refused;
            return err->code;
        }
        if (m->dir)
            unlinkat(outdir_fd(m->all), m->temp, AT_REMOVEDIR);
        outdir_close(m->dir);
        m->dir = NULL;
    }
    return error_set(err, STATUS_BACKUP, "%s: no free name for a backup", outdir_path(m->all));
}

static int put_in_place(const struct making *m, struct error *err)
{
    int dir = outdir_fd(m->all);
    if (renameat2(dir, m->temp, dir, m->id, RENAME_NOREPLACE) &&
        (errno != EINVAL || exists(m->all, m->id) || renameat(dir, m->temp, dir, m->id)))
        return error_set(err, STATUS_BACKUP, "backup %s/%s cannot be put in place: %s",
                         outdir_path(m->all), m->id, strerror(errno));
    if (fsync(dir) == 0 || errno == EINVAL)
        return STATUS_OK;
    error_set(err, STATUS_BACKUP, "%s cannot be brought to disk: %s", outdir_path(m->all),
              strerror(errno));
    backup_store_remove(dir, m->id);
    return STATUS_BACKUP;
}

/* ---- its content -------------------------------------------------------------------------- */

static int check_space(const struct outdir *dir, uint64_t bytes, struct error *err)
{
    uint64_t room = outdir_free_bytes(dir), need = bytes + ((uint64_t)1 << 20);
    if (room >= need)
        return STATUS_OK;
    error_set(err, STATUS_BACKUP, "%s has %llu MB free, the tables to be backed up take %llu MB",
              outdir_path(dir), (unsigned long long)(room >> 20), (unsigned long long)(need >> 20));
    error_fix(err, "free space there, or give another directory by --backup-dir");
    return STATUS_BACKUP;
}

int backup_room(const char *dir, uint64_t bytes, struct error *err)
{
    struct outdir *all = outdir_open_all(dir, err);
    if (!all)
        return err->code;
    int rc = check_space(all, bytes, err);
    outdir_close(all);
    return rc;
}

static const char *scope_text(enum backup_scope scope)
{
    return scope == BACKUP_DATABASE ? "database" : scope == BACKUP_TABLES ? "tables" : "rows";
}

static int write_manifest(const struct making *m, struct error *err)
{
    const struct backup_request *r = m->request;
    const struct backup_manifest manifest = {.id = m->id,
                                             .time = m->time,
                                             .run = r->run ? r->run : "",
                                             .project = r->project ? r->project : "",
                                             .label = r->label ? r->label : "",
                                             .scope = scope_text(r->scope),
                                             .server_version = pg_server_version(m->dump.pg),
                                             .tool_major = m->dump.tools.pg.major,
                                             .tables = m->dump.tables.tables,
                                             .n_tables = m->dump.tables.n,
                                             .parts = m->parts,
                                             .n_parts = m->n_parts,
                                             .files = m->files,
                                             .n_files = m->n_files};
    struct str text;
    str_init(&text, JSONFILE_MAX);
    backup_manifest_write(&manifest, &text);
    int rc = text.failed ? error_set(err, STATUS_BACKUP, "too many tables for one backup")
                         : outdir_put(m->dir, BACKUP_MANIFEST, text.data, text.len, err);
    str_clear(&text);
    return rc;
}

static int write_data(struct making *m, struct error *err)
{
    int rc = backup_dump_write(&m->dump, m->dir, BACKUP_DATA, err);
    if (!rc && m->request->scope != BACKUP_NONE)
        m->files[m->n_files++] = (struct backup_file){BACKUP_DATA, m->dump.sha256, m->dump.size};
    return rc;
}

/* In the snapshot of the dump. */
static int write_parts(struct making *m, struct error *err)
{
    const struct backup_request *r = m->request;
    int rc = STATUS_OK;
    for (size_t i = 0; !rc && i < r->n_rows; i++) {
        struct backup_part *part = &m->parts[m->n_parts++];
        rc = backup_rows_find(m->dump.pg, r, &r->rows[i], part, m->mem, err);
        if (!rc)
            rc = backup_rows_write(m->dump.pg, part, m->dir, m->mem, &m->files[m->n_files++], err);
    }
    return rc;
}

/* ---- sources ------------------------------------------------------------------------------ */

static int open_sources(struct making *m, struct error *err)
{
    const struct backup_request *r = m->request;
    int rc = STATUS_OK;
    m->sources = arena_alloc(m->mem, (r->n_sources + 1) * sizeof *m->sources);
    m->source_requests = arena_alloc(m->mem, (r->n_sources + 1) * sizeof *m->source_requests);
    for (size_t i = 0; !rc && i < r->n_sources; i++) {
        m->source_requests[i] = (struct backup_request){
            .url = r->sources[i].url, .scope = BACKUP_DATABASE, .state_schema = r->state_schema};
        m->sources[i] =
            (struct backup_dump){.request = &m->source_requests[i],
                                 .role = arena_printf(m->mem, "source %s", r->sources[i].name),
                                 .mem = m->mem};
        rc = backup_dump_open(&m->sources[i], err);
    }
    return rc;
}

static int write_sources(struct making *m, struct error *err)
{
    int rc = STATUS_OK;
    for (size_t i = 0; !rc && i < m->request->n_sources; i++) {
        struct backup_dump *d = &m->sources[i];
        const char *name = m->request->sources[i].name;
        const char *file = arena_printf(m->mem, "source-%s.dump", name);
        rc = backup_dump_write(d, m->dir, file, err);
        m->files[m->n_files++] = (struct backup_file){file, d->sha256, d->size};
        m->parts[m->n_parts++] = (struct backup_part){.kind = "source",
                                                      .name = name,
                                                      .file = file,
                                                      .table = "",
                                                      .where = "",
                                                      .tables = d->tables.tables,
                                                      .n_tables = d->tables.n};
    }
    return rc;
}

static void close_sources(struct making *m)
{
    for (size_t i = 0; m->sources && i < m->request->n_sources; i++)
        backup_dump_close(&m->sources[i]);
}

static uint64_t all_bytes(const struct making *m)
{
    uint64_t bytes = m->dump.tables.bytes;
    for (size_t i = 0; i < m->request->n_sources; i++)
        bytes += m->sources[i].tables.bytes;
    return bytes;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static int fill(struct making *m, struct error *err)
{
    int rc = reserve(m, err);
    if (rc)
        return rc;
    size_t n = m->request->n_rows + m->request->n_sources + 1;
    m->parts = arena_alloc(m->mem, n * sizeof *m->parts);
    m->files = arena_alloc(m->mem, n * sizeof *m->files);
    rc = write_data(m, err);
    if (!rc)
        rc = write_parts(m, err);
    if (!rc)
        rc = write_sources(m, err);
    if (!rc)
        rc = write_manifest(m, err);
    if (!rc)
        rc = put_in_place(m, err);
    if (rc)
        backup_store_remove(outdir_fd(m->all), m->temp);
    outdir_close(m->dir);
    return rc;
}

int backup_make(const struct backup_request *request, char id[64], struct error *err)
{
    struct making m = {.request = request, .mem = arena_new()};
    struct error own = {0};
    if (!err)
        err = &own;
    m.dump = (struct backup_dump){.request = request, .role = "target", .mem = m.mem};
    int rc = backup_dump_open(&m.dump, err);
    if (!rc)
        rc = open_sources(&m, err);
    if (!rc && !(m.all = outdir_open_all(request->dir, err)))
        rc = err->code;
    if (!rc)
        rc = check_space(m.all, all_bytes(&m), err);
    if (!rc)
        rc = fill(&m, err);
    if (!rc)
        snprintf(id, BACKUP_ID_SIZE, "%s", m.id);
    outdir_close(m.all);
    close_sources(&m);
    backup_dump_close(&m.dump);
    arena_free(m.mem);
    return rc;
}

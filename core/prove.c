/* prove.c - where the scratch database is made, what it gets, and what is compared. Of a backup of
 * tables, which has their rows only for a target that has the tables, the target as it is now gives
 * the tables, without indexes and foreign keys: those may lead out of the backup. */
#include "prove.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backup.h"
#include "backup_archive.h"
#include "backup_digest.h"
#include "backup_load.h"
#include "backup_tools.h"
#include "embedded.h"
#include "outdir.h"
#include "pgtools.h"
#include "scratch.h"
#include "sql.h"

struct proof {
    const struct prove_request *request;
    struct prove_result *out;
    struct arena *mem;
    struct backup_manifest m;
    int dir; /* of the backup */
    struct scratch scratch;
};

/* ---- where -------------------------------------------------------------------------------- */

static int use_embedded(const struct prove_request *r)
{
    const char *const programs[] = {"postgres", "initdb", "pg_ctl", NULL};
    struct pgtools tools;
    if (r->embedded || r->project->backup_scratch == SCRATCH_TARGET)
        return 0;
    return r->project->backup_scratch == SCRATCH_EMBEDDED ||
           pgtools_nearest(programs, r->server_version / 10000, &tools) == 0;
}

static int too_old(const struct proof *p, struct error *err)
{
    int major = pg_server_version(p->scratch.pg) / 10000;
    if (major >= p->m.server_version / 10000)
        return STATUS_OK;
    error_set(err, STATUS_PREFLIGHT,
              "the scratch database would be on PostgreSQL %d, the backup is "
              "of PostgreSQL %d",
              major, p->m.server_version / 10000);
    error_fix(err, "set \"scratch\": \"target\" in the project's \"backup\"");
    return STATUS_PREFLIGHT;
}

/* ---- tables and rows ------------------------------------------------------------------------ */

/* pg_restore of the archive at `fd` into the scratch database. */
static int restore_archive(struct proof *p, int fd, const char *section, struct error *err)
{
    struct backup_tools tools;
    const char *argv[] = {"pg_restore",
                          "-Fc",
                          "--exit-on-error",
                          "--no-owner",
                          "--no-privileges",
                          "--no-publications",
                          "--no-subscriptions",
                          "-d",
                          p->scratch.name,
                          section,
                          NULL};
    int rc = backup_tools_open(&tools, pg_server_version(p->scratch.pg) / 10000,
                               p->scratch.url.data, err);
    if (!rc)
        rc = backup_tools_run(&tools, argv, fd, -1, err);
    backup_tools_close(&tools);
    return rc;
}

static int dump_schema(const struct proof *p, int out_fd, struct error *err)
{
    struct backup_tools tools;
    struct str state;
    str_init(&state, 0);
    sql_ident(&state, p->request->project->target.state_schema);
    const char *argv[] = {
        "pg_dump",  "-Fc", "--schema-only", "--no-password", "--lock-wait-timeout=60000", "-N",
        state.data, NULL};
    int rc = backup_tools_open(&tools, p->request->server_version / 10000, p->request->url, err);
    if (!rc)
        rc = backup_tools_run(&tools, argv, -1, out_fd, err);
    backup_tools_close(&tools);
    str_clear(&state);
    return rc;
}

static int make_tables(struct proof *p, struct error *err)
{
    FILE *schema = backup_archive_scratch(p->dir, err);
    if (!schema)
        return err->code;
    int rc = dump_schema(p, fileno(schema), err);
    rewind(schema);
    if (!rc)
        rc = restore_archive(p, fileno(schema), "--section=pre-data", err);
    fclose(schema);
    return rc;
}

static int restore_database(struct proof *p, const char *file, struct error *err)
{
    int fd = backup_archive_open(p->dir, &p->m, file, err);
    if (fd < 0)
        return STATUS_BACKUP;
    int rc = restore_archive(p, fd, NULL, err);
    close(fd);
    return rc;
}

static int restore_tables(struct proof *p, struct error *err)
{
    int rc = make_tables(p, err);
    return rc ? rc
              : backup_restore(p->request->project->backup_dir, p->m.id, p->scratch.url.data, err);
}

/* Rows of one owner, by the script that brings them back. */
static int load_part(struct proof *p, const struct backup_part *part, FILE *script,
                     struct error *err)
{
    struct backup_manifest m = p->m;
    struct pg *pg = p->scratch.held;
    m.tables = part->tables;
    m.n_tables = part->n_tables;
    int rc = pg_begin(pg, "", err);
    if (!rc)
        rc = backup_load(pg, script, &m, err);
    if (!rc)
        return pg_commit(pg, 0, err);
    pg_rollback(pg);
    return rc;
}

static int restore_part(struct proof *p, const struct backup_part *part, struct error *err)
{
    if (str_equal(part->kind, "source"))
        return restore_database(p, part->file, err);
    int rc = make_tables(p, err);
    if (rc)
        return rc;
    int fd = backup_archive_open(p->dir, &p->m, part->file, err);
    FILE *script = fd < 0 ? NULL : fdopen(fd, "r");
    if (!script) {
        if (fd >= 0)
            close(fd);
        error_set(err, STATUS_BACKUP, "%s cannot be read", part->file);
        error_fix(err, "let this user read the backup, or choose another: --backups lists them");
        return err->code;
    }
    rc = load_part(p, part, script, err);
    fclose(script);
    return rc;
}

/* ---- comparison ----------------------------------------------------------------------------- */

static int compare(struct proof *p, const struct backup_table *tables, size_t n, struct error *err)
{
    if (pg_begin(p->scratch.held, "READ ONLY", err))
        return err->code;
    int64_t other = backup_digest_compare(p->scratch.held, tables, n, err);
    pg_rollback(p->scratch.held);
    if (other < 0)
        return (int)-other;
    for (size_t i = 0; i < n; i++) {
        p->out->tables += !tables[i].partitioned || tables[i].digest;
        p->out->unknown += !tables[i].partitioned && !tables[i].digest;
        p->out->rows += tables[i].rows ? strtoll(tables[i].rows, NULL, 10) : 0;
    }
    if ((size_t)other == n)
        return STATUS_OK;
    error_set(err, STATUS_BACKUP,
              "backup %s: restored, table %s.%s has other rows than were backed up", p->m.id,
              tables[other].schema, tables[other].name);
    error_why(err, "this backup would not bring back what was there");
    error_fix(err, "make another backup, and report this one");
    return STATUS_BACKUP;
}

/* `part` NULL: the backup without its parts. */
static int in_scratch(struct proof *p, const char *url, const struct backup_part *part,
                      struct error *err)
{
    int rc = scratch_open(&p->scratch, url, err);
    if (!rc)
        rc = too_old(p, err);
    if (!rc)
        rc = part                                ? restore_part(p, part, err)
             : str_equal(p->m.scope, "database") ? restore_database(p, BACKUP_DATA, err)
                                                 : restore_tables(p, err);
    if (!rc)
        rc = part ? compare(p, part->tables, part->n_tables, err)
                  : compare(p, p->m.tables, p->m.n_tables, err);
    int dropped = scratch_close(&p->scratch, err);
    return rc ? rc : dropped;
}

/* Each part in a database of its own, since their tables are the same. */
static int all_parts(struct proof *p, const char *url, struct error *err)
{
    int rc = p->m.n_tables ? in_scratch(p, url, NULL, err) : STATUS_OK;
    for (size_t i = 0; !rc && i < p->m.n_parts; i++)
        rc = in_scratch(p, url, &p->m.parts[i], err);
    return rc;
}

/* The embedded server stays up only where it was before. */
static int on_embedded(struct proof *p, struct error *err)
{
    char url[4096];
    struct error ignored = {0};
    const char *work_dir = p->request->project->work_dir;
    int was_up = embedded_status(work_dir) == 1;
    p->out->where = "on the embedded server";
    int rc = embedded_start(work_dir, "postgres", url, sizeof url, err);
    if (!rc)
        rc = all_parts(p, url, err);
    if (!was_up)
        embedded_stop(work_dir, &ignored);
    return rc;
}

static int read_manifest(struct proof *p, struct error *err)
{
    const struct prove_request *r = p->request;
    int rc = backup_verify(r->project->backup_dir, r->id, err);
    if (rc)
        return rc;
    int all = open(r->project->backup_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    p->dir = all < 0 ? -1 : outdir_openat(all, r->id, O_RDONLY | O_DIRECTORY, 0);
    if (all >= 0)
        close(all);
    if (p->dir < 0) {
        error_set(err, STATUS_BACKUP, "backup %s cannot be opened", r->id);
        error_fix(err, "--backups lists those that are there");
        return err->code;
    }
    return backup_manifest_read(p->dir, r->id, p->mem, &p->m, err);
}

int prove_backup(const struct prove_request *request, struct prove_result *out, struct error *err)
{
    struct timespec begun, now;
    struct proof p = {.request = request, .out = out, .mem = arena_new(), .dir = -1};
    clock_gettime(CLOCK_MONOTONIC, &begun);
    memset(out, 0, sizeof *out);
    out->where = "on the target's server";
    int rc = read_manifest(&p, err);
    if (!rc)
        rc = use_embedded(request) ? on_embedded(&p, err) : all_parts(&p, request->url, err);
    if (p.dir >= 0)
        close(p.dir);
    arena_free(p.mem);
    clock_gettime(CLOCK_MONOTONIC, &now);
    out->seconds =
        (double)(now.tv_sec - begun.tv_sec) + (double)(now.tv_nsec - begun.tv_nsec) / 1e9;
    return rc;
}

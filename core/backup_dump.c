/* backup_dump.c - runs pg_dump under a snapshot of our own, while the server works out the digests
 * of the same rows on the connection that exported it. */
#include "backup_dump.h"

#include <stdio.h>
#include <string.h>

#include "backup_digest.h"
#include "sql.h"

int backup_dump_open(struct backup_dump *d, struct error *err)
{
    const struct backup_request *r = d->request;
    int rc = STATUS_OK;
    if (r->server_version && r->scope != BACKUP_NONE)
        rc = backup_tools_open(&d->tools, r->server_version / 10000, r->url, err);
    if (!rc)
        d->pg = r->pg ? r->pg : pg_connect(r->url, d->role, NULL, err);
    if (!rc && !d->pg)
        rc = err->code;
    if (!rc && !r->server_version && r->scope != BACKUP_NONE)
        rc = backup_tools_open(&d->tools, pg_server_version(d->pg) / 10000, r->url, err);
    return rc ? rc : backup_tables_read(d->pg, r, d->mem, &d->tables, err);
}

void backup_dump_close(struct backup_dump *d)
{
    if (d->request->pg)
        pg_rollback(d->request->pg);
    else
        pg_close(d->pg);
    backup_tools_close(&d->tools);
}

static int open_snapshot(struct backup_dump *d, char out[64], struct error *err)
{
    struct pg_result *r = pg_begin(d->pg, "ISOLATION LEVEL REPEATABLE READ", err)
                              ? NULL
                              : pg_query(d->pg, err, "SELECT pg_export_snapshot()", 0, NULL);
    if (!r)
        return err->code;
    snprintf(out, 64, "%s", pg_get(r, 0, 0));
    pg_free(r);
    return STATUS_OK;
}

/* Compression 1: twice as fast as the default for a tenth more space. */
static int call_pg_dump(const struct backup_dump *d, const char *snapshot, int out_fd,
                        struct error *err)
{
    const struct backup_request *r = d->request;
    struct str state;
    size_t n = 0;
    const char **argv = arena_alloc(d->mem, (2 * d->tables.n_patterns + 16) * sizeof *argv);
    const char *const fixed[] = {"pg_dump",
                                 "-Fc",
                                 "-Z",
                                 "1",
                                 "--encoding=UTF8",
                                 "--strict-names",
                                 "--no-password",
                                 "--lock-wait-timeout=60000",
                                 "--snapshot",
                                 snapshot};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        argv[n++] = fixed[i];
    str_init(&state, 0);
    sql_ident(&state, r->state_schema ? r->state_schema : "mighost");
    if (r->scope == BACKUP_DATABASE) {
        argv[n++] = "-N";
        argv[n++] = state.data;
    }
    for (size_t i = 0; r->scope != BACKUP_DATABASE && i < d->tables.n_patterns; i++) {
        argv[n++] = "-t";
        argv[n++] = d->tables.patterns[i];
    }
    argv[n] = NULL;
    int rc = backup_tools_run(&d->tools, argv, -1, out_fd, err);
    str_clear(&state);
    return rc;
}

static int run_with_digests(struct backup_dump *d, const char *snapshot, int out_fd,
                            struct error *err)
{
    int rc = backup_digest_send(d->pg, d->tables.tables, d->tables.n, err);
    if (rc)
        return rc;
    rc = call_pg_dump(d, snapshot, out_fd, err);
    if (rc)
        pg_later_drop(d->pg);
    return rc ? rc : backup_digest_take(d->pg, d->tables.tables, d->tables.n, d->mem, err);
}

int backup_dump_write(struct backup_dump *d, struct outdir *dir, const char *name,
                      struct error *err)
{
    char snapshot[64];
    int rc = open_snapshot(d, snapshot, err);
    if (rc || d->request->scope == BACKUP_NONE)
        return rc;
    struct outfile *file = outfile_open(dir, name, err);
    if (!file)
        return err->code;
    rc = run_with_digests(d, snapshot, outfile_fd(file), err);
    if (!rc)
        return outfile_close_digest(file, d->sha256, &d->size, err);
    outfile_abandon(file);
    return rc;
}

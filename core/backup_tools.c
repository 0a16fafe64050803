/* backup_tools.c - runs pg_dump and pg_restore. They connect as libpq in this process does: with
 * the URL's settings, and for the rest with our own PG* variables (PGPASSFILE, PGSSLROOTCERT,
 * ...), which a child otherwise does not get. */
#include "backup_tools.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "child.h"
#include "pg.h"
#include "str.h"

static int refuse_version(int major, int newest, struct error *err)
{
    if (newest)
        error_set(err, STATUS_BACKUP,
                  "pg_dump is too old: the server is PostgreSQL %d, the newest "
                  "pg_dump here %d",
                  major, newest);
    else
        error_set(err, STATUS_BACKUP, "pg_dump and pg_restore are not installed");
    error_why(err, "no backup can be made or read without them");
    error_fix(err,
              "apt-get install postgresql-client-%d (from apt.postgresql.org where Debian has "
              "no such version), or set the project's backup.scope to \"none\"",
              major);
    return STATUS_BACKUP;
}

static int has_name(char *const *env, const char *entry)
{
    size_t n = strcspn(entry, "=") + 1;
    for (size_t i = 0; env[i]; i++)
        if (strncmp(env[i], entry, n) == 0)
            return 1;
    return 0;
}

static char **merge_environment(char **from_url)
{
    size_t n = 0, count = 1;
    for (size_t i = 0; from_url[i]; i++)
        count++;
    for (char **e = environ; *e; e++)
        count++;
    char **env = arena_heap(NULL, count * sizeof *env);
    for (size_t i = 0; from_url[i]; i++)
        env[n++] = from_url[i];
    for (char **e = environ; *e; e++)
        if (strncmp(*e, "PG", 2) == 0 && !has_name(from_url, *e))
            env[n++] = *e;
    env[n] = NULL;
    return env;
}

int backup_tools_open(struct backup_tools *t, int major, const char *url, struct error *err)
{
    const char *const programs[] = {"pg_dump", "pg_restore", NULL};
    memset(t, 0, sizeof *t);
    if (pgtools_nearest(programs, major, &t->pg))
        return refuse_version(major, t->pg.major, err);
    if (!url)
        return STATUS_OK;
    t->from_url = pg_environment(url, err);
    if (!t->from_url)
        return err->code;
    t->env = merge_environment(t->from_url);
    return STATUS_OK;
}

void backup_tools_close(struct backup_tools *t)
{
    free(t->env);
    pg_environment_free(t->from_url);
    memset(t, 0, sizeof *t);
}

int backup_tools_run(const struct backup_tools *t, const char **argv, int in_fd, int out_fd,
                     struct error *err)
{
    char path[PATH_MAX], reason[256];
    const char *name = argv[0];
    struct str errors;
    if (pgtools_path(&t->pg, name, path, sizeof path))
        return error_set(err, STATUS_BACKUP, "the path of %s is too long", name);
    argv[0] = path;
    str_init(&errors, 2 * CHILD_ERRORS_MAX);
    const struct child_request request = {
        .argv = argv, .env = t->env, .out_fd = out_fd, .in_fd = in_fd, .errors = &errors};
    int rc = child_run(&request);
    argv[0] = name;
    if (rc) {
        child_reason(&errors, reason, sizeof reason);
        error_set(err, STATUS_BACKUP, "%s ended with %d: %s", name, rc, reason);
        error_why(err, "a backup that is not whole is not kept");
        error_fix(err, "remove the cause and repeat the command");
    }
    str_clear(&errors);
    return rc ? STATUS_BACKUP : STATUS_OK;
}

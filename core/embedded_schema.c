/* embedded_schema.c - the SQL file of a project into an empty database of its own server. psql runs
 * it, since such files have its variables and \copy; that makes the file a program, which nobody
 * else may write. Not for a server that is not the project's own. */
#include "embedded_schema.h"

#include "child.h"
#include "log.h"
#include "pg.h"
#include "pgtools.h"
#include "safefile.h"

#define FILE_MAX ((size_t)256 << 20)

static int is_trusted(const char *path, struct error *err)
{
    struct str text;
    str_init(&text, FILE_MAX);
    int code = safefile_read(path, "embedded_schema", SAFEFILE_TRUSTED, &text, NULL, err);
    str_clear(&text);
    return code == 0;
}

static int run_psql(const char *url, const char *path, struct error *err)
{
    const char *const programs[] = {"psql", NULL};
    char psql[PATH_MAX], reason[256];
    struct pgtools tools;
    struct str errors;
    if (pgtools_newest(programs, &tools) || pgtools_path(&tools, "psql", psql, sizeof psql)) {
        error_set(err, STATUS_PREFLIGHT,
                  "no psql on this machine, which \"embedded_schema\" needs");
        error_fix(err, "apt-get install postgresql-client");
        return STATUS_PREFLIGHT;
    }
    const char *argv[] = {psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction", "-d",
                          url,  "-f", path, NULL};
    const struct child_request request = {
        .argv = argv, .out_fd = -1, .in_fd = -1, .errors = &errors};
    str_init(&errors, 2 * CHILD_ERRORS_MAX);
    int rc = child_run(&request);
    if (rc) {
        child_reason(&errors, reason, sizeof reason);
        error_set(err, STATUS_CONFIG, "embedded_schema: %s", reason);
        error_fix(err, "correct %s; its database is still empty", path);
    }
    str_clear(&errors);
    return rc ? STATUS_CONFIG : 0;
}

/* 1 or 0, or a negative status. The lock makes a second process wait until the first has filled
 * the database; it ends with the connection. */
static int has_tables(struct pg *pg, struct error *err)
{
    if (pg_exec(pg, err, "SELECT pg_advisory_lock(hashtext('mighost embedded_schema'))"))
        return -err->code;
    struct pg_result *res =
        pg_query(pg, err,
                 "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid ="
                 " c.relnamespace WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND"
                 " n.nspname <> 'information_schema')",
                 0, NULL);
    int there = res ? pg_get(res, 0, 0)[0] == 't' : -err->code;
    pg_free(res);
    return there;
}

int embedded_schema(const char *url, const char *path, struct error *err)
{
    struct pg *pg = pg_connect(url, "embedded server", NULL, err);
    if (!pg)
        return err->code;
    int there = has_tables(pg, err), code = there < 0 ? -there : 0;
    if (there == 0) {
        log_write(LOG_INFO, "embedded server: a new database is made by %s", path);
        code = is_trusted(path, err) ? run_psql(url, path, err) : err->code;
    }
    pg_close(pg);
    return code;
}

/* preflight.c - is the target fit for this run? Reads only. What the shape of a table forbids
 * is found by join.c; here are the server, privileges and the world outside. */
#include "preflight.h"

#include <stdio.h>
#include <string.h>

#include "backup.h"
#include "backup_tools.h"
#include "call.h"
#include "plural.h"
#include "unique.h"

#define OLDEST_SERVER 130000
#define COUNT_MOST 100000 /* rows of a table that the server has no estimate of */

static void fault(struct faults *faults, const char *what, const char *why, const char *fix)
{
    struct error err = {0};
    error_set(&err, STATUS_PREFLIGHT, "%s", what);
    error_why(&err, "%s", why);
    error_fix(&err, "%s", fix);
    faults_add(faults, &err);
}

int preflight_server(struct pg *pg, struct faults *faults, struct str *notes, struct error *err)
{
    char what[300];
    if (pg_server_version(pg) < OLDEST_SERVER) {
        snprintf(what, sizeof what, "the target is PostgreSQL %d, mighost needs 13 or later",
                 pg_server_version(pg) / 10000);
        fault(faults, what, "publish relies on 64-bit transaction ids", "upgrade the server first");
        return 0;
    }
    if (pg_begin(pg, "", err))
        return err->code;
    struct pg_result *res =
        pg_query(pg, err,
                 "SELECT pg_is_in_recovery(), current_setting('transaction_read_only'),"
                 " current_setting('server_encoding'), pg_backend_pid()",
                 0, NULL);
    if (res && pg_get(res, 0, 0)[0] == 't')
        fault(faults, "the target is a replica", "nothing can be written there",
              "give the URL of the primary, or add target_session_attrs=read-write to it");
    else if (res && str_equal(pg_get(res, 0, 1), "on"))
        fault(faults, "the target is read-only for this role or database",
              "default_transaction_read_only is on",
              "ALTER ROLE ... RESET "
              "default_transaction_read_only, or use another role");
    if (res && str_equal(pg_get(res, 0, 2), "SQL_ASCII"))
        fault(faults, "the target database has encoding SQL_ASCII",
              "any bytes go in there unchecked", "create a database with encoding UTF8");
    else if (res && !str_equal(pg_get(res, 0, 2), "UTF8"))
        str_printf(notes, "the target's encoding is %s: characters it lacks are rejected\n",
                   pg_get(res, 0, 2));
    if (res && pg_get_int(res, 0, 3) != pg_backend_pid(pg))
        str_add(notes, "the target is behind a connection pooler; backups bypass it only if the "
                       "URL does\n");
    pg_free(res);
    pg_rollback(pg);
    return err->code;
}

/* The server's estimate; where it has none, a count that does not go on for ever. */
static int existing_rows(const struct job_table *t, struct pg *pg, struct str *notes,
                         struct error *err)
{
    int64_t rows = t->t->rows;
    const char *how = "about ";
    if (!rows) {
        struct pg_result *res = pg_queryf(
            pg, err, "SELECT count(*) FROM (SELECT FROM %s LIMIT %d) x", t->t->quoted, COUNT_MOST);
        if (!res)
            return err->code;
        rows = pg_get_int(res, 0, 0);
        how = rows < COUNT_MOST ? "" : "at least ";
        pg_free(res);
    }
    if (rows)
        str_printf(notes, "%s.%s holds %s%lld %s already\n", t->t->schema, t->t->name, how,
                   (long long)rows, plural(rows, "row", "rows"));
    return 0;
}

static int width_can_be_folded(const struct job_table *t, struct pg *pg, struct error *err)
{
    if (!unique_folds_width(t) || pg_takes_all_text(pg))
        return 0;
    error_set(err, STATUS_PREFLIGHT,
              "\"unique\" of %s.%s folds \"width\", and the target is not UTF8", t->t->schema,
              t->t->name);
    error_why(err, "PostgreSQL normalizes letters in UTF8 databases only");
    error_fix(err, "leave \"width\" out of \"fold\", or migrate into a database of UTF8");
    return err->code;
}

int preflight_tables(const struct job *job, struct pg *pg, struct str *notes, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        const struct job_table *t = &job->tables[i];
        code = width_can_be_folded(t, pg, err);
        if (!code)
            code = existing_rows(t, pg, notes, err);
        if (t->t->triggers[0])
            str_printf(notes, "%s.%s has triggers that will fire: %s\n", t->t->schema, t->t->name,
                       t->t->triggers);
        if (t->t->triggers[0] && !t->t->owned)
            str_printf(notes,
                       "%s.%s is not the role's own: its triggers will fire at undo, too; what they"
                       " change is not restored\n",
                       t->t->schema, t->t->name);
    }
    return code;
}

static void ping_sources(const struct job *job, struct faults *faults)
{
    for (size_t i = 0; i < job->project->n_sources; i++) {
        struct unit *u = job->sources[i];
        if (!u)
            continue;
        int32_t returned = call_ping(u);
        struct error err = {0};
        if (returned != MIG_OK) {
            host_error(u, returned, "ping", &err);
            faults_add(faults, &err);
        }
    }
}

/* A table, a field or a key that the source does not have is said before anything is loaded. Where
 * the source does not answer at all, that has been said. */
static void open_entities(const struct job *job, struct faults *faults)
{
    for (size_t i = 0; i < job->n_stages; i++) {
        const struct job_stage *st = &job->stages[i];
        struct error err = {0};
        int32_t returned = call_open(st, (mig_str_t){NULL, 0});
        if (returned == MIG_OK) {
            call_close(st);
            continue;
        }
        host_error(st->source, returned, "open", &err);
        faults_add(faults, &err);
    }
}

static int64_t bytes_to_back_up(const struct job *job, struct pg *pg, struct error *err)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < job->n_tables; i++)
        bytes += job->tables[i].t->bytes;
    if (job->project->backup_scope != BACKUP_DATABASE)
        return bytes;
    struct pg_result *res =
        pg_query(pg, err, "SELECT pg_database_size(current_database())", 0, NULL);
    bytes = res ? pg_get_int(res, 0, 0) : 0;
    pg_free(res);
    return bytes;
}

/* The run ends before its first write where the backup cannot be made: said before the load. */
static void check_backup(const struct job *job, struct pg *pg, struct faults *faults)
{
    struct backup_tools tools;
    struct error err = {0};
    if (job->project->backup_scope == BACKUP_NONE)
        return;
    if (backup_tools_open(&tools, pg_server_version(pg) / 10000, NULL, &err))
        faults_add(faults, &err);
    backup_tools_close(&tools);
    error_clear(&err);
    int64_t bytes = bytes_to_back_up(job, pg, &err);
    if (err.code || backup_room(job->project->backup_dir, (uint64_t)bytes, &err))
        faults_add(faults, &err);
}

void preflight_outside(const struct job *job, struct pg *pg, struct faults *faults)
{
    check_backup(job, pg, faults);
    size_t before = faults->n;
    ping_sources(job, faults);
    if (faults->n == before)
        open_entities(job, faults);
}

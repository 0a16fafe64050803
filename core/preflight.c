/* preflight.c - is the target fit for this run? Reads only. What the shape of a table forbids
 * is found by join.c; here are the server, privileges and the world outside. */
#include "preflight.h"

#include <stdio.h>
#include <string.h>

#include "backup_tools.h"
#include "call.h"
#include "sql.h"

#define OLDEST_SERVER 130000

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

void preflight_tables(const struct job *job, struct str *notes)
{
    for (size_t i = 0; i < job->n_tables; i++) {
        const struct job_table *t = &job->tables[i];
        if (t->t->rows)
            str_printf(notes, "%s.%s holds about %lld rows already\n", t->t->schema, t->t->name,
                       (long long)t->t->rows);
        if (t->t->triggers[0])
            str_printf(notes, "%s.%s has triggers that will fire: %s\n", t->t->schema, t->t->name,
                       t->t->triggers);
        if (t->t->triggers[0] && !t->t->owned)
            str_printf(notes,
                       "%s.%s is not the role's own: its triggers will fire at undo, too; what they"
                       " change is not restored\n",
                       t->t->schema, t->t->name);
    }
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

/* The run ends before its first write where the backup cannot be made: said before the load. */
static void check_tools(const struct job *job, struct pg *pg, struct faults *faults)
{
    struct backup_tools tools;
    struct error err = {0};
    if (job->project->backup_scope == BACKUP_NONE)
        return;
    if (backup_tools_open(&tools, pg_server_version(pg) / 10000, NULL, &err))
        faults_add(faults, &err);
    backup_tools_close(&tools);
}

void preflight_outside(const struct job *job, struct pg *pg, struct faults *faults)
{
    check_tools(job, pg, faults);
    size_t before = faults->n;
    ping_sources(job, faults);
    if (faults->n == before)
        open_entities(job, faults);
}

/* samedb.c - source and target in one database. Databases are told apart by the cluster's own
 * identifier and their number in it, never by host names: one server has many of those. What a
 * source reads by a query of its own is not looked into. */
#include "samedb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sql.h"

int samedb_identity(struct pg *pg, char out[SAMEDB_SIZE], struct error *err)
{
    if (pg_begin(pg, "READ ONLY", err))
        return err->code;
    struct pg_result *res =
        pg_query(pg, err,
                 "SELECT format('%s %s', s.system_identifier, d.oid) FROM pg_control_system() s,"
                 " pg_database d WHERE d.datname = current_database()",
                 0, NULL);
    if (res && pg_rows(res))
        snprintf(out, SAMEDB_SIZE, "%s", pg_get(res, 0, 0));
    pg_free(res);
    pg_rollback(pg);
    return err->code;
}

/* 0 when the unit reads the target's database. */
static int reads_elsewhere(const struct unit *u, const struct project_timeouts *timeouts,
                           const char *target)
{
    char source[SAMEDB_SIZE] = "";
    struct error ignored = {0}; /* ping says what is wrong with the source */
    char *url = options_database_url(&u->options);
    struct pg *pg = url ? pg_connect(url, "source", timeouts, &ignored) : NULL;
    if (url)
        explicit_bzero(url, strlen(url));
    free(url);
    if (pg)
        samedb_identity(pg, source, &ignored);
    pg_close(pg);
    return !source[0] || strcmp(source, target) != 0;
}

static void check_stage(const struct job *job, const struct job_stage *stage, struct faults *faults)
{
    struct sql_name name;
    struct error err = {0};
    sql_split(stage->p->entity, job->project->target.schema, &name);
    size_t t = job_find_table(job, name.schema, name.table);
    if (t == SIZE_MAX)
        return;
    error_set(&err, STATUS_PREFLIGHT,
              "stage %s reads table %s.%s of the target itself, which this project writes",
              stage->p->name, name.schema, name.table);
    error_why(&err, "the run would change its own source");
    error_fix(&err, "give another database as the source; if this is meant: --same-database");
    faults_add(faults, &err);
}

void samedb_check(const struct job *job, struct pg *target, struct faults *faults)
{
    char here[SAMEDB_SIZE] = "";
    struct error ignored = {0};
    if (samedb_identity(target, here, &ignored) || !here[0])
        return;
    for (size_t i = 0; i < job->project->n_sources; i++) {
        const struct unit *u = job->sources[i];
        if (!u || reads_elsewhere(u, &job->project->timeouts, here))
            continue;
        for (size_t k = 0; k < job->n_stages; k++)
            if (job->stages[k].source == u)
                check_stage(job, &job->stages[k], faults);
    }
}

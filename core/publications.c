/* publications.c - logical replication and event triggers of the target, before anything is made
 * there. Staging tables have no key: where a publication holds them the server refuses to update
 * them, and subscribers stop at tables that they do not have. */
#include "publications.h"

#include <stdio.h>

static void refuse(const char *name, int all, struct faults *faults)
{
    struct error err = {0};
    error_set(&err, STATUS_PREFLIGHT, "publication %s would carry the state schema to subscribers",
              name);
    error_why(&err,
              "it is for all tables%s: staged rows would go there, subscribers without these"
              " tables stop, and the server refuses updates of tables without a key",
              all ? "" : " of that schema");
    error_fix(&err,
              all ? "let it name its schemas or tables instead (DROP and CREATE PUBLICATION ... FOR"
                    " TABLES IN SCHEMA, or FOR TABLE), for as long as the run can be undone"
                  : "ALTER PUBLICATION ... DROP TABLES IN SCHEMA, or give another --state-schema");
    faults_add(faults, &err);
}

/* Schemas of publications are there since PostgreSQL 15. */
static int check_publications(struct pg *pg, const char *schema, struct faults *faults,
                              struct error *err)
{
    char sql[500];
    const char *const params[] = {schema};
    snprintf(
        sql, sizeof sql,
        "SELECT p.pubname, p.puballtables FROM pg_publication p WHERE p.puballtables%s ORDER BY"
        " 1",
        pg_server_version(pg) >= 150000
            ? " OR EXISTS (SELECT FROM pg_publication_namespace s JOIN pg_namespace n ON n.oid"
              " = s.pnnspid WHERE s.pnpubid = p.oid AND n.nspname = $1)"
            : " AND $1 <> ''");
    struct pg_result *res = pg_query(pg, err, sql, 1, params);
    for (int i = 0; res && i < pg_rows(res); i++)
        refuse(pg_get(res, i, 0), pg_get(res, i, 1)[0] == 't', faults);
    pg_free(res);
    return err->code;
}

int publications_check(struct pg *pg, const char *schema, struct faults *faults, struct str *notes,
                       struct error *err)
{
    int code = check_publications(pg, schema, faults, err);
    struct pg_result *res =
        code ? NULL
             : pg_query(pg, err,
                        "SELECT evtname, evtevent FROM pg_event_trigger WHERE evtenabled <> 'D' AND"
                        " evtevent <> 'login' ORDER BY 1",
                        0, NULL);
    for (int i = 0; res && i < pg_rows(res); i++)
        str_printf(
            notes,
            "event trigger %s (%s) fires at the tables that mighost makes for itself; indexes"
            " and keys are kept\n",
            pg_get(res, i, 0), pg_get(res, i, 1));
    pg_free(res);
    return err->code;
}

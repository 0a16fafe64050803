/*
 * sqlerror.c - SQLSTATE -> outcome, text and fix.
 *
 * Only what a reader meets, or what asks for a fix of its own, has an entry; the first that
 * matches wins, so a class stands behind its members.
 */
#include "sqlerror.h"

#include <string.h>

#include "common/say.h"

#define RETRY "run the same command again later"

static const struct sqlerror table[] = {
    {"28P01", MIG_E_SOURCE, "wrong or no password",
     "correct the password in the URL's variable or in the password file (PGPASSFILE)"},
    {"28", MIG_E_SOURCE, "the server refuses this login",
     "check the role and the server's pg_hba.conf"},
    {"3D000", MIG_E_SOURCE, "there is no such database", "correct the database in the URL"},
    {"53300", MIG_E_TEMPORARY, "the server has too many connections", RETRY},
    {"53", MIG_E_TEMPORARY, "the server is short of memory, disk or another resource", RETRY},
    {"57P03", MIG_E_TEMPORARY, "the server is starting up or shutting down", RETRY},
    {"57014", MIG_E_TEMPORARY, "the statement was cancelled on the server", RETRY},
    {"57", MIG_E_TEMPORARY, "the server ended the connection", RETRY},
    {"25P03", MIG_E_TEMPORARY, "the server ended an idle transaction",
     "raise idle_in_transaction_session_timeout for this role"},
    {"25006", MIG_E_SOURCE, "the query writes, but a source is only read",
     "use a query that reads only"},
    {"40", MIG_E_TEMPORARY, "the server broke off the transaction in favour of another", RETRY},
    {"55P03", MIG_E_TEMPORARY, "a lock was not free", RETRY},
    {"08", MIG_E_TEMPORARY, "the connection failed", RETRY},
    {"42501", MIG_E_SOURCE, "the role may not read it, or row level security would hide rows of it",
     "GRANT USAGE on the schema and SELECT on the table to the role; where row level security is "
     "on, use the owner or a role with BYPASSRLS"},
    {"42601", MIG_E_SOURCE, "the query has a syntax error",
     "try the query in psql; it must be a single SELECT"},
    {"42P01", MIG_E_SOURCE, "the query names a table that is not there",
     "write schema.table: only pg_catalog is in the search path"},
    {"42703", MIG_E_SOURCE, "the query names a column that is not there", NULL},
    {"42883", MIG_E_SOURCE, "the query calls a function that is not there",
     "write schema.function: only pg_catalog is in the search path"},
    {"42", MIG_E_SOURCE, "the query is not valid on this server", "try the query in psql"},
    {"22021", MIG_E_SOURCE, "a text is not valid in the database's encoding",
     "repair the row in the source, or leave it out by a query"},
    {"22P05", MIG_E_SOURCE, "a text cannot be converted to UTF-8",
     "repair the row in the source, or leave it out by a query"},
    {"22", MIG_E_SOURCE, "the query met a value that it cannot work with",
     "repair the row in the source, or leave it out by a query"},
    {"0A000", MIG_E_SOURCE, "the server does not support this", NULL},
    {"XX", MIG_E_SOURCE, "the server reports damage or a fault of its own",
     "look into the server's log; the source may be damaged"},
    {"", MIG_E_SOURCE, "the server reports an error", "look into the server's log"},
};

const struct sqlerror *sqlerror_find(const char *state)
{
    const struct sqlerror *e = table;
    while (strncmp(e->state, state, strlen(e->state)) != 0)
        e++;
    return e;
}

int32_t sqlerror_fail(const mig_host_t *host, const char *state, const char *subject)
{
    const struct sqlerror *e = sqlerror_find(state);
    return say_fail(host, e->status, e->fix, "%s: %s (SQLSTATE %s)", subject, e->what, state);
}

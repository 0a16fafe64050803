/* sqlstate.c - what an SQLSTATE means: in words for messages, and as an exit code (PostgreSQL,
 * appendix "PostgreSQL Error Codes"). The server's own texts carry row values. Pure. */
#include "sqlstate.h"

#include <string.h>

#include "status.h"

int sqlstate_class(const char *sqlstate, const char *class)
{
    return strncmp(sqlstate, class, 2) == 0;
}

const char *sqlstate_text(const char *s)
{
    static const struct {
        const char *state, *text;
    } table[] = {{"23505", "a duplicate key"},
                 {"23503", "a row that refers to a missing row"},
                 {"23502", "NULL in a column that must not be NULL"},
                 {"23514", "a row that violates a check constraint"},
                 {"23P01", "a row that violates an exclusion constraint"},
                 {"40001", "a serialization failure"},
                 {"40P01", "a deadlock"},
                 {"55P03", "a lock that could not be had in time"},
                 {"57014", "a cancelled statement or a statement timeout"},
                 {"57P01", "a shutdown or termination by an administrator"},
                 {"57P03", "a server that is starting up or shutting down"},
                 {"53100", "a full disk on the server"},
                 {"53200", "no memory left on the server"},
                 {"53300", "too many connections"},
                 {"42501", "a missing privilege"},
                 {"42P01", "a table that does not exist"},
                 {"42703", "a column that does not exist"},
                 {"25006", "a read-only transaction"},
                 {"28P01", "a wrong password"},
                 {"28000", "a refused login"},
                 {"3D000", "a database that does not exist"},
                 {"0A000", "a feature that is not supported there"}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].state, s) == 0)
            return table[i].text;
    if (sqlstate_class(s, "22"))
        return "a value that does not fit its type";
    if (sqlstate_class(s, "P0"))
        return "an error that a trigger or function of the target raises";
    if (sqlstate_class(s, "42"))
        return "a statement that does not fit the schema";
    return "an error";
}

int sqlstate_status(const char *s)
{
    if (!s[0] || sqlstate_class(s, "08") || sqlstate_class(s, "57") || sqlstate_class(s, "53") ||
        sqlstate_class(s, "40") || strcmp(s, "55P03") == 0 || strcmp(s, "25P03") == 0)
        return STATUS_TEMPORARY;
    if (sqlstate_class(s, "22") || sqlstate_class(s, "23") || sqlstate_class(s, "P0"))
        return STATUS_INVALID;
    if (sqlstate_class(s, "42") || sqlstate_class(s, "28") || sqlstate_class(s, "25") ||
        sqlstate_class(s, "0A") || sqlstate_class(s, "3D") || sqlstate_class(s, "3F") ||
        sqlstate_class(s, "55"))
        return STATUS_PREFLIGHT;
    return STATUS_BUG;
}

/* libpq's untranslated words, and never any of them passed on. */
static const char *distrust(const char *text)
{
    if (strstr(text, "does not support SSL"))
        return "it offers none";
    if (strstr(text, "does not match host name"))
        return "its certificate is for another name";
    if (strstr(text, "root certificate file"))
        return "there is no file of authorities to trust";
    if (strstr(text, "certificate verify failed"))
        return "its certificate has expired, or no trusted authority vouches for it";
    return "its certificate, or ours, is refused";
}

/* Why a login fails: by SQLSTATE, or by the server's and libpq's English words. */
enum login {
    LOGIN_OTHER,
    LOGIN_PASSWORD,
    LOGIN_ROLE,
    LOGIN_HBA,
    LOGIN_NAME,
    LOGIN_TLS,
    LOGIN_MANY
};

/* A refused login has no result object, and its SQLSTATE is not given: the known texts of the
 * FATAL messages are looked for, and none is passed on. */
static enum login by_text(const char *text)
{
    if (strstr(text, "authentication failed") || strstr(text, "no password supplied"))
        return LOGIN_PASSWORD;
    if (strstr(text, "not permitted to log in") || strstr(text, "permission denied for database") ||
        strstr(text, "not currently accepting connections"))
        return LOGIN_ROLE;
    if (strstr(text, "pg_hba.conf"))
        return LOGIN_HBA;
    if (strstr(text, "does not exist") && !strstr(text, "root certificate file"))
        return LOGIN_NAME;
    if (strstr(text, "does not support SSL") || strstr(text, "certificate"))
        return LOGIN_TLS;
    if (strstr(text, "too many c") || strstr(text, "connection slots are reserved"))
        return LOGIN_MANY;
    return LOGIN_OTHER;
}

static enum login by_state(const char *state)
{
    static const struct {
        const char *state;
        enum login why;
    } table[] = {{"28P01", LOGIN_PASSWORD}, {"28000", LOGIN_HBA},  {"42501", LOGIN_ROLE},
                 {"55000", LOGIN_ROLE},     {"3D000", LOGIN_NAME}, {"53300", LOGIN_MANY}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].state, state) == 0)
            return table[i].why;
    return LOGIN_OTHER;
}

int sqlstate_is_foreign(const char *text)
{
    return by_text(text) == LOGIN_OTHER && strstr(text, ":  ") != NULL;
}

int sqlstate_login(const struct sqlstate_login *x, struct error *err)
{
    const char *host = x->host && x->host[0] ? x->host : "the local socket";
    const char *port = x->port ? x->port : "";
    switch (x->state[0] ? by_state(x->state) : by_text(x->text)) {
    case LOGIN_PASSWORD:
        error_set(err, STATUS_PREFLIGHT, "%s: login at %s port %s refused: wrong or no password",
                  x->role, host, port);
        error_fix(err, "put the password into PGPASSFILE, or into the URL in a 0600 env file");
        break;
    case LOGIN_ROLE:
        error_set(err, STATUS_PREFLIGHT,
                  "%s: login at %s port %s refused: this role may not connect", x->role, host,
                  port);
        error_fix(err,
                  "as its owner or a superuser: ALTER ROLE ... LOGIN; GRANT CONNECT ON DATABASE"
                  " ... TO it; ALTER DATABASE ... ALLOW_CONNECTIONS true");
        break;
    case LOGIN_HBA:
        error_set(err, STATUS_PREFLIGHT, "%s: pg_hba.conf of %s does not let this login in%s",
                  x->role, host,
                  x->state[0] ? ", or there is no such role, or it may not log in" : "");
        error_fix(err, "ask the DBA for a line that fits user, database and address");
        break;
    case LOGIN_NAME:
        error_set(err, STATUS_PREFLIGHT, "%s: no such database or role at %s port %s", x->role,
                  host, port);
        error_fix(err, "check the names in the URL");
        break;
    case LOGIN_TLS:
        error_set(err, STATUS_PREFLIGHT, "%s: no trusted TLS connection with %s: %s", x->role, host,
                  distrust(x->text));
        error_fix(err,
                  "sslrootcert in the URL, or PGSSLROOTCERT, names the file of authorities to "
                  "trust (those of the system: /etc/ssl/certs/ca-certificates.crt); the server's "
                  "certificate must be for the name in the URL. Without proof: sslmode=require and "
                  "--allow-insecure-tls");
        break;
    case LOGIN_MANY:
        error_set(err, STATUS_TEMPORARY, "%s: %s port %s has too many connections", x->role, host,
                  port);
        error_fix(err,
                  "repeat the command when others have left, or lower pool_max; max_connections"
                  " and CONNECTION LIMIT are the server's limits");
        break;
    case LOGIN_OTHER:
        error_set(err, STATUS_TEMPORARY, "%s: no connection to %s port %s", x->role, host, port);
        error_fix(err, "see that the server runs and is reachable, then repeat the command");
        break;
    }
    return err->code;
}

/*
 * session.c - connecting, pinned settings, and errors without the server's words.
 *
 * All entities of a run are read in one REPEATABLE READ READ ONLY transaction, so that they
 * fit together, until the host lets it go; forked processes take the same snapshot by its exported
 * name. A savepoint behind its begin lets a failed statement be undone without losing the snapshot.
 * A lost connection loses it for good, and the run with it.
 */
#include "session.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/pgstate.h"
#include "common/say.h"
#include "sqlerror.h"

/* Set for the transaction only, so that a pooler hands none of it on. Settings that an old
 * server does not have are passed over. row_security = off makes hidden rows an error. */
static const char settings[] =
    "SELECT pg_catalog.set_config(s.name, v.value, true) FROM (VALUES "
    "('search_path', 'pg_catalog, pg_temp'), ('row_security', 'off'), ('timezone', 'UTC'), "
    "('datestyle', 'ISO, MDY'), ('intervalstyle', 'postgres'), ('bytea_output', 'hex'), "
    "('extra_float_digits', '1'), ('lc_monetary', 'C'), ('statement_timeout', '0'), "
    "('lock_timeout', '10s'), ('idle_in_transaction_session_timeout', '0'), "
    "('transaction_timeout', '0'), "
    "('client_encoding', 'UTF8'), ('standard_conforming_strings', 'on')"
    ") AS v (name, value) JOIN pg_catalog.pg_settings s ON pg_catalog.lower(s.name) "
    "OPERATOR(pg_catalog.=) v.name";

void session_init(struct session *s, const mig_host_t *host, const char *url, unsigned timeout)
{
    *s = (struct session){.host = host, .url = url, .timeout = timeout};
}

void session_clear(struct session *s)
{
    PQfinish(s->conn);
    free(s->snapshot);
    free(s->released);
    s->conn = NULL;
    s->snapshot = s->released = NULL;
    s->began = 0;
}

void session_name(char subject[SESSION_SUBJECT], const char *entity)
{
    snprintf(subject, SESSION_SUBJECT, "source entity \"%.200s\"", entity);
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* libpq's texts for what the network says, where they are not translated. */
static int32_t unreachable(struct session *s, const char *message, const char *where)
{
    const char *host = PQhost(s->conn);
    if (strstr(message, "could not translate host name"))
        return say_fail(s->host, MIG_E_SOURCE, "correct the host in the URL",
                        "%s: the host name is unknown", where);
    if (strstr(message, "no password supplied"))
        return sqlerror_fail(s->host, "28P01", where);
    if (strstr(message, "No such file or directory") && host && *host == '/')
        return say_fail(s->host, MIG_E_TEMPORARY, "start the server, or correct host and port",
                        "%s: no server listens on this socket", where);
    if (strstr(message, "Connection refused"))
        return say_fail(s->host, MIG_E_TEMPORARY, "start the server, or correct host and port",
                        "%s: nothing listens there", where);
    if (strstr(message, "SSL") || strstr(message, "certificate"))
        return say_fail(s->host, MIG_E_SOURCE,
                        "check sslmode, sslrootcert and the server's "
                        "certificate",
                        "%s: no encrypted connection could be made", where);
    return say_fail(s->host, MIG_E_TEMPORARY, "check host, port and network",
                    "%s: the server cannot be reached", where);
}

static void name_server(const struct session *s, char where[512])
{
    const char *host = PQhost(s->conn), *port = PQport(s->conn);
    if (host && *host && connstring_is_host(host))
        snprintf(where, 512, "source server %.255s port %.15s", host, port ? port : "");
    else
        snprintf(where, 512, "source server");
}

static int32_t cannot_connect(struct session *s, int timed_out)
{
    char where[512], state[6];
    const char *message = PQerrorMessage(s->conn);
    int32_t status;
    name_server(s, where);
    pgstate_find(message, state);
    if (timed_out)
        status = say_fail(s->host, MIG_E_TEMPORARY, "check host, port and network",
                          "%s: no connection within %u s", where, s->timeout);
    else if (*state)
        status = sqlerror_fail(s->host, state, where);
    else
        status = unreachable(s, message, where);
    session_clear(s);
    return status;
}

/* Waits for the connection; looks at host->cancelled() several times a second. */
static int32_t wait_connected(struct session *s, int64_t deadline)
{
    PostgresPollingStatusType due = PGRES_POLLING_WRITING;
    while (due != PGRES_POLLING_OK) {
        struct pollfd fd = {.fd = PQsocket(s->conn),
                            .events = due == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        if (due == PGRES_POLLING_FAILED || fd.fd < 0)
            return cannot_connect(s, 0);
        if (s->host->cancelled(s->host))
            return say_fail(s->host, MIG_E_CANCELLED, NULL, "connecting was stopped");
        if (now_ms() > deadline)
            return cannot_connect(s, 1);
        if (poll(&fd, 1, 200) > 0)
            due = PQconnectPoll(s->conn);
    }
    return MIG_OK;
}

static void ignore_notice(void *arg, const PGresult *result)
{
    /* Notices quote what functions of the source raise. */
    (void)arg;
    (void)result;
}

int32_t session_connect(struct session *s)
{
    struct connstring parts;
    if (s->conn)
        return MIG_OK;
    int32_t status = connstring_parse(&parts, s->host, s->url, s->timeout);
    if (status == MIG_OK) {
        int64_t deadline = now_ms() + (int64_t)s->timeout * connstring_hosts(&parts) * 1000;
        s->conn = PQconnectStartParams(parts.names, parts.values, 0);
        if (!s->conn) {
            status = say_fail(s->host, MIG_E_NOMEM, NULL, "no memory for a connection");
        } else {
            PQsetErrorVerbosity(s->conn, PQERRORS_SQLSTATE);
            PQsetNoticeReceiver(s->conn, ignore_notice, NULL);
            status = wait_connected(s, deadline);
        }
    }
    connstring_clear(&parts);
    if (status != MIG_OK)
        session_clear(s);
    return status;
}

int32_t session_failed(struct session *s, const char *subject, PGresult *r)
{
    const char *state = r ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
    int32_t status;
    if (state)
        status = sqlerror_fail(s->host, state, subject);
    else
        status = say_fail(s->host, MIG_E_TEMPORARY, "run the same command again later",
                          "%s: the connection to the source was lost%s", subject,
                          s->began ? ", and its snapshot with it" : "");
    PQclear(r);
    if (s->began && PQstatus(s->conn) == CONNECTION_OK)
        PQclear(PQexec(s->conn, "ROLLBACK TO SAVEPOINT mighost"));
    return status;
}

int32_t session_query(struct session *s, const char *subject, const char *sql, int n_params,
                      const char *const *params, PGresult **out)
{
    PGresult *r = PQexecParams(s->conn, sql, n_params, NULL, params, NULL, NULL, 0);
    ExecStatusType got = PQresultStatus(r);
    if (got != PGRES_TUPLES_OK && got != PGRES_COMMAND_OK)
        return session_failed(s, subject, r);
    if (out)
        *out = r;
    else
        PQclear(r);
    return MIG_OK;
}

int32_t session_describe(struct session *s, const char *subject, const char *sql, PGresult **out)
{
    PGresult *r = PQprepare(s->conn, "", sql, 0, NULL);
    if (PQresultStatus(r) != PGRES_COMMAND_OK)
        return session_failed(s, subject, r);
    PQclear(r);
    r = PQdescribePrepared(s->conn, "");
    if (PQresultStatus(r) != PGRES_COMMAND_OK)
        return session_failed(s, subject, r);
    *out = r;
    return MIG_OK;
}

/* One value; the caller frees it. */
static int32_t ask(struct session *s, const char *sql, char **out)
{
    PGresult *r = NULL;
    int32_t status = session_query(s, "source", sql, 0, NULL, &r);
    if (status != MIG_OK)
        return status;
    *out = strdup(PQgetvalue(r, 0, 0));
    PQclear(r);
    return *out ? MIG_OK : say_fail(s->host, MIG_E_NOMEM, NULL, "no memory for a snapshot");
}

/* The first statement of a transaction. Who shared the snapshot may have gone since. */
static int32_t take_shared(struct session *s)
{
    char sql[128], state[6] = "";
    snprintf(sql, sizeof sql, "SET TRANSACTION SNAPSHOT '%s'", s->shared);
    PGresult *r = PQexec(s->conn, sql);
    int taken = PQresultStatus(r) == PGRES_COMMAND_OK;
    if (!taken && PQresultErrorField(r, PG_DIAG_SQLSTATE))
        snprintf(state, sizeof state, "%s", PQresultErrorField(r, PG_DIAG_SQLSTATE));
    PQclear(r);
    return taken
               ? MIG_OK
               : say_fail(s->host, MIG_E_TEMPORARY,
                          "run the same command again: what is not read yet is read under another "
                          "snapshot, and the report says so",
                          "source: the snapshot that the processes share is lost (SQLSTATE %s)",
                          state);
}

int32_t session_begin(struct session *s)
{
    static const char *const steps[] = {settings, "SAVEPOINT mighost"};
    if (s->began && PQstatus(s->conn) != CONNECTION_OK)
        return say_fail(s->host, MIG_E_TEMPORARY, "run the same command again later",
                        "source: the connection to the source was lost, and its snapshot with it");
    if (s->began)
        return MIG_OK;
    int32_t status = session_connect(s);
    if (status == MIG_OK)
        status = session_query(s, "source", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", 0,
                               NULL, NULL);
    if (status == MIG_OK && s->joined)
        status = take_shared(s);
    for (size_t i = 0; i < 2 && status == MIG_OK; i++)
        status = session_query(s, "source", steps[i], 0, NULL, NULL);
    if (status == MIG_OK)
        status = ask(s, "SELECT pg_catalog.txid_current_snapshot()", &s->snapshot);
    if (status == MIG_OK)
        s->began = 1;
    else
        session_clear(s);
    return status;
}

/* The connection would be idle for long: it is made anew where it is needed. */
void session_release(struct session *s)
{
    if (s->began && !s->released) {
        s->released = s->snapshot;
        s->snapshot = NULL;
    }
    PQfinish(s->conn);
    free(s->snapshot);
    s->conn = NULL;
    s->snapshot = NULL;
    s->shared[0] = '\0';
    s->began = s->joined = 0;
}

/* A subtransaction cannot export: the savepoint is left for that. */
int32_t session_share(struct session *s)
{
    char *shared = NULL;
    if (*s->shared)
        return MIG_OK;
    int32_t status = session_query(s, "source", "RELEASE SAVEPOINT mighost", 0, NULL, NULL);
    if (status == MIG_OK)
        status = ask(s, "SELECT pg_export_snapshot()", &shared);
    if (status == MIG_OK)
        status = session_query(s, "source", "SAVEPOINT mighost", 0, NULL, NULL);
    if (status == MIG_OK)
        snprintf(s->shared, sizeof s->shared, "%s", shared);
    free(shared);
    return status;
}

/* The goodbye that PQfinish() sends must not reach the parent's server process. */
static void let_go(struct session *s)
{
    int null = s->conn && PQsocket(s->conn) >= 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;
    if (null >= 0) {
        dup2(null, PQsocket(s->conn));
        close(null);
    }
    session_clear(s);
}

int session_join(struct session *s, const char *shared, size_t n)
{
    static const char letters[] = "0123456789ABCDEFabcdef-";
    let_go(s);
    if (!n || n >= sizeof s->shared)
        return -1;
    memcpy(s->shared, shared, n);
    s->shared[n] = '\0';
    s->joined = 1;
    return strspn(s->shared, letters) == n ? 0 : -1;
}

void session_stop_copy(struct session *s)
{
    char unused[256];
    char *line;
    PGcancel *cancel = PQgetCancel(s->conn);
    int stopping = cancel && PQcancel(cancel, unused, sizeof unused);
    PQfreeCancel(cancel);
    if (!stopping) {
        /* Reading on to the end could take hours: the snapshot is given up instead. */
        PQfinish(s->conn);
        s->conn = NULL;
        return;
    }
    for (PGresult *r; (r = PQgetResult(s->conn)) != NULL;) {
        int copying = PQresultStatus(r) == PGRES_COPY_OUT;
        PQclear(r);
        while (copying && PQgetCopyData(s->conn, &line, 0) > 0)
            PQfreemem(line);
    }
    if (PQstatus(s->conn) == CONNECTION_OK)
        PQclear(PQexec(s->conn, "ROLLBACK TO SAVEPOINT mighost"));
}

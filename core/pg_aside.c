/* pg_aside.c - a few statements while the process's own connections are in use, by one that is made
 * for them. It must not outlast its time whatever the server does, so that nothing here blocks.
 * [any] */
#include <poll.h>

#include "pg_conn.h"

#define ASIDE_MS 5000 /* for all of it */

static void ignore_notice(void *arg, const PGresult *res)
{
    (void)arg;
    (void)res; /* notices may carry values */
}

static int is_ready(const PGconn *conn, int for_reading, int64_t until)
{
    struct pollfd fd = {.fd = PQsocket(conn), .events = for_reading ? POLLIN : POLLOUT};
    int64_t left = until - pg_now_ms();
    return fd.fd >= 0 && left > 0 && poll(&fd, 1, (int)left) > 0;
}

static int is_connected(PGconn *conn, int64_t until)
{
    PostgresPollingStatusType due = PGRES_POLLING_WRITING;
    while (due == PGRES_POLLING_WRITING || due == PGRES_POLLING_READING) {
        if (!is_ready(conn, due == PGRES_POLLING_READING, until))
            return 0;
        due = PQconnectPoll(conn);
    }
    return due == PGRES_POLLING_OK;
}

static int is_done(PGconn *conn, const char *sql, int64_t until)
{
    int ok = PQsendQuery(conn, sql);
    while (ok) {
        while (PQisBusy(conn))
            if (!is_ready(conn, 1, until) || !PQconsumeInput(conn))
                return 0;
        PGresult *res = PQgetResult(conn);
        if (!res)
            break;
        ok = PQresultStatus(res) == PGRES_COMMAND_OK;
        PQclear(res);
    }
    return ok;
}

int pg_aside(const struct pg *pg, const char *sql)
{
    struct error err = {0};
    int64_t until = pg_now_ms() + ASIDE_MS;
    PGconn *conn = pg_connection(pg->url, pg->role, &pg->timeouts, PQconnectStartParams, &err);
    int ok = conn && PQstatus(conn) != CONNECTION_BAD && is_connected(conn, until);
    if (ok)
        PQsetNoticeReceiver(conn, ignore_notice, NULL);
    ok = ok && is_done(conn, sql, until);
    PQfinish(conn);
    return ok ? 0 : STATUS_TEMPORARY;
}

/* pg_conn.h - what pg.c, pg_connect.c, pg_copy.c, pg_later.c, pg_aside.c and pg_script.c share: the
 * connection itself. Internal to them; nobody else sees libpq. */
#ifndef MIGHOST_PG_CONN_H
#define MIGHOST_PG_CONN_H

#include <libpq-fe.h>
#include <signal.h>

#include "pg.h"

struct pg {
    PGconn *conn;
    const char *role;
    char *url;
    struct project_timeouts timeouts;
    char sqlstate[6], constraint[128], table[256], column[128];
    int64_t line; /* of COPY's data, 1-based, where the last failure named it; else 0 */
};

struct pg_result {
    PGresult *res;
};

/* Set from a signal handler: a stop may be asked for between two statements, when there is nothing
 * to cancel. */
extern volatile sig_atomic_t pg_refusing;

/* Makes the error of a failed statement, from SQLSTATE and names; res NULL: the connection broke,
 * or pg_refusing. Returns its status. */
int pg_fail(struct pg *pg, const PGresult *res, struct error *err);
int64_t pg_now_ms(void); /* monotonic */

/* A connection of the URL's, with all that each of ours has: by PQconnectdbParams(), or begun by
 * PQconnectStartParams(). NULL and err where the URL is not to be used. */
typedef PGconn *(*pg_connecting)(const char *const *names, const char *const *values, int expand);
PGconn *pg_connection(const char *url, const char *role, const struct project_timeouts *timeouts,
                      pg_connecting begin, struct error *err);

/* COMMIT in two halves, for who must not wait between them. pg_commit_sent: 0, or STATUS_UNKNOWN.
 * pg_commit_answer: once the answer is there (PQisBusy is 0); as pg_commit(). pg_commit_lost: no
 * answer came in time, and none is waited for any more. */
int pg_commit_send(struct pg *pg, struct error *err);
int pg_commit_answer(struct pg *pg, struct error *err);
int pg_commit_lost(struct pg *pg, struct error *err);
int64_t pg_commit_deadline(const struct pg *pg, int seconds); /* as pg_now_ms() */

#endif

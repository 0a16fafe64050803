/* pg_copy.c - COPY into a table, waiting for each piece. What must not wait is in pg_script.c.
 * [main] */
#include <stdlib.h>

#include "pg_conn.h"
#include "waiting.h"

int pg_copy_begin(struct pg *pg, const char *sql, struct error *err)
{
    PGresult *res = pg_refusing ? NULL : PQexec(pg->conn, sql);
    int code = PQresultStatus(res) == PGRES_COPY_IN ? 0 : pg_fail(pg, res, err);
    PQclear(res);
    return code;
}

int pg_copy_write(struct pg *pg, const void *data, size_t n, struct error *err)
{
    const char *p = data;
    while (n) {
        /* libpq copies a piece as a whole before it sends any of it. */
        int piece = n > (64 << 10) ? 64 << 10 : (int)n;
        if (PQputCopyData(pg->conn, p, piece) != 1)
            return pg_fail(pg, NULL, err);
        p += piece;
        n -= (size_t)piece;
    }
    return 0;
}

int pg_copy_end(struct pg *pg, int64_t *rows, struct error *err)
{
    if (PQputCopyEnd(pg->conn, NULL) != 1)
        return pg_fail(pg, NULL, err);
    PGresult *res = PQgetResult(pg->conn);
    int code = 0;
    if (PQresultStatus(res) == PGRES_COMMAND_OK)
        *rows = strtoll(PQcmdTuples(res), NULL, 10);
    else
        code = pg_fail(pg, res, err);
    PQclear(res);
    while ((res = PQgetResult(pg->conn)))
        PQclear(res);
    return code;
}

/* A caller that fails is not called again; what is left is read, for the connection's sake. */
int pg_copy_out(struct pg *pg, const char *sql, void *ctx,
                int (*take)(void *ctx, const char *line, size_t n, struct error *err),
                struct error *err)
{
    PGresult *res = pg_refusing ? NULL : PQexec(pg->conn, sql);
    int code = PQresultStatus(res) == PGRES_COPY_OUT ? 0 : pg_fail(pg, res, err);
    PQclear(res);
    if (code)
        return code;
    char *line = NULL;
    waiting_begin(WAITING_STATEMENT, sql);
    for (int n; (n = PQgetCopyData(pg->conn, &line, 0)) > 0;) {
        if (!code)
            code = take(ctx, line, (size_t)n, err);
        PQfreemem(line);
    }
    waiting_end();
    while ((res = PQgetResult(pg->conn))) {
        if (!code && PQresultStatus(res) != PGRES_COMMAND_OK)
            code = pg_fail(pg, res, err);
        PQclear(res);
    }
    return code;
}

/* ---- rows ----------------------------------------------------------------------------- */

#define MAX_COLUMNS 64

int pg_each(struct pg *pg, struct error *err, const char *sql,
            int (*row)(void *ctx, const char *const *values, const size_t *lengths), void *ctx)
{
    if (pg_refusing || !PQsendQuery(pg->conn, sql) || !PQsetSingleRowMode(pg->conn))
        return pg_fail(pg, NULL, err);
    int code = 0, stopped = 0;
    for (PGresult *res; (res = PQgetResult(pg->conn)); PQclear(res)) {
        ExecStatusType status = PQresultStatus(res);
        if (status == PGRES_SINGLE_TUPLE && !stopped && !code) {
            const char *values[MAX_COLUMNS];
            size_t lengths[MAX_COLUMNS];
            for (int i = 0; i < PQnfields(res) && i < MAX_COLUMNS; i++) {
                values[i] = PQgetisnull(res, 0, i) ? NULL : PQgetvalue(res, 0, i);
                lengths[i] = (size_t)PQgetlength(res, 0, i);
            }
            stopped = row(ctx, values, lengths);
        } else if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK) {
            code = pg_fail(pg, res, err);
        }
    }
    return code;
}

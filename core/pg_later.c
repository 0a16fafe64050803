/* pg_later.c - statements whose answer is fetched later, and the server works on meanwhile. Errors
 * are not told: who sends such a statement must do without its answer, too. [main] */
#include "pg_conn.h"

#include "arena.h"
#include "log.h"

int pg_later_send(struct pg *pg, const char *sql, struct error *err)
{
    log_write(LOG_DEBUG, "%s, meanwhile: %s", pg->role, sql);
    return pg_refusing || !PQsendQuery(pg->conn, sql) ? pg_fail(pg, NULL, err) : 0;
}

struct pg_result *pg_later_take(struct pg *pg)
{
    PGresult *res = PQgetResult(pg->conn);
    if (!res)
        return NULL;
    if (PQresultStatus(res) != PGRES_TUPLES_OK) {
        PQclear(res);
        pg_later_drop(pg);
        return NULL;
    }
    struct pg_result *r = arena_heap(NULL, sizeof *r);
    r->res = res;
    return r;
}

void pg_later_drop(struct pg *pg)
{
    char text[256];
    PGcancel *cancel = PQgetCancel(pg->conn);
    if (cancel && PQtransactionStatus(pg->conn) == PQTRANS_ACTIVE)
        PQcancel(cancel, text, sizeof text);
    PQfreeCancel(cancel);
    for (PGresult *res; (res = PQgetResult(pg->conn));)
        PQclear(res);
    pg_rollback(pg);
}

/* pg.c - transactions and statements. How the connection is made is in pg_connect.c. Server texts
 * never leave this file, since they carry row values: messages are built from SQLSTATE and names.
 * [main] */
#include "pg_conn.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "arena.h"
#include "fault.h"
#include "log.h"
#include "slow.h"
#include "sqlstate.h"
#include "waiting.h"

/* ---- errors -------------------------------------------------------------------------- */

static void take_field(char *out, size_t size, const PGresult *res, int field)
{
    const char *text = res ? PQresultErrorField(res, field) : NULL;
    size_t n = text ? strlen(text) : 0;
    if (n >= size)
        n = size - 1;
    memcpy(out, text ? text : "", n);
    out[n] = '\0';
}

/* "COPY staging, line 7, column price: ..." - all that is known of line and column; behind the
 * colon, which binary COPY leaves out, stands the value. What begins or goes on otherwise may hold
 * a value before that, which could say anything. */
static void copy_place(struct pg *pg, const PGresult *res)
{
    const char *context = res ? PQresultErrorField(res, PG_DIAG_CONTEXT) : NULL;
    const char *line =
        context && strncmp(context, "COPY ", 5) == 0 ? strstr(context, ", line ") : NULL;
    char *name = NULL;
    pg->line = line ? strtoll(line + strlen(", line "), &name, 10) : 0;
    if (!name || pg->column[0] || strncmp(name, ", column ", strlen(", column ")) != 0)
        return;
    name += strlen(", column ");
    const char *end = strstr(name, ": ");
    size_t n = end ? (size_t)(end - name) : strcspn(name, "\n");
    snprintf(pg->column, sizeof pg->column, "%.*s", (int)n, name);
}

int pg_fail(struct pg *pg, const PGresult *res, struct error *err)
{
    take_field(pg->sqlstate, sizeof pg->sqlstate, res, PG_DIAG_SQLSTATE);
    /* Whoever wrote a RAISE of PL/pgSQL also chose what stands in the fields for names. */
    char function[32];
    take_field(function, sizeof function, res, PG_DIAG_SOURCE_FUNCTION);
    const PGresult *named = strcmp(function, "exec_stmt_raise") == 0 ? NULL : res;
    take_field(pg->constraint, sizeof pg->constraint, named, PG_DIAG_CONSTRAINT_NAME);
    take_field(pg->table, sizeof pg->table, named, PG_DIAG_TABLE_NAME);
    take_field(pg->column, sizeof pg->column, named, PG_DIAG_COLUMN_NAME);
    copy_place(pg, res);
    if (pg_refusing && !res)
        return error_set(err, STATUS_TEMPORARY, "%s: stopped by a signal", pg->role);
    if (!pg->sqlstate[0] || pg_lost(pg)) {
        int code = error_set(err, STATUS_TEMPORARY, "%s: the connection was lost", pg->role);
        error_fix(err, "see that the server runs and repeat the same command");
        return code;
    }
    /* Syntax errors and undefined names come from our or the project's SQL: no row values. What
     * a function raises, under whatever SQLSTATE, may hold any; it has a context. */
    char message[300] = "";
    if (sqlstate_class(pg->sqlstate, "42") && !(res && PQresultErrorField(res, PG_DIAG_CONTEXT)))
        take_field(message, sizeof message, res, PG_DIAG_MESSAGE_PRIMARY);
    return error_set(err, sqlstate_status(pg->sqlstate), "%s: %s (SQLSTATE %s%s%s%s%s%s%s)%s%s",
                     pg->role, sqlstate_text(pg->sqlstate), pg->sqlstate,
                     pg->table[0] ? ", table " : "", pg->table, pg->column[0] ? ", column " : "",
                     pg->column, pg->constraint[0] ? ", constraint " : "", pg->constraint,
                     message[0] ? ": " : "", message);
}

const char *pg_sqlstate(const struct pg *pg)
{
    return pg->sqlstate;
}

const char *pg_failed_constraint(const struct pg *pg)
{
    return pg->constraint;
}

const char *pg_failed_table(const struct pg *pg)
{
    return pg->table;
}

const char *pg_failed_column(const struct pg *pg)
{
    return pg->column;
}

int64_t pg_failed_line(const struct pg *pg)
{
    return pg->line;
}

int pg_lost(const struct pg *pg)
{
    return PQstatus(pg->conn) != CONNECTION_OK;
}

int pg_is_idle(const struct pg *pg)
{
    return !pg_lost(pg) && PQtransactionStatus(pg->conn) == PQTRANS_IDLE;
}

int pg_retryable(const struct pg *pg)
{
    return strcmp(pg->sqlstate, "40001") == 0 || strcmp(pg->sqlstate, "40P01") == 0 ||
           strcmp(pg->sqlstate, "55P03") == 0;
}

/* ---- statements ---------------------------------------------------------------------- */

static int finish_exec(struct pg *pg, PGresult *res, struct error *err)
{
    ExecStatusType status = PQresultStatus(res);
    int ok = res && (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ||
                     status == PGRES_EMPTY_QUERY);
    int code = ok ? 0 : pg_fail(pg, res, err);
    PQclear(res);
    return code;
}

int64_t pg_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What is sent is waited for; returns when. */
static int64_t begin_statement(const struct pg *pg, const char *sql)
{
    int is_lock = strncmp(sql, "LOCK TABLE ", 11) == 0;
    log_write(LOG_DEBUG, "%s: %s", pg->role, sql);
    waiting_begin(is_lock ? WAITING_LOCK : WAITING_STATEMENT, sql);
    return pg_now_ms();
}

static void end_statement(const char *sql, int64_t begun)
{
    waiting_end();
    slow_note(sql, pg_now_ms() - begun);
}

int pg_exec(struct pg *pg, struct error *err, const char *sql)
{
    int64_t begun = begin_statement(pg, sql);
    int code = finish_exec(pg, pg_refusing ? NULL : PQexec(pg->conn, sql), err);
    end_statement(sql, begun);
    return code;
}

void pg_begin_sql(const struct pg *pg, const char *mode, struct str *sql)
{
    str_printf(sql,
               "BEGIN %s; SET LOCAL search_path = pg_catalog, pg_temp;"
               " SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD';"
               " SET LOCAL IntervalStyle = 'postgres'; SET LOCAL bytea_output = 'hex';"
               " SET LOCAL extra_float_digits = 1; SET LOCAL row_security = off;"
               " SET LOCAL standard_conforming_strings = on; SET LOCAL synchronous_commit = on;"
               " SET LOCAL idle_in_transaction_session_timeout = %d;"
               " SET LOCAL statement_timeout = %d; SET LOCAL lock_timeout = %d;"
               /* A machine that is gone must not hold locks for the kernel's two hours. */
               " SET LOCAL tcp_keepalives_idle = 30; SET LOCAL tcp_keepalives_interval = 10;"
               " SET LOCAL tcp_keepalives_count = 3",
               mode, pg->timeouts.idle * 1000, pg->timeouts.statement * 1000,
               (pg->timeouts.lock ? pg->timeouts.lock : 5) * 1000);
    if (pg_server_version(pg) >= 140000)
        str_add(sql, "; SET LOCAL client_connection_check_interval = 1000");
    /* Compiling a statement costs more here than the statement itself. */
    if (pg_server_version(pg) >= 110000)
        str_add(sql, "; SET LOCAL jit = off");
}

int pg_begin(struct pg *pg, const char *mode, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    pg_begin_sql(pg, mode, &sql);
    int code = finish_exec(pg, PQexec(pg->conn, sql.data), err);
    str_clear(&sql);
    if (code)
        pg_rollback(pg);
    return code;
}

int pg_begin_anew(struct pg *pg, const char *mode, struct error *err)
{
    int code = pg_begin(pg, mode, err);
    if (!code || !pg_lost(pg))
        return code;
    error_clear(err);
    code = pg_reconnect(pg, err);
    return code ? code : pg_begin(pg, mode, err);
}

int pg_own_path(struct pg *pg, struct error *err)
{
    return pg_exec(pg, err, PG_OWN_PATH);
}

void pg_rollback(struct pg *pg)
{
    if (pg && !pg_lost(pg) && PQtransactionStatus(pg->conn) != PQTRANS_IDLE)
        PQclear(PQexec(pg->conn, "ROLLBACK"));
}

/* Who built a statement looks at its length once, here. */
static int too_long(const struct str *sql, struct error *err)
{
    return sql->failed ? error_set(err, STATUS_BUG, "a statement is too long") : 0;
}

int pg_exec_str(struct pg *pg, struct str *sql, struct error *err)
{
    int code = too_long(sql, err);
    if (!code)
        code = pg_exec(pg, err, sql->data);
    str_clear(sql);
    return code;
}

int pg_execf(struct pg *pg, struct error *err, const char *format, ...)
{
    struct str sql;
    va_list ap;
    str_init(&sql, 0);
    va_start(ap, format);
    str_vprintf(&sql, format, ap);
    va_end(ap);
    return pg_exec_str(pg, &sql, err);
}

/* `extended`: by the protocol that takes parameters, and one statement only. */
static struct pg_result *query(struct pg *pg, struct error *err, const char *sql, int extended,
                               int n_params, const char *const *params)
{
    int64_t begun = begin_statement(pg, sql);
    PGresult *res = pg_refusing ? NULL
                    : extended  ? PQexecParams(pg->conn, sql, n_params, NULL, params, NULL, NULL, 0)
                                : PQexec(pg->conn, sql);
    end_statement(sql, begun);
    ExecStatusType status = PQresultStatus(res);
    if (!res || (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)) {
        pg_fail(pg, res, err);
        PQclear(res);
        return NULL;
    }
    struct pg_result *r = arena_heap(NULL, sizeof *r);
    r->res = res;
    return r;
}

struct pg_result *pg_query(struct pg *pg, struct error *err, const char *sql, int n_params,
                           const char *const *params)
{
    return query(pg, err, sql, n_params > 0, n_params, params);
}

struct pg_result *pg_query_one(struct pg *pg, struct error *err, const char *sql)
{
    return query(pg, err, sql, 1, 0, NULL);
}

struct pg_result *pg_query_str(struct pg *pg, struct str *sql, struct error *err)
{
    struct pg_result *r = too_long(sql, err) ? NULL : pg_query(pg, err, sql->data, 0, NULL);
    str_clear(sql);
    return r;
}

struct pg_result *pg_queryf(struct pg *pg, struct error *err, const char *format, ...)
{
    struct str sql;
    va_list ap;
    str_init(&sql, 0);
    va_start(ap, format);
    str_vprintf(&sql, format, ap);
    va_end(ap);
    return pg_query_str(pg, &sql, err);
}

int64_t pg_count(struct pg *pg, struct str *sql, struct error *err)
{
    struct pg_result *res = pg_query_str(pg, sql, err);
    int64_t n = res ? pg_get_int(res, 0, 0) : 0;
    pg_free(res);
    return n;
}

int pg_rows(const struct pg_result *r)
{
    return PQntuples(r->res);
}

int64_t pg_affected(const struct pg_result *r)
{
    return strtoll(PQcmdTuples(r->res), NULL, 10);
}

const char *pg_get(const struct pg_result *r, int row, int column)
{
    return PQgetisnull(r->res, row, column) ? NULL : PQgetvalue(r->res, row, column);
}

int64_t pg_get_int(const struct pg_result *r, int row, int column)
{
    return strtoll(PQgetvalue(r->res, row, column), NULL, 10);
}

void pg_free(struct pg_result *r)
{
    if (r)
        PQclear(r->res);
    free(r);
}

/* ---- COMMIT with a deadline ----------------------------------------------------------- */

/* 1 when a result is there, 0 when the time is over or the connection broke. */
static int wait_result(PGconn *conn, int64_t deadline)
{
    while (PQconsumeInput(conn)) {
        if (!PQisBusy(conn))
            return 1;
        int64_t left = deadline - pg_now_ms();
        struct pollfd p = {.fd = PQsocket(conn), .events = POLLIN};
        if (left <= 0 || (poll(&p, 1, (int)left) < 0 && errno != EINTR))
            return 0;
    }
    return 0;
}

int64_t pg_commit_deadline(const struct pg *pg, int seconds)
{
    if (!seconds)
        seconds = pg->timeouts.commit ? pg->timeouts.commit : 60;
    return pg_now_ms() + seconds * 1000LL;
}

int pg_commit_send(struct pg *pg, struct error *err)
{
    if (pg_refusing)
        return pg_fail(pg, NULL, err);
    return !PQsendQuery(pg->conn, "COMMIT") || fault_point("commit.sent") ? pg_commit_lost(pg, err)
                                                                          : 0;
}

/* Nothing may wait for this answer any more: not a ROLLBACK either. */
int pg_commit_lost(struct pg *pg, struct error *err)
{
    shutdown(PQsocket(pg->conn), SHUT_RDWR);
    PQconsumeInput(pg->conn);
    return error_set(err, STATUS_UNKNOWN, "%s: no answer to COMMIT", pg->role);
}

int pg_commit_answer(struct pg *pg, struct error *err)
{
    PGresult *res = PQgetResult(pg->conn);
    if (!res || !PQresultErrorField(res, PG_DIAG_SQLSTATE)) {
        /* A COMMIT of a failed transaction answers ROLLBACK without an error. */
        int ok = res && strcmp(PQcmdStatus(res), "COMMIT") == 0;
        int rolled_back = res && strcmp(PQcmdStatus(res), "ROLLBACK") == 0;
        PQclear(res);
        while ((res = PQgetResult(pg->conn)))
            PQclear(res);
        if (ok)
            return 0;
        if (rolled_back)
            return error_set(err, STATUS_BUG, "%s: COMMIT was answered by ROLLBACK", pg->role);
        return error_set(err, STATUS_UNKNOWN, "%s: the connection broke in COMMIT", pg->role);
    }
    int code = pg_fail(pg, res, err);
    PQclear(res);
    while ((res = PQgetResult(pg->conn)))
        PQclear(res);
    /* 57P01 and the like may come after the commit record was written. */
    return sqlstate_class(pg->sqlstate, "57") || sqlstate_class(pg->sqlstate, "08") ? STATUS_UNKNOWN
                                                                                    : code;
}

int pg_commit(struct pg *pg, int deadline_seconds, struct error *err)
{
    int64_t deadline = pg_commit_deadline(pg, deadline_seconds);
    int code = pg_commit_send(pg, err);
    if (code)
        return code;
    return wait_result(pg->conn, deadline) ? pg_commit_answer(pg, err) : pg_commit_lost(pg, err);
}

/* pg.c - connections to PostgreSQL: connect, transactions, queries.
 * Server texts never leave this file (they carry row values, and
 * connection errors carry passwords): messages are built from SQLSTATE and names. [main] */
#include "pg_conn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "fault.h"
#include "log.h"
#include "slow.h"
#include "sqlstate.h"

struct pg_result {
    PGresult *res;
};

/* Connections that a signal handler may cancel; entries are written before the handler can
 * see them and never freed while it may run. */
#define MAX_CANCEL 8
static PGcancel *volatile cancels[MAX_CANCEL];
static PGconn *cancel_owners[MAX_CANCEL];

volatile sig_atomic_t pg_refusing;

void pg_cancel_all(void)
{
    char text[256];
    pg_refusing = 1;
    for (int i = 0; i < MAX_CANCEL; i++)
        if (cancels[i])
            PQcancel(cancels[i], text, sizeof text);
}

void pg_cancel_over(void)
{
    pg_refusing = 0;
}

static void cancel_register(PGconn *conn)
{
    for (int i = 0; i < MAX_CANCEL; i++)
        if (!cancels[i]) {
            cancel_owners[i] = conn;
            cancels[i] = PQgetCancel(conn);
            return;
        }
}

/* Out of the handler's reach first, then freed. */
static void cancel_forget(const PGconn *conn)
{
    for (int i = 0; i < MAX_CANCEL; i++) {
        PGcancel *c = cancels[i];
        if (!c || cancel_owners[i] != conn)
            continue;
        cancels[i] = NULL;
        PQfreeCancel(c);
    }
}

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

int pg_retryable(const struct pg *pg)
{
    return strcmp(pg->sqlstate, "40001") == 0 || strcmp(pg->sqlstate, "40P01") == 0 ||
           strcmp(pg->sqlstate, "55P03") == 0;
}

/* ---- connecting ---------------------------------------------------------------------- */

#define MAX_KEYWORDS 64

struct keywords {
    const char *names[MAX_KEYWORDS], *values[MAX_KEYWORDS];
    int n;
};

static void keyword_add(struct keywords *k, const char *name, const char *value)
{
    if (k->n < MAX_KEYWORDS - 1) {
        k->names[k->n] = name;
        k->values[k->n++] = value;
        k->names[k->n] = NULL;
        k->values[k->n] = NULL;
    }
}

static PQconninfoOption *parse_url(const char *url, const char *role, struct error *err)
{
    char *text = NULL; /* libpq's message may quote the password */
    PQconninfoOption *options = PQconninfoParse(url, &text);
    PQfreemem(text);
    if (!options) {
        error_set(err, STATUS_CONFIG, "%s: the connection URL cannot be parsed", role);
        error_fix(err, "write postgresql://user@host:port/database, with %%XX for special "
                       "characters; its text is not shown because it may hold a password");
    }
    return options;
}

static void refused(PGconn *conn, const char *role, struct error *err)
{
    struct sqlstate_login login = {role, PQerrorMessage(conn), PQhost(conn), PQport(conn)};
    sqlstate_login(&login, err);
}

static PGconn *open_connection(const char *url, const char *role,
                               const struct project_timeouts *timeouts, struct error *err)
{
    PQconninfoOption *options = parse_url(url, role, err);
    if (!options)
        return NULL;
    struct keywords k = {.n = 0};
    char connect_timeout[16];
    snprintf(connect_timeout, sizeof connect_timeout, "%d",
             timeouts && timeouts->connect ? timeouts->connect : 10);
    keyword_add(&k, "connect_timeout", connect_timeout);
    keyword_add(&k, "tcp_user_timeout", "30000");
    keyword_add(&k, "keepalives_idle", "30");
    keyword_add(&k, "keepalives_interval", "10");
    keyword_add(&k, "keepalives_count", "3");
    for (PQconninfoOption *o = options; o->keyword; o++)
        if (o->val)
            keyword_add(&k, o->keyword, o->val);
    keyword_add(&k, "client_encoding", "UTF8");
    keyword_add(&k, "application_name", "mighost");
    PGconn *conn = PQconnectdbParams(k.names, k.values, 0);
    PQconninfoFree(options);
    if (conn && PQstatus(conn) == CONNECTION_OK)
        return conn;
    if (conn)
        refused(conn, role, err);
    PQfinish(conn);
    return NULL;
}

static void ignore_notice(void *arg, const PGresult *res)
{
    (void)arg;
    (void)res; /* notices may carry values */
}

struct pg *pg_connect(const char *url, const char *role, const struct project_timeouts *timeouts,
                      struct error *err)
{
    PGconn *conn = open_connection(url, role, timeouts, err);
    if (!conn)
        return NULL;
    PQsetNoticeReceiver(conn, ignore_notice, NULL);
    struct pg *pg = arena_heap(NULL, sizeof *pg);
    memset(pg, 0, sizeof *pg);
    pg->conn = conn;
    pg->role = role;
    size_t n = strlen(url) + 1;
    pg->url = memcpy(arena_heap(NULL, n), url, n);
    if (timeouts)
        pg->timeouts = *timeouts;
    cancel_register(conn);
    return pg;
}

void pg_close(struct pg *pg)
{
    if (!pg)
        return;
    cancel_forget(pg->conn);
    PQfinish(pg->conn);
    explicit_bzero(pg->url, strlen(pg->url));
    free(pg->url);
    free(pg);
}

int pg_reconnect(struct pg *pg, struct error *err)
{
    PGconn *conn = open_connection(pg->url, pg->role, &pg->timeouts, err);
    if (!conn)
        return err->code;
    cancel_forget(pg->conn);
    PQfinish(pg->conn);
    pg->conn = conn;
    PQsetNoticeReceiver(conn, ignore_notice, NULL);
    cancel_register(conn);
    return 0;
}

/* What PQfinish() still sends goes nowhere. */
void pg_forked(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = 0; i < MAX_CANCEL; i++) {
        if (!cancels[i])
            continue;
        if (null >= 0 && PQsocket(cancel_owners[i]) >= 0)
            dup2(null, PQsocket(cancel_owners[i]));
        cancel_forget(cancel_owners[i]);
    }
    if (null >= 0)
        close(null);
}

void pg_where(const struct pg *pg, struct pg_where *out)
{
    const char *host = PQhost(pg->conn), *port = PQport(pg->conn);
    snprintf(out->host, sizeof out->host, "%s", host ? host : "");
    snprintf(out->port, sizeof out->port, "%s", port ? port : "");
    snprintf(out->dbname, sizeof out->dbname, "%s", PQdb(pg->conn));
    snprintf(out->user, sizeof out->user, "%s", PQuser(pg->conn));
}

int pg_server_version(const struct pg *pg)
{
    return PQserverVersion(pg->conn);
}

int pg_takes_all_text(const struct pg *pg)
{
    const char *encoding = PQparameterStatus(pg->conn, "server_encoding");
    return encoding && strcmp(encoding, "UTF8") == 0;
}

int pg_backend_pid(const struct pg *pg)
{
    return PQbackendPID(pg->conn);
}

char **pg_environment(const char *url, struct error *err)
{
    PQconninfoOption *options = parse_url(url, "target", err);
    if (!options)
        return NULL;
    char **env = arena_heap(NULL, MAX_KEYWORDS * sizeof *env);
    size_t n = 0;
    for (PQconninfoOption *o = options; o->keyword && n < MAX_KEYWORDS - 1; o++) {
        if (!o->val || !o->envvar)
            continue;
        size_t size = strlen(o->envvar) + strlen(o->val) + 2;
        env[n] = arena_heap(NULL, size);
        snprintf(env[n++], size, "%s=%s", o->envvar, o->val);
    }
    env[n] = NULL;
    PQconninfoFree(options);
    return env;
}

void pg_environment_free(char **env)
{
    for (size_t i = 0; env && env[i]; i++) {
        explicit_bzero(env[i], strlen(env[i]));
        free(env[i]);
    }
    free(env);
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

int pg_exec(struct pg *pg, struct error *err, const char *sql)
{
    log_write(LOG_DEBUG, "%s: %s", pg->role, sql);
    int64_t begun = pg_now_ms();
    int code = finish_exec(pg, pg_refusing ? NULL : PQexec(pg->conn, sql), err);
    slow_note(sql, pg_now_ms() - begun);
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

int pg_own_path(struct pg *pg, struct error *err)
{
    return pg_exec(pg, err, PG_OWN_PATH);
}

void pg_rollback(struct pg *pg)
{
    if (pg && !pg_lost(pg) && PQtransactionStatus(pg->conn) != PQTRANS_IDLE)
        PQclear(PQexec(pg->conn, "ROLLBACK"));
}

int pg_execf(struct pg *pg, struct error *err, const char *format, ...)
{
    struct str sql;
    va_list ap;
    str_init(&sql, 0);
    va_start(ap, format);
    str_vprintf(&sql, format, ap);
    va_end(ap);
    int code = sql.failed ? error_set(err, STATUS_BUG, "a statement is too long")
                          : pg_exec(pg, err, sql.data);
    str_clear(&sql);
    return code;
}

/* `extended`: by the protocol that takes parameters, and one statement only. */
static struct pg_result *query(struct pg *pg, struct error *err, const char *sql, int extended,
                               int n_params, const char *const *params)
{
    log_write(LOG_DEBUG, "%s: %s", pg->role, sql);
    int64_t begun = pg_now_ms();
    PGresult *res = pg_refusing ? NULL
                    : extended  ? PQexecParams(pg->conn, sql, n_params, NULL, params, NULL, NULL, 0)
                                : PQexec(pg->conn, sql);
    slow_note(sql, pg_now_ms() - begun);
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

struct pg_result *pg_queryf(struct pg *pg, struct error *err, const char *format, ...)
{
    struct str sql;
    va_list ap;
    str_init(&sql, 0);
    va_start(ap, format);
    str_vprintf(&sql, format, ap);
    va_end(ap);
    struct pg_result *r = sql.failed ? NULL : pg_query(pg, err, sql.data, 0, NULL);
    if (sql.failed)
        error_set(err, STATUS_BUG, "a statement is too long");
    str_clear(&sql);
    return r;
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

/* pg.h - connections to PostgreSQL. Only pg.c and pg_*.c see libpq. Errors are built from SQLSTATE
 * and names; the server's own texts carry row values and are never passed on. Every connection has
 * connect_timeout, tcp_user_timeout and keepalives. [main] */
#ifndef MIGHOST_PG_H
#define MIGHOST_PG_H

#include <stddef.h>
#include <stdint.h>

#include "project.h"
#include "status.h"
#include "str.h"

struct pg;
struct pg_result;

/* Where and as whom, without secrets: for messages, children and the run row. */
struct pg_where {
    char host[256], port[16], dbname[128], user[128];
};

/* `role` names the connection in messages ("target"). STATUS_TEMPORARY when the server cannot
 * be reached, STATUS_PREFLIGHT when it refuses, STATUS_CONFIG when the URL does not parse. */
struct pg *pg_connect(const char *url, const char *role, const struct project_timeouts *timeouts,
                      struct error *err);
void pg_close(struct pg *pg);
/* A new connection of the same kind in place of the old one. */
int pg_reconnect(struct pg *pg, struct error *err);
/* Gone for the server, too; pg_reconnect() is the only use until then. */
void pg_hang_up(struct pg *pg);
/* In a forked process: connections that were made before are the parent's. They are closed here
 * without a word to the server; pg_reconnect() makes an own one. */
void pg_forked(void);
void pg_where(const struct pg *pg, struct pg_where *out);
/* PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD, ... as "NAME=value" for a child's
 * environment; NULL-terminated, freed by pg_environment_free (which wipes it). */
char **pg_environment(const char *url, struct error *err);
void pg_environment_free(char **env);
/* A server that is not on this machine must prove its name: sslmode is verify-full unless URL,
 * service file or environment set less, and that is refused (STATUS_CONFIG) but for this call. */
void pg_allow_insecure_tls(void);
/* Would a connection be refused for that? `weak`: the mode that proves no server, else "". */
#define PG_TLS_SIZE 16
int pg_check_tls(const char *url, const char *role, char weak[PG_TLS_SIZE], struct error *err);
/* Appends the same connection to another database of that server, as keywords; it may hold a
 * password. */
int pg_url_database(const char *url, const char *dbname, struct str *out, struct error *err);
int pg_server_version(const struct pg *pg); /* 150020 */
int pg_takes_all_text(const struct pg *pg); /* the database is in UTF-8 */
int pg_backend_pid(const struct pg *pg);

/* A transaction with pinned settings (SET LOCAL: a transaction pooler keeps them apart):
 * search_path, time zone, date and number formats, timeouts, row_security = off. Everything
 * runs between pg_begin and pg_commit or pg_rollback. `mode` is "" or the rest of the BEGIN
 * statement ("READ ONLY"). */
int pg_begin(struct pg *pg, const char *mode, struct error *err);
/* The same on a new connection where the old one was lost: for one that keeps nothing from one
 * transaction to the next. It may have been lost at any time since. */
int pg_begin_anew(struct pg *pg, const char *mode, struct error *err);
void pg_begin_sql(const struct pg *pg, const char *mode, struct str *sql); /* appends */
void pg_rollback(struct pg *pg);
/* The role's own search_path for the rest of the transaction: the target's triggers, functions and
 * the project's SQL may rely on it. pg_begin() pins another, for expressions that the server
 * prints. PostgreSQL's own names stay first: whoever may create functions in a schema of that path
 * would else run his in place of ours (CVE-2018-1058). */
#define PG_OWN_PATH                                                                                \
    "DO $path$BEGIN PERFORM pg_catalog.set_config('search_path', pg_catalog.concat_ws(', ',"       \
    " 'pg_catalog', nullif(reset_val, ''), 'pg_temp'), true) FROM pg_catalog.pg_settings WHERE"    \
    " name = 'search_path'; END$path$"
int pg_own_path(struct pg *pg, struct error *err); /* harmless without a transaction */
/* Is it worth to try the whole transaction again? 1 after 40001, 40P01, 55P03. */
int pg_retryable(const struct pg *pg);

/* One or more statements without parameters. 0 or a status. */
int pg_exec(struct pg *pg, struct error *err, const char *sql);
int pg_execf(struct pg *pg, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* One statement with text parameters (NULL: SQL NULL); rows in text. NULL on failure. */
struct pg_result *pg_query(struct pg *pg, struct error *err, const char *sql, int n_params,
                           const char *const *params);
/* SQL that users wrote: one statement only, so that it cannot end its transaction. */
struct pg_result *pg_query_one(struct pg *pg, struct error *err, const char *sql);
struct pg_result *pg_queryf(struct pg *pg, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Statements that were put together piece by piece: STATUS_BUG where they did not fit. The text is
 * cleared in any case. */
int pg_exec_str(struct pg *pg, struct str *sql, struct error *err);
struct pg_result *pg_query_str(struct pg *pg, struct str *sql, struct error *err);
/* The number that such a statement gives; 0 on failure, see `err`. */
int64_t pg_count(struct pg *pg, struct str *sql, struct error *err);
int pg_rows(const struct pg_result *r);
int64_t pg_affected(const struct pg_result *r);
const char *pg_get(const struct pg_result *r, int row, int column); /* NULL for SQL NULL */
int64_t pg_get_int(const struct pg_result *r, int row, int column); /* 0 for NULL */
void pg_free(struct pg_result *r);
/* SQLSTATE of the last failure, "" when it had none (connection lost). */
const char *pg_sqlstate(const struct pg *pg);
/* Names the server gave with the last failure ("" when none): never values. */
const char *pg_failed_constraint(const struct pg *pg);
const char *pg_failed_table(const struct pg *pg);
const char *pg_failed_column(const struct pg *pg);
/* The line, or tuple, of COPY's data that the last failure was about, from 1; 0: it named none. */
int64_t pg_failed_line(const struct pg *pg);
int pg_lost(const struct pg *pg);    /* 1: the connection is gone */
int pg_is_idle(const struct pg *pg); /* 1: it is there, and in no transaction */

/* COMMIT with a deadline, 0: the connection's own. 0; a status when the server said no (rolled
 * back); STATUS_UNKNOWN when no answer came: the caller finds out by the run row. */
int pg_commit(struct pg *pg, int deadline_seconds, struct error *err);

/* COPY ... FROM STDIN: begin, any number of pieces, end. `rows`: what the server counted. */
int pg_copy_begin(struct pg *pg, const char *sql, struct error *err);
int pg_copy_write(struct pg *pg, const void *data, size_t n, struct error *err);
int pg_copy_end(struct pg *pg, int64_t *rows, struct error *err);

/* COPY ... TO STDOUT: each line is given to take(), which returns a status. */
int pg_copy_out(struct pg *pg, const char *sql, void *ctx,
                int (*take)(void *ctx, const char *line, size_t n, struct error *err),
                struct error *err);

/* Statements that the server works on while the caller does other things, by other connections.
 * pg_later_take(): waits for the result of the next one; NULL: there is none any more, or it
 * failed. To be called until then, or pg_later_drop(), which cancels, before any other use of the
 * connection. */
int pg_later_send(struct pg *pg, const char *sql, struct error *err);
struct pg_result *pg_later_take(struct pg *pg);
void pg_later_drop(struct pg *pg);

/* Rows one by one, without holding them all: `row` returns non-zero to stop. */
int pg_each(struct pg *pg, struct error *err, const char *sql,
            int (*row)(void *ctx, const char *const *values, const size_t *lengths), void *ctx);

/* Statements by a connection of their own, made and ended for them; from any thread, within a few
 * seconds whatever the server does. No signal cancels them, and they are none of what the process
 * waits for. 0: done. */
int pg_aside(const struct pg *pg, const char *sql);

/* Cancels the running statements and lets none begin until pg_cancel_over(): they fail with
 * STATUS_TEMPORARY, only ROLLBACK still goes. For signal handlers. */
void pg_cancel_all(void);
void pg_cancel_over(void);

#endif

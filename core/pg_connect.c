/* pg_connect.c - the connection of pg.c: made, made again, closed, described, and within reach of a
 * signal handler that cancels. Statements are pg.c's. libpq's own texts may hold a password and are
 * never shown. [main] */
#include "pg_conn.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "pgstate.h"
#include "pgtls.h"
#include "sqlstate.h"

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

/* How little sslmode may ask for. Set once, before the first connection. */
static int insecure_allowed;
_Static_assert(PG_TLS_SIZE == PGTLS_MODE, "a mode fits");

void pg_allow_insecure_tls(void)
{
    insecure_allowed = 1;
}

/* Appends sslmode where it is missing; `weak` gets the mode that proves no server, or "". */
static int secure(struct keywords *k, const char *role, char weak[PG_TLS_SIZE], struct error *err)
{
    enum pgtls found = pgtls_judge(k->names, k->values, weak);
    if (found == PGTLS_UNSAID)
        keyword_add(k, "sslmode", PGTLS_DEFAULT);
    if (found == PGTLS_WEAK && !insecure_allowed) {
        error_set(err, STATUS_CONFIG,
                  "%s: sslmode=%s does not prove which server it is, and the server is elsewhere",
                  role, weak);
        error_why(err, "whoever stands between could answer in its place, and have password and "
                       "rows");
        error_fix(err, "leave sslmode away, or set it to verify-full with sslrootcert, the file of "
                       "the authorities to trust; if this is meant: --allow-insecure-tls");
        return STATUS_CONFIG;
    }
    if (found != PGTLS_WEAK)
        weak[0] = '\0';
    return STATUS_OK;
}

static void keywords_of(const PQconninfoOption *options, struct keywords *k)
{
    for (const PQconninfoOption *o = options; o->keyword; o++)
        if (o->val)
            keyword_add(k, o->keyword, o->val);
}

int pg_check_tls(const char *url, const char *role, char weak[PG_TLS_SIZE], struct error *err)
{
    weak[0] = '\0';
    PQconninfoOption *options = parse_url(url, role, err);
    if (!options)
        return err->code;
    struct keywords k = {.n = 0};
    keywords_of(options, &k);
    int code = secure(&k, role, weak, err);
    PQconninfoFree(options);
    return code;
}

/* Whether the connection is there after all. What the server says in another language is asked for
 * once more, as an SQLSTATE: that is the only way to have it of a login. */
static int refused(PGconn *conn, const char *role, struct error *err)
{
    char state[6] = "";
    if (sqlstate_is_foreign(PQerrorMessage(conn))) {
        PQsetErrorVerbosity(conn, PQERRORS_SQLSTATE);
        PQreset(conn);
        PQsetErrorVerbosity(conn, PQERRORS_DEFAULT);
        if (PQstatus(conn) == CONNECTION_OK)
            return 0;
        pgstate_find(PQerrorMessage(conn), state);
    }
    struct sqlstate_login login = {role, PQerrorMessage(conn), PQhost(conn), PQport(conn), state};
    return sqlstate_login(&login, err);
}

PGconn *pg_connection(const char *url, const char *role, const struct project_timeouts *timeouts,
                      pg_connecting begin, struct error *err)
{
    char weak[PG_TLS_SIZE];
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
    keywords_of(options, &k);
    keyword_add(&k, "client_encoding", "UTF8");
    keyword_add(&k, "application_name", "mighost");
    PGconn *conn = secure(&k, role, weak, err) ? NULL : begin(k.names, k.values, 0);
    PQconninfoFree(options);
    return conn;
}

static PGconn *open_connection(const char *url, const char *role,
                               const struct project_timeouts *timeouts, struct error *err)
{
    PGconn *conn = pg_connection(url, role, timeouts, PQconnectdbParams, err);
    if (conn && (PQstatus(conn) == CONNECTION_OK || !refused(conn, role, err)))
        return conn;
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

void pg_hang_up(struct pg *pg)
{
    cancel_forget(pg->conn);
    PQfinish(pg->conn);
    pg->conn = NULL;
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

/* A child is to trust the same authorities, also those that our own environment names. */
static const char *for_child(const struct keywords *k, const PQconninfoOption *o)
{
    for (int i = 0; i < k->n; i++)
        if (strcmp(k->names[i], o->keyword) == 0)
            return k->values[i];
    return strncmp(o->keyword, "ssl", 3) == 0 ? getenv(o->envvar) : NULL;
}

char **pg_environment(const char *url, struct error *err)
{
    PQconninfoOption *options = parse_url(url, "target", err);
    if (!options)
        return NULL;
    char weak[PG_TLS_SIZE];
    struct keywords k = {.n = 0};
    keywords_of(options, &k);
    if (secure(&k, "target", weak, err)) {
        PQconninfoFree(options);
        return NULL;
    }
    char **env = arena_heap(NULL, MAX_KEYWORDS * sizeof *env);
    size_t n = 0;
    for (PQconninfoOption *o = options; o->keyword && n < MAX_KEYWORDS - 1; o++) {
        const char *value = o->envvar ? for_child(&k, o) : NULL;
        if (!value)
            continue;
        size_t size = strlen(o->envvar) + strlen(value) + 2;
        env[n] = arena_heap(NULL, size);
        snprintf(env[n++], size, "%s=%s", o->envvar, value);
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

static void add_keyword(struct str *out, const char *name, const char *value)
{
    str_printf(out, "%s%s='", out->len ? " " : "", name);
    for (; *value; value++) {
        if (*value == '\\' || *value == '\'')
            str_add_char(out, '\\');
        str_add_char(out, *value);
    }
    str_add_char(out, '\'');
}

int pg_url_database(const char *url, const char *dbname, struct str *out, struct error *err)
{
    PQconninfoOption *options = parse_url(url, "target", err);
    if (!options)
        return err->code;
    for (PQconninfoOption *o = options; o->keyword; o++)
        if (o->val && strcmp(o->keyword, "dbname") != 0)
            add_keyword(out, o->keyword, o->val);
    add_keyword(out, "dbname", dbname);
    PQconninfoFree(options);
    return out->failed ? error_set(err, STATUS_CONFIG, "the target's URL is too long") : 0;
}

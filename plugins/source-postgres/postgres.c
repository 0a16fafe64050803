/*
 * postgres.c - the unit "postgres": a source that reads tables, views and queries.
 *
 * One connection, one snapshot, one COPY at a time. COPY is followed without blocking: where
 * no line is there yet, next() answers MIG_WAIT with the socket. Values are slices of libpq's
 * line, which is kept until the next call; nothing grows with the number of rows.
 */
#include <stdlib.h>
#include <string.h>

#include "common/jsontext.h"
#include "common/option.h"
#include "common/say.h"
#include "compared.h"
#include "copyrow.h"
#include "only.h"
#include "parts.h"
#include "written.h"

#define WAIT_MS 1000U
#define RAW_MAX ((size_t)1 << 30)
#define COMPARE_ROWS 1000000

enum state { CLOSED, STARTING, COPYING, ENDED };

struct postgres {
    const mig_host_t *host;
    char *url, *schema;
    struct session session, later; /* later: behind reading, to see what was written meanwhile */
    struct relation_places places;

    enum state state;
    char *entity;  /* the open one; owned */
    char **fields; /* their names, for raw(); owned */
    uint32_t n_fields;
    struct statement statement;
    mig_value_t *values; /* owned */
    char *line;          /* libpq's; PQfreemem() */
    uint64_t rows;
    struct buf raw;
    char *since, *least; /* of the next open(); owned, or NULL */
    struct buf only;     /* of the next open(): an array of keys, or empty */
    double compare;      /* see written.h */
    int is_time;
};

/* ---- life ----------------------------------------------------------------------------- */

static int32_t postgres_close(void *self)
{
    struct postgres *p = self;
    if (p->state == STARTING || p->state == COPYING)
        session_stop_copy(&p->session);
    p->state = CLOSED;
    PQfreemem(p->line);
    p->line = NULL;
    for (uint32_t i = 0; i < p->n_fields; i++)
        free(p->fields[i]);
    free(p->fields);
    free(p->entity);
    free(p->values);
    p->fields = NULL;
    p->entity = NULL;
    p->values = NULL;
    p->n_fields = 0;
    statement_clear(&p->statement);
    return MIG_OK;
}

static void forget_bound(struct postgres *p)
{
    free(p->since);
    free(p->least);
    p->since = p->least = NULL;
    p->only.len = 0;
}

static void postgres_destroy(void *self)
{
    struct postgres *p = self;
    if (!p)
        return;
    postgres_close(p);
    forget_bound(p);
    session_clear(&p->session);
    session_clear(&p->later);
    queries_clear(&p->places.queries);
    queries_clear(&p->places.ranges);
    buf_clear(&p->raw);
    buf_clear(&p->only);
    free(p->url);
    free(p->schema);
    free(p);
}

static int32_t postgres_create(const mig_host_t *host, void **self)
{
    struct postgres *p = calloc(1, sizeof *p);
    *self = p;
    if (!p)
        return say_fail(host, MIG_E_NOMEM, NULL, "no memory for a source");
    char *timeout = option_text(host, "connect_timeout"), *query = option_text(host, "query");
    char *ranges = option_text(host, "ranges");
    p->host = host;
    p->url = option_text(host, "url");
    p->schema = option_text(host, "schema");
    p->compare = (double)option_number(host, "compare", COMPARE_ROWS);
    buf_init(&p->raw, RAW_MAX);
    buf_init(&p->only, RAW_MAX);
    session_init(&p->session, host, p->url, timeout ? (unsigned)strtoul(timeout, NULL, 10) : 10U);
    session_init(&p->later, host, p->url, p->session.timeout);
    int32_t status = queries_parse(&p->places.queries, host, "query", query);
    if (status == MIG_OK)
        status = queries_parse(&p->places.ranges, host, "ranges", ranges);
    p->places.schema = p->schema ? p->schema : "public";
    if (status == MIG_OK && !p->url)
        status = say_fail(host, MIG_E_CONFIG, "give the option \"url\"",
                          "the source has no connection URL");
    free(timeout);
    free(query);
    free(ranges);
    return status;
}

static int32_t postgres_ping(void *self)
{
    struct postgres *p = self;
    int32_t status = session_connect(&p->session);
    if (status == MIG_OK && p->state != STARTING && p->state != COPYING)
        status = session_query(&p->session, "source", "SELECT 1", 0, NULL, NULL);
    return status;
}

static int32_t postgres_entities(void *self, void *ctx,
                                 int32_t (*row)(void *ctx, const char *entity))
{
    struct postgres *p = self;
    int32_t status = session_begin(&p->session);
    return status == MIG_OK ? relation_list(&p->session, &p->places, ctx, row) : status;
}

/* Tables change without a sign that could be asked for. */
static int32_t postgres_identity(void *self, const char *entity, mig_str_t *out)
{
    (void)self;
    (void)entity;
    *out = (mig_str_t){"", 0};
    return MIG_OK;
}

/* ---- reading -------------------------------------------------------------------------- */

static int32_t keep_names(struct postgres *p, const char *entity, const char *const *fields,
                          uint32_t n)
{
    size_t room = n ? n : 1;
    p->entity = strdup(entity);
    p->fields = calloc(room, sizeof *p->fields);
    p->values = calloc(room + p->statement.unread.n_sets, sizeof *p->values);
    int failed = !p->entity || !p->fields || !p->values;
    for (uint32_t i = 0; i < n && !failed; i++) {
        p->fields[i] = strdup(fields[i]);
        failed = !p->fields[i];
        p->n_fields = i + 1;
    }
    return failed ? say_fail(p->host, MIG_E_NOMEM, NULL, "no memory for %u fields", n) : MIG_OK;
}

static int32_t failed(struct postgres *p, PGresult *r)
{
    char subject[SESSION_SUBJECT];
    session_name(subject, p->entity);
    p->state = ENDED;
    return session_failed(&p->session, subject, r);
}

static int32_t postgres_since(void *self, const char *field, const mig_value_t *least)
{
    struct postgres *p = self;
    forget_bound(p);
    p->since = strdup(field);
    p->least = strndup(least->data, least->len);
    p->is_time = least->kind == MIG_TEXT;
    if (!p->since || !p->least)
        return say_fail(p->host, MIG_E_NOMEM, NULL, "no memory for a bound");
    return MIG_OK;
}

static int32_t postgres_only(void *self, const char *entity, const char *key_field,
                             const mig_str_t *keys, uint32_t n)
{
    struct postgres *p = self;
    const struct only_wish wish = {entity, key_field, keys, n};
    p->only.len = 0;
    postgres_close(p);
    int32_t status = session_begin(&p->session);
    if (status == MIG_OK)
        status = only_keys(&p->session, &p->places, &wish, &p->only);
    if (status != MIG_OK)
        p->only.len = 0;
    return status;
}

static int32_t postgres_open(void *self, const char *entity, const char *const *fields,
                             uint32_t n_fields, const char *const *key_fields,
                             uint32_t n_key_fields, mig_str_t position)
{
    struct postgres *p = self;
    struct statement_wish wish = {
        entity,   fields,   key_fields, n_fields, n_key_fields,
        p->since, p->least, p->is_time, position, p->only.len ? p->only.data : NULL};
    postgres_close(p);
    int32_t status = session_begin(&p->session);
    if (status == MIG_OK)
        status = statement_make(&p->session, &p->places, &wish, &p->statement);
    if (status == MIG_OK)
        status = keep_names(p, entity, fields, n_fields);
    forget_bound(p);
    if (status != MIG_OK)
        return status;
    if (!PQsendQuery(p->session.conn, p->statement.copy))
        return failed(p, NULL);
    p->state = STARTING;
    p->rows = 0;
    return MIG_OK;
}

static int32_t wait_for_server(struct postgres *p, mig_wait_t *wait)
{
    wait->n_fds = 1;
    wait->fds[0] = PQsocket(p->session.conn);
    wait->events[0] = MIG_WAIT_READ;
    wait->timeout_ms = WAIT_MS;
    return MIG_WAIT;
}

/* Until the server says that the COPY has begun. */
static int32_t follow_start(struct postgres *p, mig_wait_t *wait)
{
    PGconn *conn = p->session.conn;
    if (!PQconsumeInput(conn))
        return failed(p, NULL);
    if (PQisBusy(conn))
        return wait_for_server(p, wait);
    PGresult *r = PQgetResult(conn);
    if (PQresultStatus(r) != PGRES_COPY_OUT) {
        PGresult *rest = PQgetResult(conn);
        PQclear(rest);
        return failed(p, r);
    }
    PQclear(r);
    p->state = COPYING;
    return MIG_OK;
}

/* The last line has come, or what broke the COPY off: its result says which. */
static int32_t follow_end(struct postgres *p)
{
    PGresult *r = PQgetResult(p->session.conn), *rest;
    if (PQresultStatus(r) != PGRES_COMMAND_OK) {
        while (r && (rest = PQgetResult(p->session.conn)) != NULL)
            PQclear(rest);
        return failed(p, r);
    }
    /* What the server counted must be what came. */
    uint64_t sent = strtoull(PQcmdTuples(r), NULL, 10);
    PQclear(r);
    while ((rest = PQgetResult(p->session.conn)) != NULL)
        PQclear(rest);
    p->state = ENDED;
    if (sent != p->rows)
        return say_fail(p->host, MIG_E_SOURCE, NULL,
                        "source entity \"%s\": the server sent another number of rows than came",
                        p->entity);
    return MIG_END;
}

/* The next line: its length, or 0 with *status set. */
static size_t take_line(struct postgres *p, mig_wait_t *wait, int32_t *status)
{
    PGconn *conn = p->session.conn;
    PQfreemem(p->line);
    p->line = NULL;
    int n = PQgetCopyData(conn, &p->line, 1);
    if (n == 0) {
        if (!PQconsumeInput(conn)) {
            *status = failed(p, NULL);
            return 0;
        }
        n = PQgetCopyData(conn, &p->line, 1);
    }
    if (n > 0)
        return (size_t)n;
    *status = n == 0 ? wait_for_server(p, wait) : n == -1 ? follow_end(p) : failed(p, NULL);
    return 0;
}

static int32_t postgres_next(void *self, mig_record_t *rec, mig_wait_t *wait)
{
    struct postgres *p = self;
    int32_t status = MIG_OK;
    if (p->host->cancelled(p->host))
        return say_fail(p->host, MIG_E_CANCELLED, NULL, "reading was stopped");
    if (p->state == STARTING)
        status = follow_start(p, wait);
    else if (p->state != COPYING)
        return MIG_END;
    if (status != MIG_OK)
        return status;
    size_t n = take_line(p, wait, &status);
    if (!n)
        return status;
    p->rows++;
    struct unread *unread = &p->statement.unread;
    if (copyrow_split(p->line, n, p->statement.types, p->n_fields + unread->n_sets, p->values) ||
        unread_row(unread, p->values + p->n_fields))
        return say_fail(p->host, MIG_E_SOURCE, NULL,
                        "source entity \"%s\": row %llu is no line of COPY", p->entity,
                        (unsigned long long)p->rows);
    rec->values = p->values;
    rec->n_values = p->n_fields;
    return MIG_OK;
}

static int add_value(struct buf *out, enum statement_type type, const mig_value_t *v)
{
    if (v->kind == MIG_NULL)
        return buf_add_text(out, "null");
    if (v->kind == MIG_TEXT && type != STATEMENT_JSON)
        return jsontext_quote(out, v->data, v->len);
    return buf_add(out, v->data, v->len);
}

/* The fields that are read, as one JSON object; the rest of the row was not asked for. */
static int32_t postgres_raw(void *self, mig_str_t *out)
{
    struct postgres *p = self;
    p->raw.len = 0;
    *out = (mig_str_t){"", 0};
    if (!p->line)
        return MIG_OK;
    int broken = buf_add_char(&p->raw, '{');
    for (uint32_t i = 0; i < p->n_fields && !broken; i++)
        broken = (i && buf_add_text(&p->raw, ", ")) ||
                 jsontext_quote(&p->raw, p->fields[i], strlen(p->fields[i])) ||
                 buf_add_text(&p->raw, ": ") ||
                 add_value(&p->raw, p->statement.types[i], &p->values[i]);
    if (broken || buf_add_char(&p->raw, '}'))
        return say_fail(p->host, MIG_E_NOMEM, NULL, "no memory for a record");
    *out = (mig_str_t){p->raw.data, p->raw.len};
    return MIG_OK;
}

static int32_t postgres_unread(void *self, void *ctx,
                               int32_t (*field)(void *ctx, mig_str_t name, uint64_t filled))
{
    struct postgres *p = self;
    return unread_tell(&p->statement.unread, ctx, field);
}

static int64_t postgres_progress(void *self)
{
    struct postgres *p = self;
    if (p->state == ENDED)
        return 1000000;
    if (p->state == CLOSED || p->statement.rows < 1)
        return -1;
    double part = (double)p->rows / p->statement.rows;
    /* The estimate may be too low; all of it is told at the end only. */
    return part < 0.999 ? (int64_t)(part * 1e6) : 999000;
}

static int32_t postgres_written(void *self, const char *entity, const char *const *key_fields,
                                uint32_t n_key_fields, void *ctx,
                                int32_t (*row)(void *ctx, int32_t removed, mig_str_t key))
{
    struct postgres *p = self;
    const struct written_wish wish = {entity, key_fields, n_key_fields, p->compare};
    int32_t status = written_find(&p->session, &p->later, &p->places, &wish, ctx, row);
    return status != MIG_END ? status
                             : compared_find(&p->session, &p->later, &p->places, &wish, ctx, row);
}

static int32_t postgres_unchanged(void *self, const char *entity, const char *before,
                                  uint64_t *written, uint64_t *records)
{
    struct postgres *p = self;
    int32_t status = session_begin(&p->session);
    return status == MIG_OK
               ? written_since(&p->session, &p->places, entity, before, written, records)
               : status;
}

static int32_t postgres_release(void *self)
{
    struct postgres *p = self;
    postgres_close(p);
    session_release(&p->session);
    return MIG_OK;
}

/* ---- several processes ------------------------------------------------------------------ */

static int32_t postgres_snapshot(void *self, mig_str_t *out)
{
    struct postgres *p = self;
    int32_t status = session_begin(&p->session);
    const char *name = status == MIG_OK ? p->session.snapshot : "";
    *out = (mig_str_t){name, strlen(name)};
    return status;
}

static int32_t postgres_split(void *self, const char *entity, const char *const *key_fields,
                              uint32_t n_key_fields, uint32_t wanted, void *ctx,
                              int32_t (*part)(void *ctx, mig_str_t part))
{
    struct postgres *p = self;
    struct parts_wish wish = {entity, n_key_fields ? key_fields[0] : NULL, wanted};
    postgres_close(p);
    int32_t status = session_begin(&p->session);
    return status == MIG_OK ? parts_list(&p->session, &p->places, &wish, ctx, part) : status;
}

static int32_t postgres_share(void *self, mig_str_t *out)
{
    struct postgres *p = self;
    postgres_close(p);
    int32_t status = session_begin(&p->session);
    if (status == MIG_OK)
        status = session_share(&p->session);
    *out = (mig_str_t){p->session.shared, strlen(p->session.shared)};
    return status;
}

static int32_t postgres_join(void *self, mig_str_t shared)
{
    struct postgres *p = self;
    p->state = CLOSED; /* a COPY that runs is the parent's to stop */
    postgres_close(p);
    return session_join(&p->session, shared.data, shared.len)
               ? say_fail(p->host, MIG_E_BUG, NULL, "this is no name of a shared snapshot")
               : MIG_OK;
}

/* ---- the unit ------------------------------------------------------------------------- */

static const mig_option_t options[] = {
    {"url", MIG_OPT_URL, MIG_OPTF_REQUIRED, NULL, NULL,
     "Where to connect: postgresql://user@host:port/database."},
    {"schema", MIG_OPT_TEXT, 0, "public", NULL, "Schema of entities that are named without one."},
    {"query", MIG_OPT_JSON, 0, NULL, NULL,
     "Entities that are given by a query: {\"entity\": \"SELECT ...\"}."},
    {"ranges", MIG_OPT_JSON, 0, NULL, NULL,
     "Tables by whose keys queries are read in ranges, by several processes: {\"entity\": "
     "\"table\"}."},
    {"compare", MIG_OPT_INT, 0, "1000000", "0..1000000000000",
     "Rows of a view or query, or behind it, up to which "
     "it is read again for what was written meanwhile."},
    {"connect_timeout", MIG_OPT_INT, 0, "10", "1..3600", "Seconds to wait for a connection."},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const mig_source_ops_t ops = {
    .size = sizeof(mig_source_ops_t),
    .ping = postgres_ping,
    .entities = postgres_entities,
    .identity = postgres_identity,
    .open = postgres_open,
    .next = postgres_next,
    .raw = postgres_raw,
    .close = postgres_close,
    .progress = postgres_progress,
    .since = postgres_since,
    .only = postgres_only,
    .written = postgres_written,
    .snapshot = postgres_snapshot,
    .split = postgres_split,
    .share = postgres_share,
    .join = postgres_join,
    .unchanged = postgres_unchanged,
    .release = postgres_release,
    .unread = postgres_unread,
};

static const mig_unit_t unit = {
    .size = sizeof(mig_unit_t),
    .kind = MIG_SOURCE,
    .name = "postgres",
    .summary = "Reads tables, views and queries of a PostgreSQL database in one snapshot.",
    .options = options,
    .create = postgres_create,
    .destroy = postgres_destroy,
    .ops = &ops,
};

static const mig_unit_t *const units[] = {&unit, NULL};

extern MIG_EXPORT const mig_plugin_t mighost_plugin;
const mig_plugin_t mighost_plugin = {
    .magic = MIG_MAGIC,
    .abi_major = MIG_ABI_MAJOR,
    .abi_minor = MIG_ABI_MINOR,
    .size = sizeof(mig_plugin_t),
    .id = "org.mighost.source-postgres",
    .version = "0.1.0",
    .units = units,
};

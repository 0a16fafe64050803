/*
 * compared.c - the rows of a view or a query in two snapshots: by key, with a digest of each, in
 * the order of the keys, so that one pass over both tells what differs and nothing is held. That
 * reads all of them twice more: only where a table that the server's plan names was written, and
 * none of its steps is larger than the project allows.
 */
#include "compared.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/say.h"

#define FETCH "FETCH 5000 FROM mighost_rows"

struct side {
    struct session *s;
    PGresult *rows;
    int at;
};

struct comparison {
    struct side old, now;
    struct buf from, key; /* what stands behind FROM; the key's text */
    double most;          /* rows, in any step of the plan */
    char subject[SESSION_SUBJECT];
    void *ctx;
    int32_t (*row)(void *ctx, int32_t removed, mig_str_t key);
    int told[2];
};

static int32_t no_memory(const struct comparison *x)
{
    return say_fail(x->old.s->host, MIG_E_NOMEM, NULL,
                    "no memory for a statement, or it is too long");
}

/* ---- the tables behind it --------------------------------------------------------------- */

/* What the server would read. Its numbers are guesses, of a table that it never counted, too. */
static int32_t plan(struct comparison *x, PGresult **out)
{
    struct buf sql;
    buf_init(&sql, RELATION_MAX);
    int failed = buf_add_text(&sql, "EXPLAIN (FORMAT JSON, VERBOSE) SELECT * FROM ") ||
                 buf_add_text(&sql, x->from.data) || buf_add_char(&sql, '\0');
    int32_t status =
        failed ? no_memory(x) : session_query(x->old.s, x->subject, sql.data, 0, NULL, out);
    buf_clear(&sql);
    return status;
}

/* The tables' names, and whether their rows tell by themselves when they were written. */
static int32_t tables(struct comparison *x, const char *text, PGresult **out)
{
    static const char sql[] =
        "SELECT DISTINCT pg_catalog.format('%I.%I', n.nspname, c.relname), c.relkind IN ('r', 'p') "
        "AND"
        " pg_catalog.has_table_privilege(c.oid, 'SELECT') FROM"
        " pg_catalog.jsonb_path_query($1::text::pg_catalog.jsonb, '$.**') e JOIN"
        " pg_catalog.pg_namespace n ON n.nspname = e ->> 'Schema' JOIN pg_catalog.pg_class c ON"
        " c.relnamespace = n.oid AND c.relname = e ->> 'Relation Name'";
    const char *const params[] = {text};
    return session_query(x->old.s, x->subject, sql, 1, params, out);
}

/* MIG_END: said to the host. Before 12 the server has no JSON paths: of its plan the result counts
 * alone. */
static int32_t is_allowed(struct comparison *x, const char *text)
{
    const char *sql = PQserverVersion(x->old.s->conn) < 120000
                          ? "SELECT $1::text::pg_catalog.json -> 0 -> 'Plan' ->> 'Plan Rows'"
                          : "SELECT pg_catalog.max((e #>> '{}')::float8) FROM"
                            " pg_catalog.jsonb_path_query($1::text::pg_catalog.jsonb,"
                            " '$.**.\"Plan Rows\"') e";
    const char *const params[] = {text};
    PGresult *r = NULL;
    int32_t status = session_query(x->old.s, x->subject, sql, 1, params, &r);
    if (status != MIG_OK)
        return status;
    double rows = strtod(PQgetvalue(r, 0, 0), NULL);
    PQclear(r);
    if (rows <= x->most)
        return MIG_OK;
    say_log(x->old.s->host, MIG_LOG_INFO,
            "%s: what was written to it meanwhile is not looked for: about %.0f rows would be read"
            " again, more than the option \"compare\" allows",
            x->subject, rows);
    return MIG_END;
}

/* What was deleted leaves no version that is new, but fewer rows. */
static int32_t was_written(struct comparison *x, const char *table, int *written)
{
    struct buf sql;
    PGresult *r = NULL;
    uint64_t fresh = 0, rows = 0;
    int32_t status = written_count(x->now.s, x->subject, table, x->old.s->snapshot, &fresh, &rows);
    *written = fresh > 0;
    if (status != MIG_OK || *written)
        return status;
    buf_init(&sql, RELATION_MAX);
    int failed = buf_add_text(&sql, "SELECT pg_catalog.count(*) FROM ") ||
                 buf_add_text(&sql, table) || buf_add_char(&sql, '\0');
    status = failed ? no_memory(x) : session_query(x->old.s, x->subject, sql.data, 0, NULL, &r);
    if (status == MIG_OK)
        *written = strtoull(PQgetvalue(r, 0, 0), NULL, 10) != rows;
    PQclear(r);
    buf_clear(&sql);
    return status;
}

/* MIG_END: there are none, and a function may give anything. */
static int32_t any_written(struct comparison *x, const char *text, int *written)
{
    PGresult *r = NULL;
    *written = PQserverVersion(x->old.s->conn) < 120000; /* see is_allowed() */
    if (*written)
        return MIG_OK;
    int32_t status = tables(x, text, &r);
    if (status == MIG_OK && !PQntuples(r))
        status = MIG_END;
    for (int i = 0; status == MIG_OK && !*written && i < PQntuples(r); i++) {
        if (PQgetvalue(r, i, 1)[0] == 't')
            status = was_written(x, PQgetvalue(r, i, 0), written);
        else
            *written = 1;
    }
    PQclear(r);
    return status;
}

static int32_t is_due(struct comparison *x, int *due)
{
    PGresult *r = NULL;
    int32_t status = plan(x, &r);
    const char *text = status == MIG_OK && PQntuples(r) ? PQgetvalue(r, 0, 0) : "[]";
    if (status == MIG_OK)
        status = is_allowed(x, text);
    if (status == MIG_OK)
        status = any_written(x, text, due);
    PQclear(r);
    return status;
}

/* ---- the rows ----------------------------------------------------------------------------- */

/* Keys may be there twice: all rows of one make its digest. */
static int32_t begin(struct comparison *x, struct side *d)
{
    struct buf sql;
    buf_init(&sql, RELATION_MAX);
    const char *row = PQserverVersion(d->s->conn) < 110000
                          ? "pg_catalog.md5(t::text)"
                          : "pg_catalog.sha256(pg_catalog.convert_to(t::text, 'UTF8'))::text";
    int failed = buf_add_text(&sql, "DECLARE mighost_rows NO SCROLL CURSOR FOR SELECT k,"
                                    " pg_catalog.string_agg(v, ',' ORDER BY v) FROM (SELECT ") ||
                 buf_add_text(&sql, x->key.data) || buf_add_text(&sql, " COLLATE \"C\" AS k, ") ||
                 buf_add_text(&sql, row) || buf_add_text(&sql, " AS v FROM (SELECT * FROM ") ||
                 buf_add_text(&sql, x->from.data) ||
                 buf_add_text(&sql, ") t) x GROUP BY k ORDER BY k") || buf_add_char(&sql, '\0');
    int32_t status =
        failed ? no_memory(x) : session_query(d->s, x->subject, sql.data, 0, NULL, NULL);
    buf_clear(&sql);
    return status == MIG_OK ? session_query(d->s, x->subject, FETCH, 0, NULL, &d->rows) : status;
}

static int32_t step(struct comparison *x, struct side *d)
{
    if (++d->at < PQntuples(d->rows))
        return MIG_OK;
    PQclear(d->rows);
    d->rows = NULL;
    d->at = 0;
    return session_query(d->s, x->subject, FETCH, 0, NULL, &d->rows);
}

static int ended(const struct side *d)
{
    return d->at >= PQntuples(d->rows);
}

static int32_t tell(struct comparison *x, int removed, const struct side *d)
{
    x->told[removed]++;
    return x->row(
        x->ctx, removed,
        (mig_str_t){PQgetvalue(d->rows, d->at, 0), (uint32_t)PQgetlength(d->rows, d->at, 0)});
}

static int32_t pass(struct comparison *x)
{
    int32_t status = MIG_OK;
    while (status == MIG_OK && x->told[0] <= WRITTEN_MOST && x->told[1] <= WRITTEN_MOST) {
        int was = !ended(&x->old), is = !ended(&x->now);
        if (!was && !is)
            break;
        int order = !was  ? 1
                    : !is ? -1
                          : strcmp(PQgetvalue(x->old.rows, x->old.at, 0),
                                   PQgetvalue(x->now.rows, x->now.at, 0));
        if (order < 0)
            status = tell(x, 1, &x->old);
        else if (order > 0 || strcmp(PQgetvalue(x->old.rows, x->old.at, 1),
                                     PQgetvalue(x->now.rows, x->now.at, 1)) != 0)
            status = tell(x, 0, &x->now);
        if (status == MIG_OK && order <= 0)
            status = step(x, &x->old);
        if (status == MIG_OK && order >= 0)
            status = step(x, &x->now);
    }
    return status;
}

static int32_t finish(struct comparison *x, struct side *d, int32_t status)
{
    PQclear(d->rows);
    d->rows = NULL;
    return status == MIG_OK ? session_query(d->s, x->subject, "CLOSE mighost_rows", 0, NULL, NULL)
                            : status;
}

static int32_t compare(struct comparison *x)
{
    int due = 0;
    int32_t status = is_due(x, &due);
    if (status != MIG_OK || !due)
        return status;
    status = begin(x, &x->old);
    if (status == MIG_OK)
        status = begin(x, &x->now);
    if (status == MIG_OK)
        status = pass(x);
    status = finish(x, &x->old, status);
    return finish(x, &x->now, status);
}

int32_t compared_find(struct session *read, struct session *now,
                      const struct relation_places *places, const struct written_wish *wish,
                      void *ctx, int32_t (*row)(void *ctx, int32_t removed, mig_str_t key))
{
    struct comparison x = {
        .old = {.s = read}, .now = {.s = now}, .most = wish->compare, .ctx = ctx, .row = row};
    double rows;
    if (!wish->n_keys || wish->compare <= 0 || !read->began || !read->conn || read->released)
        return MIG_END;
    int32_t status = session_begin(now);
    if (status != MIG_OK || strcmp(read->snapshot, now->snapshot) == 0)
        return status;
    session_name(x.subject, wish->entity);
    buf_init(&x.from, RELATION_MAX);
    buf_init(&x.key, RELATION_MAX);
    status = relation_find(read, places, wish->entity, &x.from, &rows);
    if (status == MIG_OK && (buf_add_char(&x.from, '\0') || written_key(read, wish, &x.key) ||
                             buf_add_char(&x.key, '\0')))
        status = no_memory(&x);
    if (status == MIG_OK)
        status = compare(&x);
    buf_clear(&x.from);
    buf_clear(&x.key);
    return status;
}

/*
 * statement.c - writes COPY (SELECT "a", "b" FROM ... ORDER BY ...) TO STDOUT.
 *
 * The columns are asked for by describing the SELECT, which reads nothing: a name that is not
 * there is found with its nearest neighbour, and types are known without a look at the data.
 * Values come as the output functions of their types write them, under the pinned settings.
 */
#include "statement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/nearest.h"
#include "common/say.h"
#include "parts.h"

void statement_clear(struct statement *st)
{
    free(st->copy);
    free(st->types);
    unread_clear(&st->unread);
    *st = (struct statement){0};
}

static int32_t no_memory(struct session *s)
{
    return say_fail(s->host, MIG_E_NOMEM, NULL, "no memory for a statement, or it is too long");
}

static int32_t no_such_column(struct session *s, const char *entity, const char *column,
                              const PGresult *columns)
{
    const char *fix = "correct the field in the stage's options, or its \"key\"";
    struct nearest near = {0};
    for (int i = 0; i < PQnfields(columns); i++)
        nearest_offer(&near, column, PQfname(columns, i));
    if (near.name)
        return say_fail(s->host, MIG_E_SOURCE, fix,
                        "source: \"%s\" has no column \"%s\"; did you mean \"%s\"?", entity, column,
                        near.name);
    return say_fail(s->host, MIG_E_SOURCE, fix, "source: \"%s\" has no column \"%s\"", entity,
                    column);
}

/* Numbers of built-in types never change (pg_type.dat). Domains are told as their base type. */
static enum statement_type type_of(Oid type)
{
    static const struct {
        Oid oid;
        enum statement_type type;
    } known[] = {
        {16, STATEMENT_BOOL},     /* bool */
        {20, STATEMENT_NUMBER},   /* int8 */
        {21, STATEMENT_NUMBER},   /* int2 */
        {23, STATEMENT_NUMBER},   /* int4 */
        {26, STATEMENT_NUMBER},   /* oid */
        {700, STATEMENT_NUMBER},  /* float4 */
        {701, STATEMENT_NUMBER},  /* float8 */
        {1700, STATEMENT_NUMBER}, /* numeric */
        {114, STATEMENT_JSON},    /* json */
        {3802, STATEMENT_JSON},   /* jsonb */
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].oid == type)
            return known[i].type;
    return STATEMENT_TEXT;
}

static int column_number(const PGresult *columns, const char *name)
{
    for (int i = 0; i < PQnfields(columns); i++)
        if (strcmp(PQfname(columns, i), name) == 0)
            return i;
    return -1;
}

/* Adds `before` and the quoted name, when there is such a column. */
static int32_t add_column(struct session *s, const char *entity, const char *before,
                          const char *name, const PGresult *columns, struct buf *sql)
{
    if (column_number(columns, name) < 0)
        return no_such_column(s, entity, name, columns);
    char *quoted = PQescapeIdentifier(s->conn, name, strlen(name));
    int failed = !quoted || buf_add_text(sql, before) || buf_add_text(sql, quoted);
    PQfreemem(quoted);
    return failed ? no_memory(s) : MIG_OK;
}

/* Compared as the column's own type, so that times are exact and an index serves. Of another type
 * the server might say something else than the host: then all rows are read. */
static int can_compare(Oid type, int is_time)
{
    return is_time ? type == 1082 || type == 1114 || type == 1184 /* date, timestamp, -tz */
                   : type == 20 || type == 21 || type == 23;      /* int8, int2, int4 */
}

static int32_t add_since(struct session *s, const struct statement_wish *wish,
                         const PGresult *columns, struct buf *sql)
{
    int column = wish->since ? column_number(columns, wish->since) : -1;
    if (column < 0 || !can_compare(PQftype(columns, column), wish->is_time))
        return MIG_OK;
    int32_t status = add_column(s, wish->entity, " AND (", wish->since, columns, sql);
    char *least = PQescapeLiteral(s->conn, wish->least, strlen(wish->least));
    if (status == MIG_OK &&
        (!least || buf_add_text(sql, " OPERATOR(pg_catalog.>=) ") || buf_add_text(sql, least)))
        status = no_memory(s);
    PQfreemem(least);
    if (status == MIG_OK)
        status = add_column(s, wish->entity, " OR ", wish->since, columns, sql);
    if (status == MIG_OK && buf_add_text(sql, " IS NULL)"))
        status = no_memory(s);
    return status;
}

static int32_t add_part(struct session *s, const struct statement_wish *wish, int is_query,
                        struct buf *sql)
{
    if (!wish->part.len)
        return MIG_OK;
    char *key =
        wish->n_keys ? PQescapeIdentifier(s->conn, wish->keys[0], strlen(wish->keys[0])) : NULL;
    int failed = !key || parts_where(s, wish->part, key, is_query, sql);
    PQfreemem(key);
    return failed ? say_fail(s->host, MIG_E_BUG, NULL,
                             "source entity \"%s\": the position is no part of it", wish->entity)
                  : MIG_OK;
}

static int32_t add_only(struct session *s, const struct statement_wish *wish,
                        const PGresult *columns, struct buf *sql)
{
    if (!wish->only)
        return MIG_OK;
    int32_t status = add_column(s, wish->entity, " AND ", wish->keys[0], columns, sql);
    char *keys = PQescapeLiteral(s->conn, wish->only, strlen(wish->only));
    if (status == MIG_OK && (!keys || buf_add_text(sql, " OPERATOR(pg_catalog.=) ANY (") ||
                             buf_add_text(sql, keys) || buf_add_char(sql, ')')))
        status = no_memory(s);
    PQfreemem(keys);
    return status;
}

static int32_t write_copy(struct session *s, const struct statement_wish *wish,
                          const struct buf *from, const PGresult *columns, struct statement *out,
                          struct buf *sql)
{
    int32_t status = buf_add_text(sql, "COPY (SELECT ") ? no_memory(s) : MIG_OK;
    for (uint32_t i = 0; i < wish->n_fields && status == MIG_OK; i++) {
        status = add_column(s, wish->entity, i ? ", " : "", wish->fields[i], columns, sql);
        if (status == MIG_OK)
            out->types[i] = type_of(PQftype(columns, column_number(columns, wish->fields[i])));
    }
    if (status == MIG_OK && unread_sql(s, &out->unread, !wish->n_fields, sql))
        status = no_memory(s);
    for (uint32_t i = 0; i < out->unread.n_sets; i++)
        out->types[wish->n_fields + i] = STATEMENT_NUMBER;
    if (status == MIG_OK && (buf_add_text(sql, " FROM ") || buf_add(sql, from->data, from->len)))
        status = no_memory(s);
    if (status == MIG_OK && buf_add_text(sql, " WHERE true"))
        status = no_memory(s);
    if (status == MIG_OK)
        status = add_part(s, wish, *from->data == '(', sql); /* a query stands in brackets */
    if (status == MIG_OK)
        status = add_since(s, wish, columns, sql);
    if (status == MIG_OK)
        status = add_only(s, wish, columns, sql);
    for (uint32_t i = 0; i < wish->n_keys && status == MIG_OK; i++)
        status = add_column(s, wish->entity, i ? ", " : " ORDER BY ", wish->keys[i], columns, sql);
    /* With the byte that ends a C string. */
    if (status == MIG_OK && buf_add(sql, ") TO STDOUT", sizeof ") TO STDOUT"))
        status = no_memory(s);
    return status;
}

static int32_t describe(struct session *s, const char *entity, const struct buf *from,
                        PGresult **columns)
{
    struct buf sql;
    char subject[SESSION_SUBJECT];
    buf_init(&sql, RELATION_MAX);
    session_name(subject, entity);
    int32_t status;
    if (buf_add_text(&sql, "SELECT * FROM ") || buf_add(&sql, from->data, from->len) ||
        buf_add_char(&sql, '\0'))
        status = no_memory(s);
    else
        status = session_describe(s, subject, sql.data, columns);
    buf_clear(&sql);
    return status;
}

static int32_t make(struct session *s, const struct statement_wish *wish, const struct buf *from,
                    struct statement *out)
{
    PGresult *columns;
    struct buf sql;
    int32_t status = describe(s, wish->entity, from, &columns);
    if (status != MIG_OK)
        return status;
    buf_init(&sql, RELATION_MAX);
    status = unread_find(s, columns, wish->fields, wish->n_fields, &out->unread);
    out->types = calloc((size_t)wish->n_fields + out->unread.n_sets + 1, sizeof *out->types);
    if (status == MIG_OK)
        status = out->types ? write_copy(s, wish, from, columns, out, &sql) : no_memory(s);
    PQclear(columns);
    out->copy = sql.data;
    return status;
}

int32_t statement_make(struct session *s, const struct relation_places *places,
                       const struct statement_wish *wish, struct statement *out)
{
    struct buf from;
    *out = (struct statement){0};
    buf_init(&from, RELATION_MAX);
    int32_t status = relation_find(s, places, wish->entity, &from, &out->rows);
    if (status == MIG_OK)
        status = make(s, wish, &from, out);
    buf_clear(&from);
    if (wish->part.len)
        out->rows = -1; /* the estimate is of the whole */
    if (status != MIG_OK)
        statement_clear(out);
    return status;
}

/*
 * relation.c - looks an entity up in the source's catalog.
 *
 * Names go through PQescapeIdentifier() on the live connection. The text of a query is the
 * project's own and stands in the statement as it is, between brackets; the transaction is
 * read-only whatever it says.
 */
#include "relation.h"

#include <stdlib.h>
#include <string.h>

#include "common/nearest.h"
#include "common/say.h"

#define TABLES                                                                                     \
    "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "         \
    "WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') "

static const char find_sql[] =
    "SELECT c.relname, c.reltuples, pg_catalog.row_security_active(c.oid) " TABLES
    "ORDER BY c.relname";

/* Partitions are read through their parent. */
static const char list_sql[] =
    "SELECT c.relname " TABLES "AND NOT c.relispartition ORDER BY c.relname";

int32_t relation_list(struct session *s, const struct relation_places *places, void *ctx,
                      int32_t (*row)(void *ctx, const char *entity))
{
    PGresult *r;
    const char *params[] = {places->schema};
    int32_t status = MIG_OK;
    for (size_t i = 0; i < places->queries.n && status == MIG_OK; i++)
        status = row(ctx, places->queries.names[i]);
    if (status == MIG_OK)
        status = session_query(s, "list of tables", list_sql, 1, params, &r);
    if (status != MIG_OK)
        return status;
    for (int i = 0; i < PQntuples(r) && status == MIG_OK; i++)
        status = row(ctx, PQgetvalue(r, i, 0));
    PQclear(r);
    return status;
}

static int32_t no_such_table(struct session *s, const struct relation_places *places,
                             const char *schema, const char *table, const PGresult *r)
{
    const char *fix = "correct the stage's \"entity\" (table, or schema.table)";
    struct nearest near = {0};
    for (size_t i = 0; i < places->queries.n; i++)
        nearest_offer(&near, table, places->queries.names[i]);
    for (int i = 0; i < PQntuples(r); i++)
        nearest_offer(&near, table, PQgetvalue(r, i, 0));
    if (!PQntuples(r) && !near.name)
        return say_fail(s->host, MIG_E_SOURCE,
                        "correct the option \"schema\" or the stage's \"entity\"",
                        "source: schema \"%s\" has no table, or is not there", schema);
    if (near.name)
        return say_fail(s->host, MIG_E_SOURCE, fix,
                        "source: schema \"%s\" has no table \"%s\"; did you mean \"%s\"?", schema,
                        table, near.name);
    return say_fail(s->host, MIG_E_SOURCE, fix, "source: schema \"%s\" has no table \"%s\"", schema,
                    table);
}

static int add_name(struct session *s, struct buf *out, const char *name)
{
    char *quoted = PQescapeIdentifier(s->conn, name, strlen(name));
    int failed = !quoted || buf_add_text(out, quoted);
    PQfreemem(quoted);
    return failed;
}

static int32_t no_memory(struct session *s)
{
    return say_fail(s->host, MIG_E_NOMEM, NULL, "no memory for a statement, or it is too long");
}

static int32_t take_table(struct session *s, const char *schema, const PGresult *r, int row,
                          struct buf *from)
{
    const char *table = PQgetvalue(r, row, 0);
    if (strcmp(PQgetvalue(r, row, 2), "t") == 0)
        return say_fail(
            s->host, MIG_E_SOURCE, "use the owner of the table or a role with BYPASSRLS",
            "source: row level security would hide rows of \"%s\".\"%s\"", schema, table);
    if (add_name(s, from, schema) || buf_add_char(from, '.') || add_name(s, from, table))
        return no_memory(s);
    return MIG_OK;
}

static int row_of(const PGresult *r, const char *table)
{
    for (int i = 0; i < PQntuples(r); i++)
        if (strcmp(PQgetvalue(r, i, 0), table) == 0)
            return i;
    return -1;
}

/* MIG_END when the schema has no such table and `last` is not set. */
static int32_t look_into(struct session *s, const struct relation_places *places,
                         const char *schema, const char *table, int last, struct buf *from,
                         double *rows)
{
    PGresult *r;
    int32_t status = session_query(s, "list of tables", find_sql, 1, &schema, &r);
    if (status != MIG_OK)
        return status;
    int row = row_of(r, table);
    if (row >= 0) {
        *rows = strtod(PQgetvalue(r, row, 1), NULL);
        status = take_table(s, schema, r, row, from);
    } else {
        status = last ? no_such_table(s, places, schema, table, r) : MIG_END;
    }
    PQclear(r);
    return status;
}

/* A name with a dot is a table of the schema first, then schema.table. */
int32_t relation_table(struct session *s, const struct relation_places *places, const char *entity,
                       struct buf *from, double *rows)
{
    const char *dot = strchr(entity, '.');
    int32_t status = look_into(s, places, places->schema, entity, !dot, from, rows);
    if (status != MIG_END)
        return status;
    char *schema = strndup(entity, (size_t)(dot - entity));
    if (!schema)
        return no_memory(s);
    status = look_into(s, places, schema, dot + 1, 1, from, rows);
    free(schema);
    return status;
}

int32_t relation_find(struct session *s, const struct relation_places *places, const char *entity,
                      struct buf *from, double *rows)
{
    const char *query = queries_find(&places->queries, entity);
    *rows = -1;
    if (!query)
        return relation_table(s, places, entity, from, rows);
    /* The bracket stands on a line of its own, because the query may end with a comment. */
    if (buf_add_text(from, "(\n") || buf_add_text(from, query) || buf_add_text(from, "\n) AS q"))
        return no_memory(s);
    return MIG_OK;
}

/*
 * unread.c - has the server say with each row which of the other columns have a value.
 *
 * A bit for each of them travels as a number behind the fields, so that exactly the rows that are
 * read are counted, whatever part of the table, and their values need not be sent: the server looks
 * at NULL and length only. Rows mostly have the number of the row before: they are counted
 * together.
 */
#include "unread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/say.h"

#define SET_BITS 30U /* columns in one number: an integer of 4 bytes that is not negative */

/* Numbers of built-in types never change (pg_type.dat). */
#define TEXT_OID 25
#define BPCHAR_OID 1042
#define VARCHAR_OID 1043

void unread_clear(struct unread *u)
{
    for (uint32_t i = 0; i < u->n; i++)
        free(u->columns[i].name);
    free(u->columns);
    free(u->seen);
    free(u->rows);
    *u = (struct unread){0};
}

static int is_asked_for(const char *name, const char *const *fields, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(fields[i], name) == 0)
            return 1;
    return 0;
}

/* A query may give two columns one name: then neither can be read. */
static int is_alone(const PGresult *columns, int column)
{
    for (int i = 0; i < PQnfields(columns); i++)
        if (i != column && strcmp(PQfname(columns, i), PQfname(columns, column)) == 0)
            return 0;
    return 1;
}

/* The newest answer of the server, for columns of one table in a row. */
struct right {
    Oid table;
    int whole; /* the role may read the table */
};

static int32_t ask(struct session *s, const char *sql, Oid table, int column, int *may)
{
    char of[16], number[16];
    const char *const params[] = {of, number};
    PGresult *r;
    snprintf(of, sizeof of, "%u", table);
    snprintf(number, sizeof number, "%d", column);
    int32_t status = session_query(s, "rights to columns", sql, column ? 2 : 1, params, &r);
    if (status != MIG_OK)
        return status;
    *may = PQntuples(r) && *PQgetvalue(r, 0, 0) == 't';
    PQclear(r);
    return MIG_OK;
}

/* May the role read it? What is no column of a table, the query that gives it reads already. */
static int32_t look_for_right(struct session *s, struct right *known, const PGresult *columns,
                              int column, int *may)
{
    Oid table = PQftable(columns, column);
    int number = PQftablecol(columns, column);
    int32_t status = MIG_OK;
    *may = 1;
    if (table == InvalidOid || number <= 0)
        return MIG_OK;
    if (table != known->table)
        status = ask(s, "SELECT pg_catalog.has_table_privilege($1::oid, 'SELECT')", table, 0,
                     &known->whole);
    known->table = table;
    if (status != MIG_OK || known->whole)
        return status;
    return ask(s, "SELECT pg_catalog.has_column_privilege($1::oid, $2::int2, 'SELECT')", table,
               number, may);
}

static int32_t no_memory(struct session *s)
{
    return say_fail(s->host, MIG_E_NOMEM, NULL, "no memory for columns");
}

int32_t unread_find(struct session *s, const PGresult *columns, const char *const *fields,
                    uint32_t n_fields, struct unread *out)
{
    int n = PQnfields(columns);
    int32_t status = MIG_OK;
    struct right known = {InvalidOid, 0};
    *out = (struct unread){.columns = calloc((size_t)n + 1, sizeof *out->columns)};
    if (!out->columns)
        return no_memory(s);
    for (int i = 0; i < n && status == MIG_OK; i++) {
        const char *name = PQfname(columns, i);
        int may = 0;
        if (is_asked_for(name, fields, n_fields) || !is_alone(columns, i))
            continue;
        status = look_for_right(s, &known, columns, i, &may);
        if (status != MIG_OK || !may)
            continue;
        struct unread_column *c = &out->columns[out->n];
        *c = (struct unread_column){strdup(name), PQftype(columns, i), 0};
        if (!c->name)
            return no_memory(s);
        out->n++;
    }
    out->n_sets = (out->n + SET_BITS - 1) / SET_BITS;
    out->seen = calloc(out->n_sets + 1U, sizeof *out->seen);
    out->rows = calloc(out->n_sets + 1U, sizeof *out->rows);
    return status == MIG_OK && (!out->seen || !out->rows) ? no_memory(s) : status;
}

/* The length of a text is known without its being fetched. NULL is told by DISTINCT, because a
 * composite value with a NULL in it "is not null" no more. */
static int add_column(const struct session *s, const struct unread_column *c, unsigned bit,
                      struct buf *sql)
{
    char then[40];
    char *name = PQescapeIdentifier(s->conn, c->name, strlen(c->name));
    int is_text = c->type == TEXT_OID || c->type == VARCHAR_OID;
    const char *before = is_text ? "CASE WHEN pg_catalog.octet_length(" : "CASE WHEN ";
    const char *behind = is_text                 ? ") OPERATOR(pg_catalog.>) 0"
                         : c->type == BPCHAR_OID ? " OPERATOR(pg_catalog.<>) ''"
                                                 : " IS DISTINCT FROM NULL";
    snprintf(then, sizeof then, " THEN %u ELSE 0 END", 1U << bit);
    int failed = !name || buf_add_text(sql, before) || buf_add_text(sql, name) ||
                 buf_add_text(sql, behind) || buf_add_text(sql, then);
    PQfreemem(name);
    return failed ? -1 : 0;
}

int unread_sql(const struct session *s, const struct unread *u, int is_first, struct buf *sql)
{
    for (uint32_t i = 0; i < u->n; i++) {
        int begins = i % SET_BITS == 0;
        const char *before = !begins ? " OPERATOR(pg_catalog.+) " : i || !is_first ? ", " : "";
        if (buf_add_text(sql, before) || add_column(s, &u->columns[i], i % SET_BITS, sql))
            return -1;
    }
    return 0;
}

static void settle(struct unread *u, uint32_t set)
{
    for (uint32_t bit = 0; bit < SET_BITS && set * SET_BITS + bit < u->n; bit++)
        if (u->seen[set] >> bit & 1U)
            u->columns[set * SET_BITS + bit].filled += u->rows[set];
    u->rows[set] = 0;
}

int unread_row(struct unread *u, const mig_value_t *sets)
{
    for (uint32_t i = 0; i < u->n_sets; i++) {
        uint32_t number = 0;
        if (sets[i].kind != MIG_NUMBER || sets[i].len > 10)
            return -1;
        for (uint32_t k = 0; k < sets[i].len; k++)
            number = number * 10 + (uint32_t)(sets[i].data[k] - '0');
        if (number != u->seen[i]) {
            settle(u, i);
            u->seen[i] = number;
        }
        u->rows[i]++;
    }
    return 0;
}

int32_t unread_tell(struct unread *u, void *ctx,
                    int32_t (*field)(void *ctx, mig_str_t name, uint64_t filled))
{
    int32_t status = MIG_OK;
    for (uint32_t i = 0; i < u->n_sets; i++)
        settle(u, i);
    for (uint32_t i = 0; i < u->n && status == MIG_OK; i++) {
        struct unread_column *c = &u->columns[i];
        status = field(ctx, (mig_str_t){c->name, strlen(c->name)}, c->filled);
        c->filled = 0;
    }
    return status;
}

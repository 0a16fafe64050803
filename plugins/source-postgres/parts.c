/*
 * parts.c - ranges of a table's first key field.
 *
 * Ranges of a key and not of ctid: one behind the other they give the order of the whole, by
 * which later steps choose among records, and they mean the same under another snapshot. The
 * outer ranges are open, so that what is inserted later belongs to one of them. A range is kept
 * as its two bounds in the manner of netstrings ("2:10,2:20,"), "-," where it is open.
 */
#include "parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/say.h"

#define PART_BLOCKS 64      /* smaller parts are not worth a statement */
#define SCATTERED_PARTS 4   /* most of a table whose rows lie in no order of the key */
#define SAMPLE_BLOCKS 51200 /* hundredfold: blocks that bounds are taken from */
#define PART_MAX ((size_t)1 << 20)

/* A query's key is compared as the table's is: one of the same type, of no collation.
 * Blocks of the table with what inherits from it, and whether it can be cut by this column: a type
 * of PostgreSQL's own (the operators of others are not in the search path), never NULL, with an
 * index to find a range by. */
static const char fit_sql[] =
    "WITH RECURSIVE tree AS (SELECT $1::regclass::oid AS oid UNION ALL SELECT i.inhrelid FROM "
    "pg_inherits i JOIN tree t ON i.inhparent = t.oid) SELECT "
    "coalesce(sum(pg_relation_size(c.oid)), "
    "0) / current_setting('block_size')::bigint, bool_and(c.relkind IN ('r', 'p', 'm')) AND EXISTS "
    "(SELECT FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_index x ON "
    "x.indrelid "
    "= a.attrelid AND x.indkey[0] = a.attnum JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_am m "
    "ON "
    "m.oid = i.relam WHERE a.attrelid = $1::regclass AND a.attname = $2 AND a.attnotnull AND "
    "t.typtype = 'b' AND t.typelem = 0 AND t.typnamespace = 'pg_catalog'::regnamespace AND "
    "($3 = '' OR (a.atttypid::text = $3 AND a.attcollation = 0)) AND "
    "x.indisvalid AND x.indpred IS NULL AND m.amname = 'btree'), (SELECT min(abs(s.correlation)) < "
    "0.5 FROM pg_stats s JOIN pg_namespace n ON n.nspname = s.schemaname JOIN pg_class c ON "
    "c.relnamespace = n.oid AND c.relname = s.tablename WHERE c.oid IN (SELECT oid FROM tree) AND "
    "s.attname = $2 AND NOT s.inherited) FROM tree JOIN pg_class c USING (oid)";

static int32_t no_memory(struct session *s)
{
    return say_fail(s->host, MIG_E_NOMEM, NULL, "no memory for the parts of an entity");
}

/* How many parts the table is worth; 0 or 1: it stays whole. `type`: of the query's key, or "".
 * Where a range's rows lie scattered over the table, each costs the server a look at the whole of
 * it. */
static int32_t find_fit(struct session *s, const struct parts_wish *wish, const char *table,
                        const char *type, uint32_t *n, uint64_t *blocks)
{
    const char *params[] = {table, wish->key, type};
    char subject[SESSION_SUBJECT];
    PGresult *r;
    session_name(subject, wish->entity);
    int32_t status = session_query(s, subject, fit_sql, 3, params, &r);
    if (status != MIG_OK)
        return status;
    *blocks = strtoull(PQgetvalue(r, 0, 0), NULL, 10);
    uint64_t most = *PQgetvalue(r, 0, 1) == 't' ? *blocks / PART_BLOCKS : 0;
    if (*PQgetvalue(r, 0, 2) == 't' && most > SCATTERED_PARTS)
        most = SCATTERED_PARTS;
    *n = most < wish->wanted ? (uint32_t)most : wish->wanted;
    PQclear(r);
    return MIG_OK;
}

/* The bounds between `n` parts of the same size, as a sample of the blocks has them. */
static int32_t find_bounds(struct session *s, const struct parts_wish *wish, const char *table,
                           uint32_t n, uint64_t blocks, PGresult **bounds)
{
    struct buf shares, sql;
    char number[40], subject[SESSION_SUBJECT];
    char *key = PQescapeIdentifier(s->conn, wish->key, strlen(wish->key));
    buf_init(&shares, PART_MAX);
    buf_init(&sql, RELATION_MAX);
    int failed = !key || buf_add_char(&shares, '{');
    for (uint32_t i = 1; i < n && !failed; i++) {
        snprintf(number, sizeof number, "%s%ue-6", i > 1 ? "," : "", (unsigned)(1000000UL * i / n));
        failed = buf_add_text(&shares, number);
    }
    uint64_t percent = blocks > SAMPLE_BLOCKS ? 1 : SAMPLE_BLOCKS / blocks;
    snprintf(number, sizeof number, " TABLESAMPLE SYSTEM (%u)",
             percent < 100 ? (unsigned)percent : 100U);
    failed =
        failed || buf_add(&shares, "}", 2) ||
        buf_add_text(&sql, "SELECT u.b::text FROM unnest((SELECT percentile_disc($1::float8[])"
                           " WITHIN GROUP (ORDER BY t.") ||
        buf_add_text(&sql, key) || buf_add_text(&sql, ") FROM ") || buf_add_text(&sql, table) ||
        buf_add_text(&sql, " t") || buf_add_text(&sql, number) ||
        buf_add_text(&sql, ")) WITH ORDINALITY AS u (b, i) WHERE u.b IS NOT NULL ORDER BY u.i") ||
        buf_add_char(&sql, '\0');
    const char *params[] = {shares.data};
    session_name(subject, wish->entity);
    int32_t status = failed ? no_memory(s) : session_query(s, subject, sql.data, 1, params, bounds);
    PQfreemem(key);
    buf_clear(&shares);
    buf_clear(&sql);
    return status;
}

static int add_bound(struct buf *out, const char *text)
{
    char length[24];
    if (!text)
        return buf_add_text(out, "-,");
    snprintf(length, sizeof length, "%zu:", strlen(text));
    return buf_add_text(out, length) || buf_add_text(out, text) || buf_add_char(out, ',');
}

static int32_t give(struct session *s, const PGresult *bounds, void *ctx,
                    int32_t (*part)(void *ctx, mig_str_t part))
{
    struct buf text;
    const char *from = NULL;
    int32_t status = MIG_OK;
    int n = PQntuples(bounds);
    buf_init(&text, PART_MAX);
    for (int i = 0; i <= n && status == MIG_OK; i++) {
        const char *below = i < n ? PQgetvalue(bounds, i, 0) : NULL;
        if (from && below && strcmp(from, below) == 0)
            continue;
        text.len = 0;
        status = add_bound(&text, from) || add_bound(&text, below)
                     ? no_memory(s)
                     : part(ctx, (mig_str_t){text.data, text.len});
        from = below;
    }
    buf_clear(&text);
    return status;
}

/* The type of the query's key, "0" when it has none. */
static int32_t type_in_query(struct session *s, const struct relation_places *places,
                             const struct parts_wish *wish, char type[24])
{
    struct buf sql;
    PGresult *columns;
    double rows;
    char subject[SESSION_SUBJECT];
    session_name(subject, wish->entity);
    buf_init(&sql, RELATION_MAX);
    int32_t status = buf_add_text(&sql, "SELECT * FROM ") ? no_memory(s) : MIG_OK;
    if (status == MIG_OK)
        status = relation_find(s, places, wish->entity, &sql, &rows);
    if (status == MIG_OK && buf_add_char(&sql, '\0'))
        status = no_memory(s);
    if (status == MIG_OK)
        status = session_describe(s, subject, sql.data, &columns);
    buf_clear(&sql);
    if (status != MIG_OK)
        return status;
    snprintf(type, 24, "0");
    for (int i = 0; i < PQnfields(columns); i++)
        if (strcmp(PQfname(columns, i), wish->key) == 0)
            snprintf(type, 24, "%u", PQftype(columns, i));
    PQclear(columns);
    return MIG_OK;
}

int32_t parts_list(struct session *s, const struct relation_places *places,
                   const struct parts_wish *wish, void *ctx,
                   int32_t (*part)(void *ctx, mig_str_t part))
{
    struct buf table;
    double rows;
    uint32_t n = 0;
    uint64_t blocks = 0;
    PGresult *bounds;
    char type[24] = "";
    int32_t status = MIG_OK;
    int is_query = queries_find(&places->queries, wish->entity) != NULL;
    const char *name = is_query ? queries_find(&places->ranges, wish->entity) : wish->entity;
    if (!wish->key || !name)
        return MIG_OK;
    if (is_query)
        status = type_in_query(s, places, wish, type);
    buf_init(&table, RELATION_MAX);
    if (status == MIG_OK)
        status = relation_table(s, places, name, &table, &rows);
    if (status == MIG_OK && buf_add_char(&table, '\0'))
        status = no_memory(s);
    if (status == MIG_OK)
        status = find_fit(s, wish, table.data, type, &n, &blocks);
    if (status == MIG_OK && n > 1) {
        status = find_bounds(s, wish, table.data, n, blocks, &bounds);
        if (status == MIG_OK) {
            status = PQntuples(bounds) ? give(s, bounds, ctx, part) : MIG_OK;
            PQclear(bounds);
        }
    }
    buf_clear(&table);
    return status;
}

/* Takes a bound off the text; one without data is open. */
static int take_bound(mig_str_t *text, mig_str_t *bound)
{
    size_t n = 0, at = 0;
    *bound = (mig_str_t){NULL, 0};
    if (text->len >= 2 && memcmp(text->data, "-,", 2) == 0) {
        *text = (mig_str_t){text->data + 2, text->len - 2};
        return 0;
    }
    while (at < text->len && text->data[at] >= '0' && text->data[at] <= '9' && n < PART_MAX)
        n = n * 10 + (size_t)(text->data[at++] - '0');
    if (!at || at >= text->len || text->data[at++] != ':' || n >= text->len - at ||
        text->data[at + n] != ',')
        return -1;
    *bound = (mig_str_t){text->data + at, n};
    *text = (mig_str_t){text->data + at + n + 1, text->len - at - n - 1};
    return 0;
}

static int add_condition(struct session *s, const char *column, const char *operator,
                         mig_str_t bound, struct buf *sql)
{
    char *literal = PQescapeLiteral(s->conn, bound.data, bound.len);
    int failed = !literal || buf_add_text(sql, " AND (") || buf_add_text(sql, column) ||
                 buf_add_text(sql, operator) || buf_add_text(sql, literal);
    PQfreemem(literal);
    return failed;
}

int parts_where(struct session *s, mig_str_t part, const char *column, int nulls, struct buf *sql)
{
    mig_str_t from, below;
    if (take_bound(&part, &from) || take_bound(&part, &below) || part.len)
        return -1;
    int failed = from.data && add_condition(s, column, " >= ", from, sql);
    if (!failed && from.data && !below.data && nulls)
        failed =
            buf_add_text(sql, " OR ") || buf_add_text(sql, column) || buf_add_text(sql, " IS NULL");
    if (!failed && from.data)
        failed = buf_add_char(sql, ')');
    if (!failed && below.data)
        failed = add_condition(s, column, " < ", below, sql) || buf_add_char(sql, ')');
    return failed ? -1 : 0;
}

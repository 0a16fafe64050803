/*
 * written.c - finds rows that were written since the snapshot, by what each row version says of
 * itself: in a newer snapshot, versions by transactions that the older one does not see are new or
 * changed; in the older one, versions that somebody has since touched, and whose key is no longer
 * there, are gone, which can no longer be told when it was let go. Where no transaction has written
 * anything, nothing is looked at. Views and queries have no versions: compared.c.
 *
 * Subtransactions have no entry in the text of a snapshot: a row by one that began before it, of a
 * transaction that was not over then, is not told.
 */
#include "written.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/say.h"

#define XIDS "4294967296"

struct search {
    struct session *read, *now;
    const struct written_wish *wish;
    const char *old; /* the snapshot that was read */
    char subject[SESSION_SUBJECT];
    struct buf from, key; /* FROM what; the key's text as the host joins it */
    void *ctx;
    int32_t (*row)(void *ctx, int32_t removed, mig_str_t key);
};

static int32_t no_memory(const struct search *x)
{
    return say_fail(x->read->host, MIG_E_NOMEM, NULL,
                    "no memory for a statement, or it is too long");
}

/* Text may hold NUL bytes nowhere else: names and numbers only. */
static int32_t ask(struct search *x, struct session *s, struct buf *sql, int n,
                   const char *const *params, PGresult **out)
{
    if (buf_add_char(sql, '\0'))
        return no_memory(x);
    return session_query(s, x->subject, sql->data, n, params, out);
}

int written_key(const struct session *s, const struct written_wish *wish, struct buf *out)
{
    int failed = buf_add_text(out, "pg_catalog.concat_ws(E'\\x1f'");
    for (uint32_t i = 0; i < wish->n_keys && !failed; i++) {
        char *quoted = PQescapeIdentifier(s->conn, wish->keys[i], strlen(wish->keys[i]));
        failed = !quoted || buf_add_text(out, ", t.") || buf_add_text(out, quoted);
        PQfreemem(quoted);
    }
    return failed || buf_add_char(out, ')');
}

static int tell(struct search *x, int removed, const PGresult *r)
{
    int32_t status = MIG_OK;
    for (int i = 0; i < PQntuples(r) && status == MIG_OK; i++)
        status = x->row(x->ctx, removed,
                        (mig_str_t){PQgetvalue(r, i, 0), (uint32_t)PQgetlength(r, i, 0)});
    return status;
}

/* ---- new and changed rows ---------------------------------------------------------------- */

/* xmin has 32 bits; what lies less than half of all of them behind the snapshot's own xmin, and
 * has begun, is the number with its upper half. */
#define IS_NEW                                                                                     \
    "v.xid < s.high AND v.xid - s.low < 2147483648 AND NOT txid_visible_in_snapshot(v.xid, s.old)"

/* `what` of the rows v: snapshots $1, and behind it $2. */
static int add_versions(const struct search *x, const char *what, struct buf *sql)
{
    return buf_add_text(sql, "WITH s AS (SELECT $1::text::pg_catalog.txid_snapshot AS"
                             " old, pg_catalog.txid_snapshot_xmin($1::text::txid_snapshot) AS low,"
                             " pg_catalog.txid_snapshot_xmax($2::text::txid_snapshot) AS high)"
                             " SELECT ") ||
           buf_add_text(sql, what) || buf_add_text(sql, " FROM s, LATERAL (SELECT ") ||
           buf_add(sql, x->key.data, x->key.len) ||
           buf_add_text(sql, " AS key, s.low + (t.xmin::text::bigint - s.low % " XIDS " + " XIDS
                             ") % " XIDS " AS xid FROM ") ||
           buf_add(sql, x->from.data, x->from.len) || buf_add_text(sql, " t) v");
}

static int32_t find_new(struct search *x)
{
    struct buf sql;
    const char *const params[] = {x->old, x->now->snapshot};
    PGresult *r = NULL;
    char limit[32];
    buf_init(&sql, RELATION_MAX);
    snprintf(limit, sizeof limit, " LIMIT %d", WRITTEN_MOST + 1);
    int failed = add_versions(x, "v.key", &sql) || buf_add_text(&sql, " WHERE " IS_NEW) ||
                 buf_add_text(&sql, limit);
    int32_t status = failed ? no_memory(x) : ask(x, x->now, &sql, 2, params, &r);
    if (status == MIG_OK)
        status = tell(x, 0, r);
    PQclear(r);
    buf_clear(&sql);
    return status;
}

/* ---- rows that are gone ------------------------------------------------------------------- */

/* '{"...", "..."}' of the first column. */
static int as_array(const PGresult *r, struct buf *out)
{
    int failed = buf_add_char(out, '{');
    for (int i = 0; i < PQntuples(r) && !failed; i++) {
        failed = buf_add_text(out, i ? ",\"" : "\"");
        for (const char *p = PQgetvalue(r, i, 0); *p && !failed; p++)
            failed =
                ((*p == '"' || *p == '\\') && buf_add_char(out, '\\')) || buf_add_char(out, *p);
        failed = failed || buf_add_char(out, '"');
    }
    return failed || buf_add(out, "}", 2);
}

/* Touched are also those that are locked, or were changed: their keys are still there. */
static int32_t still_there(struct search *x, const PGresult *touched)
{
    struct buf sql, array;
    PGresult *r = NULL;
    buf_init(&sql, RELATION_MAX);
    buf_init(&array, RELATION_MAX);
    int failed = as_array(touched, &array) ||
                 buf_add_text(&sql, "SELECT k FROM pg_catalog.unnest($1::text[]) k WHERE NOT EXISTS"
                                    " (SELECT FROM ") ||
                 buf_add(&sql, x->from.data, x->from.len) || buf_add_text(&sql, " t WHERE ") ||
                 buf_add(&sql, x->key.data, x->key.len) || buf_add_text(&sql, " = k)");
    const char *const params[] = {array.data};
    int32_t status = failed ? no_memory(x) : ask(x, x->now, &sql, 1, params, &r);
    if (status == MIG_OK)
        status = tell(x, 1, r);
    PQclear(r);
    buf_clear(&sql);
    buf_clear(&array);
    return status;
}

static int32_t find_gone(struct search *x)
{
    struct buf sql;
    PGresult *r = NULL;
    char limit[32];
    buf_init(&sql, RELATION_MAX);
    snprintf(limit, sizeof limit, " LIMIT %d", WRITTEN_MOST + 1);
    int failed = buf_add_text(&sql, "SELECT ") || buf_add(&sql, x->key.data, x->key.len) ||
                 buf_add_text(&sql, " FROM ") || buf_add(&sql, x->from.data, x->from.len) ||
                 buf_add_text(&sql, " t WHERE t.xmax::text <> '0'") || buf_add_text(&sql, limit);
    int32_t status = failed ? no_memory(x) : ask(x, x->read, &sql, 0, NULL, &r);
    if (status == MIG_OK && PQntuples(r))
        status = still_there(x, r);
    PQclear(r);
    buf_clear(&sql);
    return status;
}

/* ---- all together ------------------------------------------------------------------------- */

/* Views have no row versions of their own. */
static int32_t is_table(struct search *x)
{
    static const char sql[] = "SELECT relkind IN ('r', 'p') FROM pg_catalog.pg_class WHERE oid ="
                              " $1::text::pg_catalog.regclass";
    const char *const params[] = {x->from.data};
    PGresult *r;
    int32_t status = session_query(x->read, x->subject, sql, 1, params, &r);
    if (status != MIG_OK)
        return status;
    int is = PQntuples(r) && PQgetvalue(r, 0, 0)[0] == 't';
    PQclear(r);
    return is ? MIG_OK : MIG_END;
}

static int32_t search(struct search *x, const struct relation_places *places)
{
    double rows;
    int32_t status = relation_find(x->read, places, x->wish->entity, &x->from, &rows);
    if (status == MIG_OK &&
        (buf_add_char(&x->from, '\0') || written_key(x->read, x->wish, &x->key)))
        status = no_memory(x);
    if (status == MIG_OK)
        status = is_table(x);
    if (status != MIG_OK)
        return status;
    x->from.len--; /* the byte behind it stays */
    status = session_begin(x->now);
    if (status != MIG_OK || strcmp(x->old, x->now->snapshot) == 0)
        return status;
    status = find_new(x);
    return status == MIG_OK && x->read != x->now ? find_gone(x) : status;
}

int32_t written_find(struct session *read, struct session *now,
                     const struct relation_places *places, const struct written_wish *wish,
                     void *ctx, int32_t (*row)(void *ctx, int32_t removed, mig_str_t key))
{
    struct search x = {.read = read, .now = now, .wish = wish, .ctx = ctx, .row = row};
    x.old = read->released ? read->released : read->began && read->conn ? read->snapshot : NULL;
    if (!x.old || !wish->n_keys || queries_find(&places->queries, wish->entity))
        return MIG_END;
    /* Rows that are gone can be seen in the old snapshot only. */
    if (read->released)
        x.read = now;
    int32_t begun = session_begin(x.read);
    if (begun != MIG_OK)
        return begun;
    session_name(x.subject, wish->entity);
    buf_init(&x.from, RELATION_MAX);
    buf_init(&x.key, RELATION_MAX);
    int32_t status = search(&x, places);
    buf_clear(&x.from);
    buf_clear(&x.key);
    return status;
}

/* ---- since another process read ----------------------------------------------------------- */

static int32_t count(struct search *x, const char *before, uint64_t *written, uint64_t *rows)
{
    struct buf sql;
    const char *const params[] = {before, x->read->snapshot};
    PGresult *r = NULL;
    buf_init(&sql, RELATION_MAX);
    /* A server that was set back counts its transactions anew: nothing can be told of any row. */
    int failed = add_versions(x,
                              "count(*) FILTER (WHERE (" IS_NEW
                              ") OR s.high < pg_catalog.txid_snapshot_xmax(s.old)), count(*)",
                              &sql);
    int32_t status = failed ? no_memory(x) : ask(x, x->read, &sql, 2, params, &r);
    if (status == MIG_OK) {
        *written = strtoull(PQgetvalue(r, 0, 0), NULL, 10);
        *rows = strtoull(PQgetvalue(r, 0, 1), NULL, 10);
    }
    PQclear(r);
    buf_clear(&sql);
    return status;
}

int32_t written_count(struct session *now, const char *subject, const char *table,
                      const char *before, uint64_t *written, uint64_t *rows)
{
    struct search x = {.read = now};
    snprintf(x.subject, sizeof x.subject, "%s", subject);
    buf_init(&x.from, RELATION_MAX);
    buf_init(&x.key, RELATION_MAX);
    int32_t status = buf_add_text(&x.from, table) || buf_add_text(&x.key, "0")
                         ? no_memory(&x)
                         : count(&x, before, written, rows);
    buf_clear(&x.from);
    buf_clear(&x.key);
    return status;
}

int32_t written_since(struct session *read, const struct relation_places *places,
                      const char *entity, const char *before, uint64_t *written, uint64_t *rows)
{
    const struct written_wish wish = {.entity = entity};
    struct search x = {.read = read, .wish = &wish};
    double estimate;
    if (queries_find(&places->queries, entity))
        return MIG_END;
    session_name(x.subject, entity);
    buf_init(&x.from, RELATION_MAX);
    buf_init(&x.key, RELATION_MAX);
    int32_t status = relation_find(read, places, entity, &x.from, &estimate);
    if (status == MIG_OK && (buf_add_char(&x.from, '\0') || buf_add_text(&x.key, "0")))
        status = no_memory(&x);
    if (status == MIG_OK)
        status = is_table(&x);
    x.from.len -= x.from.len > 0; /* the byte behind it stays */
    if (status == MIG_OK)
        status = count(&x, before, written, rows);
    buf_clear(&x.from);
    buf_clear(&x.key);
    return status;
}

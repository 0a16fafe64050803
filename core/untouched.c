/* untouched.c - has the publish transaction changed a row that the project preserves? Whatever it
 * did: a row that is written, if to the same values, has another place (ctid), and while a table is
 * locked against writers no place of a row that is gone is given away. So under lock the number of
 * preserved rows and a sum over their places tell, by two scans. A table that the run does not
 * write itself is not locked for that: the server's counts of what this transaction wrote there
 * must stay what they are. Where one of these is another, publish is tried once more with the
 * tables locked and each preserved row listed; that tells which ones. */
#include "untouched.h"

#include <stdio.h>
#include <string.h>

#include "log.h"
#include "plural.h"
#include "preserve.h"
#include "sql.h"

#define MOST_ROWS 1000 /* that are named; all are counted */

/* The run may write rows that meet the condition: what it wrote is then none of those preserved. A
 * subtransaction's writes look like another's; that is found when the rows are listed. */
static int may_add(const struct job *job, size_t i)
{
    return job->project->preserve[i].added == ADDED_ALLOW;
}

/* ---- marks ------------------------------------------------------------------------------------
 */

/* PostgreSQL 13 has no bit_xor(). */
static void places_sql(const struct state *s, const struct job *job, const struct untouched *u,
                       size_t i, struct str *sql)
{
    int has_xor = pg_server_version(s->pg) >= 140000;
    str_printf(sql,
               "SELECT concat_ws('/', count(*), %s(hashtidextended(l.ctid, l.tableoid::bigint)%s))"
               " FROM ",
               has_xor ? "bit_xor" : "sum", has_xor ? "" : "::numeric");
    preserve_rows(s, job, i, 1, sql);
    if (may_add(job, i))
        str_printf(sql, " AND l.xmin <> '%s'::xid", u->own);
}

/* What this transaction wrote to the table, its partitions and children so far; NULL where the
 * server does not count. TRUNCATE is in no count, but gives the table another file. */
static void counts_sql(const struct job *job, size_t i, struct str *sql)
{
    str_printf(sql,
               "WITH RECURSIVE t AS (SELECT %u::oid AS oid UNION SELECT i.inhrelid FROM t JOIN"
               " pg_inherits i ON i.inhparent = t.oid) SELECT CASE WHEN"
               " current_setting('track_counts') = 'on' THEN string_agg(concat_ws('/', oid,%s"
               " pg_stat_get_xact_tuples_updated(oid), pg_stat_get_xact_tuples_deleted(oid),"
               " pg_relation_filenode(oid)), ' ' ORDER BY oid) END FROM t",
               job->preserved.tables[i].oid,
               may_add(job, i) ? "" : " pg_stat_get_xact_tuples_inserted(oid),");
}

static int take_mark(struct state *s, const struct job *job, const struct untouched *u, size_t i,
                     int by_place, struct untouched_mark *out, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    if (by_place)
        places_sql(s, job, u, i, &sql);
    else
        counts_sql(job, i, &sql);
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    if (!res)
        return err->code;
    out->by_place = by_place;
    out->text = pg_get(res, 0, 0) ? arena_strdup(job->mem, pg_get(res, 0, 0)) : NULL;
    pg_free(res);
    return 0;
}

/* By publish, which writes it. */
static int is_locked(const struct job *job, const struct untouched *u, size_t i)
{
    const struct job_table *t = preserve_written(job, i);
    return t && (!u->locked || u->locked->t == t->t);
}

static int lock(struct state *s, const struct job *job, const struct untouched *u, size_t i,
                struct error *err)
{
    if (is_locked(job, u, i))
        return 0;
    int code = pg_execf(s->pg, err, "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE",
                        job->preserved.tables[i].quoted);
    if (code)
        error_why(err, "the run changed rows there: with the table locked is told whether they are"
                       " preserved ones");
    return code;
}

static int mark_group(struct state *s, const struct job *job, struct untouched *u, size_t i,
                      struct error *err)
{
    int code = take_mark(s, job, u, i, is_locked(job, u, i), &u->marks[i], err);
    if (code || u->marks[i].text)
        return code;
    code = lock(s, job, u, i, err);
    return code ? code : take_mark(s, job, u, i, 1, &u->marks[i], err);
}

/* ---- rows by name -------------------------------------------------------------------------------
 */

static void list_name(const struct state *s, size_t i, char *out, size_t size)
{
    snprintf(out, size, "%s.preserved_%lld_%zu", s->q, (long long)s->run, i + 1);
}

/* What tells a row to people. */
static const struct catalog_key *key_of(const struct catalog_table *t)
{
    for (size_t i = 0; i < t->n_keys; i++)
        if (t->keys[i].simple && t->keys[i].not_null)
            return &t->keys[i];
    return NULL;
}

static void rows_sql(const struct state *s, const struct job *job, size_t i, struct str *sql)
{
    const struct catalog_table *t = &job->preserved.tables[i];
    const struct catalog_key *k = key_of(t);
    str_add(sql, "SELECT l.tableoid AS _mig_table, l.ctid AS _mig_at, concat_ws(', '");
    for (size_t n = 0; k && n < k->n; n++) {
        str_add(sql, ", l.");
        sql_ident(sql, k->columns[n]);
    }
    str_printf(sql, "%s) AS _mig_key FROM ", k ? "" : ", l.ctid");
    preserve_rows(s, job, i, 1, sql);
}

static int list_rows(struct state *s, const struct job *job, const struct untouched *u, size_t i,
                     struct error *err)
{
    char list[JOB_NAME_SIZE + 64];
    struct str sql;
    int code = lock(s, job, u, i, err);
    if (code)
        return code;
    str_init(&sql, 0);
    list_name(s, i, list, sizeof list);
    str_printf(&sql, "CREATE TABLE %s AS ", list);
    rows_sql(s, job, i, &sql);
    code = pg_exec_str(s->pg, &sql, err);
    return code ? code : pg_execf(s->pg, err, "ANALYZE %s", list);
}

static void add_row(const struct job *job, struct untouched *u, size_t group, const char *key,
                    const char *what)
{
    if (!u->rows)
        u->rows = arena_alloc(job->mem, MOST_ROWS * sizeof *u->rows);
    if (u->n_rows < MOST_ROWS)
        u->rows[u->n_rows++] = (struct untouched_row){group, arena_strdup(job->mem, key),
                                                      arena_strdup(job->mem, what)};
}

static int compare_rows(struct state *s, const struct job *job, size_t i, struct untouched *u,
                        struct error *err)
{
    char list[JOB_NAME_SIZE + 64];
    struct str sql;
    list_name(s, i, list, sizeof list);
    str_init(&sql, 0);
    str_add(&sql, "WITH n AS MATERIALIZED (");
    rows_sql(s, job, i, &sql);
    str_printf(
        &sql,
        "), f AS (SELECT * FROM %s o WHERE NOT EXISTS (SELECT FROM n WHERE n._mig_at ="
        " o._mig_at AND n._mig_table = o._mig_table)), c AS (SELECT * FROM n WHERE NOT EXISTS"
        " (SELECT FROM %s o WHERE n._mig_at = o._mig_at AND n._mig_table = o._mig_table))"
        " SELECT coalesce(f._mig_key, c._mig_key), CASE WHEN f IS NULL THEN 'added' WHEN c IS"
        " NULL THEN 'gone' ELSE 'written' END, count(*) OVER () FROM f %s JOIN c USING"
        " (_mig_key) ORDER BY 1 LIMIT %d",
        list, list, may_add(job, i) ? "LEFT" : "FULL", MOST_ROWS);
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    for (int k = 0; res && k < pg_rows(res); k++)
        add_row(job, u, i, pg_get(res, k, 0), pg_get(res, k, 1));
    if (res && pg_rows(res))
        u->changed += pg_get_int(res, 0, 2);
    pg_free(res);
    return err->code ? err->code : pg_execf(s->pg, err, "DROP TABLE %s", list);
}

/* ---- begin and end ------------------------------------------------------------------------------
 */

static int read_own(struct state *s, struct untouched *u, struct error *err)
{
    struct pg_result *res = pg_query_one(s->pg, err, "SELECT pg_current_xact_id()::xid");
    if (res)
        snprintf(u->own, sizeof u->own, "%s", pg_get(res, 0, 0));
    pg_free(res);
    return err->code;
}

int untouched_begin(struct state *s, const struct job *job, struct untouched *u, struct error *err)
{
    int code = 0;
    u->n_rows = 0;
    u->changed = 0;
    if (job->preserved.n && (code = read_own(s, u, err)))
        return code;
    if (!u->marks)
        u->marks = arena_alloc(job->mem, (job->preserved.n + 1) * sizeof *u->marks);
    for (size_t i = 0; !code && i < job->preserved.n; i++)
        code = u->closely ? list_rows(s, job, u, i, err) : mark_group(s, job, u, i, err);
    return code;
}

/* A key that is a number or a uuid says nothing of anybody. */
static int tells_nobody(const struct catalog_table *t)
{
    const struct catalog_key *k = key_of(t);
    for (size_t i = 0; k && i < k->n; i++) {
        const char *type = catalog_column(t, k->columns[i])->base;
        if (!strstr("smallint integer bigint uuid", type))
            return 0;
    }
    return k != NULL;
}

static int changed(const struct job *job, const struct untouched *u, struct error *err)
{
    struct str rows;
    str_init(&rows, 0);
    for (size_t i = 0; i < u->n_rows && i < 5; i++) {
        const struct catalog_table *t = &job->preserved.tables[u->rows[i].group];
        str_printf(&rows, "%s%s.%s", i ? "; " : "", t->schema, t->name);
        if (tells_nobody(t))
            str_printf(&rows, " key %s", u->rows[i].key);
        str_printf(&rows, " (%s)", u->rows[i].what);
    }
    error_set(err, STATUS_INVALID, "the run changed %lld preserved %s: %.600s%s",
              (long long)u->changed, plural(u->changed, "row", "rows"), rows.data,
              u->changed > 5 ? "; ..." : "");
    error_why(err, "by its own writes, or by what they set off: a trigger, a cascade, a hook");
    error_fix(err, "\"preserved\" of report.json names the rows; correct what reaches them, or"
                   " narrow \"preserve\" of the project");
    str_clear(&rows);
    return STATUS_INVALID;
}

int untouched_end(struct state *s, const struct job *job, struct untouched *u, struct error *err)
{
    int code =
        job->preserved.n ? pg_exec(s->pg, err, "SET LOCAL search_path = pg_catalog, pg_temp") : 0;
    for (size_t i = 0; !code && i < job->preserved.n; i++) {
        struct untouched_mark now;
        if (u->closely) {
            code = compare_rows(s, job, i, u, err);
            continue;
        }
        code = take_mark(s, job, u, i, u->marks[i].by_place, &now, err);
        if (code || str_equal(now.text, u->marks[i].text))
            continue;
        u->closely = 1;
        return error_set(err, STATUS_INVALID,
                         "rows of %s.%s, of which some are preserved, were"
                         " changed",
                         job->preserved.tables[i].schema, job->preserved.tables[i].name);
    }
    return code || !u->changed ? code : changed(job, u, err);
}

void untouched_keep(struct state *s, const struct untouched *u)
{
    struct error err = {0};
    int code = u->n_rows ? state_begin(s, &err) : 0;
    for (size_t i = 0; !code && i < u->n_rows; i++) {
        char run[32], no[32], sql[256];
        snprintf(run, sizeof run, "%lld", (long long)s->run);
        snprintf(no, sizeof no, "%zu", u->rows[i].group + 1);
        snprintf(sql, sizeof sql, "INSERT INTO %s.preserved_row VALUES ($1, $2, $3, $4)", s->q);
        const char *const params[] = {run, no, u->rows[i].key, u->rows[i].what};
        struct pg_result *res = pg_query(s->pg, &err, sql, 4, params);
        code = res ? 0 : err.code;
        pg_free(res);
    }
    if (!code && u->n_rows)
        code = state_commit(s, &err);
    if (!code)
        return;
    pg_rollback(s->pg);
    log_write(LOG_WARNING, "the rows cannot be kept for the report: %s", err.what);
}

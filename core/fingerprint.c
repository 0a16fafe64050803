/* fingerprint.c - what "the same as before" means, computed by the server from each row's SHA-256,
 * independent of the order of rows and of plan. Where a key tells rows apart all 256 bits are added
 * without carry (XOR), which costs half; equal rows would cancel out, so elsewhere, and before
 * PostgreSQL 14, two 60-bit pieces are summed up. The tests have their own statement of it. */
#include "fingerprint.h"

#include <stdio.h>
#include <string.h>

#include "digest.h"
#include "sql.h"

static int keep(struct state *s, const struct catalog_table *t, const char *phase, const char *rows,
                const char *sum, struct error *err)
{
    char run[32], sql[512];
    snprintf(run, sizeof run, "%lld", (long long)s->run);
    snprintf(sql, sizeof sql,
             "INSERT INTO %s.fingerprint VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (run, phase,"
             " schema_name, table_name) DO UPDATE SET rows = excluded.rows, sum = excluded.sum",
             s->q);
    const char *const params[] = {run, t->schema, t->name, phase, rows, sum};
    struct pg_result *res = pg_query(s->pg, err, sql, 6, params);
    pg_free(res);
    return res ? 0 : err->code;
}

static int has_key(const struct catalog_table *t)
{
    for (size_t i = 0; i < t->n_keys; i++)
        if (t->keys[i].not_null && !t->keys[i].predicate)
            return 1;
    return 0;
}

/* A row's binary form costs a third of its text. The form names its columns' types by number: types
 * that a database made itself have another number in the next one, so that equal rows would look
 * different there. */
static int binary_rows(struct state *s, const struct catalog_table *t, int *binary,
                       struct error *err)
{
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "SELECT bool_and(t.oid < 16384 AND t.typsend <> 0 AND (t.typelem = 0 OR e.typsend <> 0))"
        " FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type e ON e.oid ="
        " t.typelem WHERE a.attrelid = %u AND a.attnum > 0 AND NOT a.attisdropped",
        t->oid);
    if (!res)
        return err->code;
    *binary = pg_get(res, 0, 0) && pg_get(res, 0, 0)[0] == 't';
    pg_free(res);
    return 0;
}

/* Each row as its columns: the same bytes as the whole row's, at half the cost. `own`: columns of
 * ours that stand before the table's. */
static void row_of(const struct catalog_table *t, const char *own, struct str *row)
{
    str_printf(row, "ROW(%s", own);
    for (size_t i = 0; i < t->n_columns; i++) {
        str_add(row, i || own[0] ? ", _mig_row." : "_mig_row.");
        sql_ident(row, t->columns[i].name);
    }
    str_add_char(row, ')');
}

/* SELECT number of rows, sum. The clock, which is not read, keeps the server from making the hash
 * of each row anew for both sums. */
static void sum_sql(const struct state *s, const struct catalog_table *t, int binary,
                    const char *row, const char *from, struct str *sql)
{
    struct str hash;
    str_init(&hash, 0);
    str_printf(&hash,
               binary ? "encode(sha256(record_send(%s)), 'hex')"
                      : "encode(sha256(convert_to(%s::text, 'UTF8')), 'hex')",
               row);
    sql->failed |= hash.failed;
    if (has_key(t) && pg_server_version(s->pg) >= 140000)
        str_printf(sql, "SELECT count(*), coalesce(bit_xor(('x' || %s)::bit(256)), B'0') FROM %s",
                   hash.data, from);
    else
        str_printf(sql,
                   "SELECT count(*), concat_ws('-', coalesce(sum(('x' || substr(h, 1,"
                   " 15))::bit(60)::int8), 0), coalesce(sum(('x' || substr(h, 16,"
                   " 15))::bit(60)::int8), 0)) FROM (SELECT %s AS h, clock_timestamp() FROM %s) x",
                   hash.data, from);
    str_clear(&hash);
}

int fingerprint_of(struct state *s, const struct catalog_table *t, const char *from,
                   const char *own, struct fingerprint *out, struct error *err)
{
    struct str sql, row, named;
    int binary = 0;
    if (binary_rows(s, t, &binary, err))
        return err->code;
    str_init(&sql, 0);
    str_init(&row, 0);
    str_init(&named, 0);
    row_of(t, own, &row);
    str_printf(&named, "%s AS _mig_row", from);
    sum_sql(s, t, binary, row.data, named.data, &sql);
    str_clear(&row);
    str_clear(&named);
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    if (!res)
        return err->code;
    snprintf(out->rows, sizeof out->rows, "%s", pg_get(res, 0, 0));
    snprintf(out->sum, sizeof out->sum, "%s", pg_get(res, 0, 1));
    pg_free(res);
    return 0;
}

/* Read and kept by two statements: the server may use several workers only for one that does not
 * write. */
static int take_table(struct state *s, const struct catalog_table *t, const char *from,
                      const char *own, const char *phase, struct error *err)
{
    struct fingerprint f;
    int code = fingerprint_of(s, t, from, own, &f, err);
    return code ? code : keep(s, t, phase, f.rows, f.sum, err);
}

int fingerprint_take(struct state *s, const struct job *job, const char *phase, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++)
        code = take_table(s, job->tables[i].t, job->tables[i].t->quoted, "", phase, err);
    return code;
}

int fingerprint_take_images(struct state *s, const struct job *job, const char *phase,
                            struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++)
        code = take_table(s, job->tables[i].t, job->tables[i].before,
                          "_mig_row._mig_op, _mig_row._mig_xmin", phase, err);
    return code;
}

int fingerprint_staged_sql(struct state *s, const struct job_table *t, struct str *sql,
                           struct error *err)
{
    struct str row, accepted;
    int binary = 0;
    if (binary_rows(s, t->t, &binary, err) || !binary)
        return err->code;
    str_init(&row, 0);
    str_init(&accepted, 0);
    str_add(&row, "ROW(");
    for (size_t i = 0; i < t->t->n_columns; i++) {
        str_add(&row, i ? ", s." : "s.");
        sql_ident(&row, t->t->columns[i].name);
        str_printf(&row, "::%s", t->t->columns[i].declared);
    }
    str_add_char(&row, ')');
    str_printf(&accepted, "%s s WHERE s._mig_state = 0", t->staging);
    sum_sql(s, t->t, 1, row.data, accepted.data, sql);
    str_clear(&row);
    str_clear(&accepted);
    return 0;
}

int fingerprint_is(struct state *s, const struct catalog_table *t, const char *phase,
                   const struct fingerprint *f, int *same, struct error *err)
{
    char run[32], sql[300];
    snprintf(run, sizeof run, "%lld", (long long)s->run);
    snprintf(sql, sizeof sql,
             "SELECT EXISTS (SELECT FROM %s.fingerprint WHERE run = $1 AND schema_name = $2 AND"
             " table_name = $3 AND phase = $4 AND rows = $5 AND sum = $6)",
             s->q);
    const char *const params[] = {run, t->schema, t->name, phase, f->rows, f->sum};
    struct pg_result *res = pg_query(s->pg, err, sql, 6, params);
    *same = res && pg_get(res, 0, 0)[0] == 't';
    pg_free(res);
    return res ? 0 : err->code;
}

int fingerprint_same(struct state *s, const char *a, const char *b, struct str *different,
                     struct error *err)
{
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "SELECT schema_name || '.' || table_name FROM (SELECT * FROM %s.fingerprint WHERE run ="
        " %lld AND phase = '%s') x FULL JOIN (SELECT * FROM %s.fingerprint WHERE run = %lld AND"
        " phase = '%s') y USING (schema_name, table_name) WHERE x.rows IS DISTINCT FROM y.rows OR"
        " x.sum IS DISTINCT FROM y.sum ORDER BY 1",
        s->q, (long long)s->run, a, s->q, (long long)s->run, b);
    if (!res)
        return -err->code;
    int n = pg_rows(res);
    for (int i = 0; i < n; i++)
        str_printf(different, "%s%s", i ? ", " : "", pg_get(res, i, 0));
    pg_free(res);
    return n == 0;
}

int fingerprint_text(struct state *s, const char *phase, char out[65], struct error *err)
{
    out[0] = '\0';
    struct pg_result *res =
        pg_queryf(s->pg, err,
                  "SELECT schema_name || '.' || table_name || ' ' || rows || ' ' || sum FROM"
                  " %s.fingerprint WHERE run = %lld AND phase = '%s' ORDER BY 1",
                  s->q, (long long)s->run, phase);
    if (!res)
        return err->code;
    struct digest *d = digest_new();
    for (int i = 0; i < pg_rows(res); i++) {
        const char *line = pg_get(res, i, 0);
        digest_add(d, line, strlen(line) + 1);
    }
    if (pg_rows(res))
        digest_hex(d, out);
    digest_free(d);
    pg_free(res);
    return 0;
}

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

/* Read and kept by two statements: the server may use several workers only for one that does not
 * write. The clock, which is not read, keeps the server from making the text of each row anew for
 * both sums. */
static int take_table(struct state *s, const struct catalog_table *t, const char *from,
                      const char *phase, struct error *err)
{
    struct str sql;
    int binary = 0;
    if (binary_rows(s, t, &binary, err))
        return err->code;
    str_init(&sql, 0);
    str_add(&sql, "SELECT count(*), ");
    if (has_key(t) && pg_server_version(s->pg) >= 140000)
        str_add(&sql, "coalesce(bit_xor(('x' || h)::bit(256)), B'0')");
    else
        str_add(&sql, "concat_ws('-', coalesce(sum(('x' || substr(h, 1, 15))::bit(60)::int8), 0),"
                      " coalesce(sum(('x' || substr(h, 16, 15))::bit(60)::int8), 0))");
    str_printf(&sql,
               " FROM (SELECT encode(sha256(%s), 'hex') AS h, clock_timestamp() FROM %s"
               " AS _mig_row) x",
               binary ? "record_send(_mig_row)" : "convert_to(_mig_row::text, 'UTF8')", from);
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    if (!res)
        return err->code;
    int code = keep(s, t, phase, pg_get(res, 0, 0), pg_get(res, 0, 1), err);
    pg_free(res);
    return code;
}

int fingerprint_take(struct state *s, const struct job *job, const char *phase, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++)
        code = take_table(s, job->tables[i].t, job->tables[i].t->quoted, phase, err);
    return code;
}

int fingerprint_take_images(struct state *s, const struct job *job, const char *phase,
                            struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++)
        code = take_table(s, job->tables[i].t, job->tables[i].before, phase, err);
    return code;
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

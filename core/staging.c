/* staging.c - the run's staging tables and the rows on their way into them.
 * A row is held encoded, ready for COPY, so that the chunk's transaction is short and can be
 * repeated whole. A table with a type that has no encoder is staged by text COPY; its other
 * columns are still checked by their encoders. */
#include "staging.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "encode_literal.h"
#include "fault.h"
#include "rewrite.h"
#include "sql.h"
#include "waits.h"

/* ---- tables ---------------------------------------------------------------------------- */

static int create_staging(struct state *s, const struct job *job, const struct job_table *t,
                          struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "CREATE TABLE IF NOT EXISTS %s (_mig_id bigint NOT NULL, _mig_record bigint NOT"
               " NULL, _mig_key text, _mig_state int2 NOT NULL, _mig_absent int4[]",
               t->staging);
    for (size_t i = 0; i < t->n_columns; i++) {
        str_add(&sql, ", ");
        sql_ident(&sql, t->columns[i]->name);
        str_printf(&sql, " %s", t->columns[i]->base);
    }
    rewrite_columns(job, t, &sql);
    str_add(&sql, ") WITH (autovacuum_enabled = false)");
    return pg_exec_str(s->pg, &sql, err);
}

static void add_array(struct str *sql, const char *const *items, size_t n)
{
    str_add(sql, "ARRAY[");
    for (size_t i = 0; i < n; i++) {
        if (i)
            str_add(sql, ", ");
        sql_literal(sql, items[i]);
    }
    str_add(sql, "]::text[]");
}

void staging_shape(const struct job_table *t, struct str *sql)
{
    str_printf(sql, "(%zu, %u::bigint, '%s', ARRAY[", t->no, t->t->oid, policy_text(t->policy));
    for (size_t i = 0; i < t->n_columns; i++) {
        str_add(sql, i ? ", " : "");
        sql_literal(sql, t->columns[i]->name);
    }
    str_add(sql, "]::text[], ");
    if (t->match)
        add_array(sql, t->match->columns, t->match->n);
    else
        str_add(sql, "NULL::text[]");
    str_add_char(sql, ')');
}

static int register_table(struct state *s, const struct job_table *t, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "INSERT INTO %s.run_table (run, schema_name, table_name, no, oid, policy, columns,"
               " key_columns) SELECT %lld, ",
               s->q, (long long)s->run);
    sql_literal(&sql, t->t->schema);
    str_add(&sql, ", ");
    sql_literal(&sql, t->t->name);
    str_add(&sql, ", x.* FROM (VALUES ");
    staging_shape(t, &sql);
    str_add(&sql, ") x ON CONFLICT DO NOTHING");
    return pg_exec_str(s->pg, &sql, err);
}

int staging_create(struct state *s, struct job *job, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        code = create_staging(s, job, &job->tables[i], err);
        if (!code)
            code = waits_create(s, &job->tables[i], err);
        if (!code)
            code = register_table(s, &job->tables[i], err);
    }
    return code;
}

/* Below this many staged rows nested loops stay allowed: a few rows against a large live table
 * are found by its index. */
#define FEW_ROWS 10000

int staging_tune(struct state *s, const struct job *job, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "SELECT coalesce(sum(CASE relkind WHEN 'v' THEN %d ELSE reltuples END), 0)::bigint"
               " FROM pg_class WHERE oid IN (0",
               FEW_ROWS);
    for (size_t i = 0; i < job->n_tables; i++) {
        str_add(&sql, ", to_regclass(");
        sql_literal(&sql, job->tables[i].staging);
        str_add_char(&sql, ')');
    }
    str_add_char(&sql, ')');
    int64_t rows = pg_count(s->pg, &sql, err);
    if (err->code)
        return err->code;
    if (rows < FEW_ROWS)
        return 0;
    return pg_exec(s->pg, err,
                   "SET LOCAL enable_nestloop = off; SET LOCAL parallel_tuple_cost = 0.01;"
                   " SELECT set_config('work_mem', '32MB', true)"
                   " WHERE pg_size_bytes(current_setting('work_mem')) < 33554432");
}

int staging_drop(struct state *s, const struct job *job, int all, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        const struct job_table *t = &job->tables[i];
        code =
            pg_execf(s->pg, err, "DROP VIEW IF EXISTS %s, %s, %s; DROP TABLE IF EXISTS %s, %s, %s",
                     t->done, t->as_if, t->will_be, t->staging, t->match_table, t->delete_table);
        if (!code && all)
            code = pg_execf(s->pg, err, "DROP TABLE IF EXISTS %s", t->before);
    }
    return code;
}

int staging_drop_run(struct state *s, int64_t run, struct error *err)
{
    struct str list;
    char sql[900];
    str_init(&list, 0);
    snprintf(
        sql, sizeof sql,
        "SELECT c.relkind, format('%%I.%%I', n.nspname, c.relname) FROM pg_class c JOIN"
        " pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname ~"
        " '^(staging|match|delete|before|willbe|asif|done)_%lld_[0-9]+$' ORDER BY c.relkind DESC",
        (long long)run);
    const char *const params[] = {s->schema};
    struct pg_result *res = pg_query(s->pg, err, sql, 1, params);
    if (!res)
        return err->code;
    for (int i = 0; i < pg_rows(res); i++)
        str_printf(&list, "DROP %s IF EXISTS %s CASCADE;",
                   pg_get(res, i, 0)[0] == 'v' ? "VIEW" : "TABLE", pg_get(res, i, 1));
    pg_free(res);
    int code = list.len ? pg_exec(s->pg, err, list.data) : 0;
    str_clear(&list);
    return code;
}

/* ---- encoding -------------------------------------------------------------------------- */

static void add_absent(struct encode_buffer *out, const struct staging_encode *row)
{
    size_t n = 0;
    for (size_t i = 0; i < row->table->n_columns; i++)
        n += row->from[i] == SIZE_MAX || row->values[row->from[i]].kind == MIG_ABSENT;
    if (!n) {
        encode_int32(out, -1);
        return;
    }
    encode_int32(out, (int32_t)(20 + 8 * n)); /* array_recv: header, one dimension, items */
    encode_int32(out, 1);
    encode_int32(out, 0);
    encode_int32(out, 23); /* int4 */
    encode_int32(out, (int32_t)n);
    encode_int32(out, 1);
    for (size_t i = 0; i < row->table->n_columns; i++)
        if (row->from[i] == SIZE_MAX || row->values[row->from[i]].kind == MIG_ABSENT) {
            encode_int32(out, 4);
            encode_int32(out, row->table->columns[i]->attnum);
        }
}

static const mig_value_t absent = {NULL, 0, MIG_ABSENT}, not_yet = {NULL, 0, MIG_NULL};

static const mig_value_t *value_of(const struct staging_encode *row, size_t i)
{
    const mig_value_t *v = row->from[i] == SIZE_MAX ? &absent : &row->values[row->from[i]];
    return v->kind == MIG_KEY ? &not_yet : v;
}

/* "stage:key" of the key that the column waits for; without data where it has its value. */
static mig_str_t waited_for(const struct staging_encode *row, const struct job_wait *w)
{
    const mig_value_t *v = row->from[w->at] == SIZE_MAX ? &absent : &row->values[row->from[w->at]];
    return v->kind == MIG_KEY ? token_text(v) : (mig_str_t){NULL, 0};
}

static size_t count_waits(const struct job_table *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n_waits; i++)
        n += !t->waits[i].again;
    return n;
}

static int encode_binary(struct encode_buffer *out, const struct staging_encode *row,
                         struct encode_fault *fault, const struct catalog_column **column)
{
    const struct job_table *t = row->table;
    encode_int16(out, (int16_t)(5 + t->n_columns + count_waits(t)));
    encode_int32(out, 8);
    encode_int64(out, row->id);
    encode_int32(out, 8);
    encode_int64(out, row->record);
    encode_int32(out, (int32_t)row->key.len);
    encode_bytes(out, row->key.data, row->key.len);
    encode_int32(out, 2);
    encode_int16(out, 0);
    add_absent(out, row);
    for (size_t i = 0; i < t->n_columns; i++)
        if (encode_value(&t->columns[i]->type, value_of(row, i), out, fault)) {
            *column = t->columns[i];
            return -1;
        }
    for (size_t i = 0; i < t->n_waits; i++) {
        mig_str_t key = waited_for(row, &t->waits[i]);
        if (t->waits[i].again)
            continue;
        encode_int32(out, key.data ? (int32_t)key.len : -1);
        encode_bytes(out, key.data, key.len);
    }
    return 0;
}

static void add_copy_text(struct encode_buffer *out, const char *data, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = data[i];
        const char *escape = c == '\\' ? "\\\\" : c == '\n' ? "\\n" : c == '\r' ? "\\r" : NULL;
        if (c == '\t')
            escape = "\\t";
        if (escape)
            encode_bytes(out, escape, 2);
        else
            encode_bytes(out, &c, 1);
    }
}

static int text_field(struct encode_buffer *out, const struct catalog_column *c,
                      const mig_value_t *v, struct encode_fault *fault)
{
    static const struct encode_type any_text = {.oid = 25, .typmod = -1, .category = 'S'};
    encode_bytes(out, "\t", 1);
    if (v->kind == MIG_NULL || v->kind == MIG_ABSENT) {
        encode_bytes(out, "\\N", 2);
        return 0;
    }
    struct encode_buffer scratch = {0};
    const struct encode_type *check = encode_supports(&c->type) ? &c->type : &any_text;
    int literal = encode_literal_due(&c->type, v);
    int bad = encode_value(check, v, &scratch, fault);
    scratch.len = 0;
    if (!bad && literal)
        bad = encode_literal(&c->type, v, &scratch, fault);
    if (!bad)
        add_copy_text(out, literal ? (const char *)scratch.data : v->data,
                      literal ? scratch.len : v->len);
    free(scratch.data);
    return bad;
}

static int encode_text(struct encode_buffer *out, const struct staging_encode *row,
                       struct encode_fault *fault, const struct catalog_column **column)
{
    const struct job_table *t = row->table;
    char head[64], separator = '{';
    int n = snprintf(head, sizeof head, "%lld\t%lld\t", (long long)row->id, (long long)row->record);
    encode_bytes(out, head, (size_t)n);
    add_copy_text(out, row->key.data, row->key.len);
    encode_bytes(out, "\t0\t", 3);
    for (size_t i = 0; i < t->n_columns; i++) {
        if (value_of(row, i)->kind != MIG_ABSENT)
            continue;
        n = snprintf(head, sizeof head, "%c%d", separator, t->columns[i]->attnum);
        encode_bytes(out, head, (size_t)n);
        separator = ',';
    }
    encode_bytes(out, separator == '{' ? "\\N" : "}", separator == '{' ? 2 : 1);
    for (size_t i = 0; i < t->n_columns; i++)
        if (text_field(out, t->columns[i], value_of(row, i), fault)) {
            *column = t->columns[i];
            return -1;
        }
    for (size_t i = 0; i < t->n_waits; i++) {
        mig_str_t key = waited_for(row, &t->waits[i]);
        if (t->waits[i].again)
            continue;
        encode_bytes(out, "\t", 1);
        if (key.data)
            add_copy_text(out, key.data, key.len);
        else
            encode_bytes(out, "\\N", 2);
    }
    encode_bytes(out, "\n", 1);
    return 0;
}

int staging_encode(struct staging_rows *rows, const struct staging_encode *row,
                   uint32_t record_in_chunk, struct encode_fault *fault,
                   const struct catalog_column **column)
{
    size_t before = rows->data.len;
    int bad = row->table->text ? encode_text(&rows->data, row, fault, column)
                               : encode_binary(&rows->data, row, fault, column);
    if (bad) {
        rows->data.len = before;
        return -1;
    }
    if (rows->n == rows->capacity) {
        rows->capacity = rows->capacity ? rows->capacity * 2 : 1024;
        rows->rows = arena_heap(rows->rows, rows->capacity * sizeof *rows->rows);
    }
    rows->rows[rows->n++] =
        (struct staging_row){before, (uint32_t)(rows->data.len - before), record_in_chunk};
    return 0;
}

void staging_truncate(struct staging_rows *rows, size_t n)
{
    if (n >= rows->n)
        return;
    rows->data.len = rows->rows[n].offset;
    rows->n = n;
}

void staging_clear(struct staging_rows *rows)
{
    free(rows->data.data);
    free(rows->rows);
    memset(rows, 0, sizeof *rows);
}

/* ---- sending --------------------------------------------------------------------------- */

static const char binary_header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";

static void copy_sql(const struct job_table *t, struct str *sql)
{
    str_printf(sql, "COPY %s (_mig_id, _mig_record, _mig_key, _mig_state, _mig_absent", t->staging);
    for (size_t i = 0; i < t->n_columns; i++) {
        str_add(sql, ", ");
        sql_ident(sql, t->columns[i]->name);
    }
    for (size_t i = 0; i < t->n_waits; i++)
        if (!t->waits[i].again) {
            str_add(sql, ", ");
            waits_name(&t->waits[i], sql);
        }
    str_printf(sql, ") FROM STDIN%s", t->text ? "" : " (FORMAT binary)");
}

/* Rows [*from, to) as far as they lie side by side and are to be sent: their bytes; `*from` is
 * moved behind them. NULL: no more. */
static const unsigned char *next_piece(const struct staging_rows *rows, size_t *from, size_t to,
                                       const char *left, size_t *bytes, int64_t *count)
{
    while (*from < to && left && left[rows->rows[*from].record])
        (*from)++;
    size_t first = *from;
    while (*from < to && !(left && left[rows->rows[*from].record]))
        (*from)++;
    if (*from == first)
        return NULL;
    const struct staging_row *last = &rows->rows[*from - 1];
    *bytes = last->offset + last->size - rows->rows[first].offset;
    *count += (int64_t)(*from - first);
    return rows->data.data + rows->rows[first].offset;
}

int64_t staging_add(struct pg_script *script, const struct job_table *t,
                    const struct staging_rows *rows, const char *left)
{
    struct str sql;
    int64_t n = 0;
    size_t at = 0, bytes;
    if (!rows->n)
        return 0;
    str_init(&sql, 0);
    copy_sql(t, &sql);
    pg_script_point(script, "chunk.copy");
    pg_script_copy(script, sql.data);
    str_clear(&sql);
    if (!t->text)
        pg_script_data(script, binary_header, 19);
    for (const void *p; (p = next_piece(rows, &at, rows->n, left, &bytes, &n));)
        pg_script_data(script, p, bytes);
    if (!t->text)
        pg_script_data(script, "\377\377", 2);
    pg_script_copy_end(script, n);
    return n;
}

/* Sends a range, waiting: to find out which rows the server refuses. */
static int send_range(struct state *s, const struct job_table *t, const struct staging_rows *rows,
                      size_t from, size_t to, const char *left, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    copy_sql(t, &sql);
    int code = pg_copy_begin(s->pg, sql.data, err);
    str_clear(&sql);
    int64_t expected = 0, counted = 0;
    size_t bytes;
    if (!code && !t->text)
        code = pg_copy_write(s->pg, binary_header, 19, err);
    for (const void *p; !code && (p = next_piece(rows, &from, to, left, &bytes, &expected));)
        code = pg_copy_write(s->pg, p, bytes, err);
    if (!code && !t->text)
        code = pg_copy_write(s->pg, "\377\377", 2, err);
    if (!code)
        code = pg_copy_end(s->pg, &counted, err);
    if (!code && counted != expected)
        code = error_set(err, STATUS_BUG, "staging of %s took %lld of %lld rows", t->t->name,
                         (long long)counted, (long long)expected);
    return code;
}

struct isolation {
    struct state *s;
    const struct job_table *t;
    const struct staging_rows *rows;
    const char *left;
    staging_refused *bad;
    void *ctx;
};

static const char *unescape_copy(struct str *out, const char *p)
{
    for (; *p != '\t'; p++) {
        char c = *p == '\\' ? *++p : *p;
        str_add_char(out, c == 'n' && p[-1] == '\\'   ? '\n'
                          : c == 'r' && p[-1] == '\\' ? '\r'
                          : c == 't' && p[-1] == '\\' ? '\t'
                                                      : c);
    }
    return out->data;
}

/* The source key stands in the encoded row: fixed fields come before it. */
static void row_key(const struct isolation *x, size_t i, struct str *out)
{
    const unsigned char *p = x->rows->data.data + x->rows->rows[i].offset;
    if (x->t->text) {
        const char *text = strchr(strchr((const char *)p, '\t') + 1, '\t') + 1;
        unescape_copy(out, text);
        return;
    }
    p += 2 + 12 + 12; /* number of fields, _mig_id, _mig_record */
    uint32_t n = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    str_add_n(out, (const char *)p + 4, n);
}

static void tell_bad(const struct isolation *x, size_t i, const char *sqlstate)
{
    struct str key;
    str_init(&key, 0);
    row_key(x, i, &key);
    x->bad(x->ctx, &(struct staging_refusal){x->rows->rows[i].record, key.data, sqlstate,
                                             pg_failed_column(x->s->pg)});
    str_clear(&key);
}

/* Sends the range and takes it back: is one of its rows refused, and with which SQLSTATE? */
static int attempt(const struct isolation *x, size_t from, size_t to, char sqlstate[6],
                   struct error *err)
{
    struct error refused = {0};
    sqlstate[0] = '\0';
    int code = pg_exec(x->s->pg, err, "SAVEPOINT isolate");
    if (code)
        return code;
    int failed = send_range(x->s, x->t, x->rows, from, to, x->left, &refused);
    if (failed && failed != STATUS_INVALID) {
        *err = refused;
        return failed;
    }
    if (failed)
        snprintf(sqlstate, 6, "%.5s", pg_sqlstate(x->s->pg));
    return pg_exec(x->s->pg, err, "ROLLBACK TO SAVEPOINT isolate; RELEASE SAVEPOINT isolate");
}

/* The row that the refusal names by its line among those sent; `to` where it names none. */
static size_t named_row(const struct isolation *x, size_t from, size_t to)
{
    int64_t line = to - from == 1 ? 1 : pg_failed_line(x->s->pg);
    for (size_t i = from; line > 0 && i < to; i++)
        if (!x->left[x->rows->rows[i].record] && --line == 0)
            return i;
    return to;
}

/* The rows before a named one are fit. */
static int isolate(const struct isolation *x, size_t from, size_t to, struct error *err)
{
    char sqlstate[6];
    for (size_t bad = from; from < to; from = bad + 1) {
        int code = attempt(x, from, to, sqlstate, err);
        if (code || !sqlstate[0])
            return code;
        bad = named_row(x, from, to);
        if (bad == to)
            break;
        tell_bad(x, bad, sqlstate);
    }
    if (from == to)
        return 0;
    size_t middle = from + (to - from) / 2;
    int code = isolate(x, from, middle, err);
    return code ? code : isolate(x, middle, to, err);
}

int staging_isolate(struct state *s, const struct job_table *t, const struct staging_rows *rows,
                    const char *left, staging_refused *bad, void *ctx, struct error *err)
{
    struct isolation x = {s, t, rows, left, bad, ctx};
    return rows->n ? isolate(&x, 0, rows->n, err) : 0;
}

/* staged.c - rows on their way into staging tables. A row is held encoded, ready for COPY, so that
 * the chunk's transaction is short and can be repeated whole. A table with a type that has no
 * encoder is staged by text COPY; its other columns are still checked by their encoders. */
#include "staged.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "encode_literal.h"
#include "plural.h"
#include "sql.h"
#include "token.h"
#include "waits.h"

/* ---- encoding -------------------------------------------------------------------------- */

static void add_absent(struct encode_buffer *out, const struct staged_encode *row)
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

static const mig_value_t *value_of(const struct staged_encode *row, size_t i)
{
    const mig_value_t *v = row->from[i] == SIZE_MAX ? &absent : &row->values[row->from[i]];
    return v->kind == MIG_KEY ? &not_yet : v;
}

/* "stage:key" of the key that the column waits for; without data where it has its value. */
static mig_str_t waited_for(const struct staged_encode *row, const struct job_wait *w)
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

/* What stands before the columns that may be absent: number of fields, id, record, key, state. */
static void add_head(struct encode_buffer *out, const struct staged_encode *row)
{
    const struct job_table *t = row->table;
    size_t n = row->key.len;
    unsigned char *to = encode_room(out, 36 + n);
    encode_buffer_put16(to, (uint16_t)(5 + t->n_columns + count_waits(t)));
    encode_buffer_put32(to + 2, 8);
    encode_buffer_put64(to + 6, (uint64_t)row->id);
    encode_buffer_put32(to + 14, 8);
    encode_buffer_put64(to + 18, (uint64_t)row->record);
    encode_buffer_put32(to + 26, (uint32_t)n);
    memcpy(to + 30, row->key.data, n);
    encode_buffer_put32(to + 30 + n, 2);
    encode_buffer_put16(to + 34 + n, 0);
    out->len += 36 + n;
}

static int encode_binary(struct encode_buffer *out, const struct staged_encode *row,
                         struct encode_fault *fault, const struct catalog_column **column)
{
    const struct job_table *t = row->table;
    add_head(out, row);
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

static int encode_text(struct encode_buffer *out, const struct staged_encode *row,
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

int staged_encode(struct staged_rows *rows, const struct staged_encode *row,
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
        (struct staged_row){before, (uint32_t)(rows->data.len - before), record_in_chunk};
    return 0;
}

void staged_truncate(struct staged_rows *rows, size_t n)
{
    if (n >= rows->n)
        return;
    rows->data.len = rows->rows[n].offset;
    rows->n = n;
}

void staged_clear(struct staged_rows *rows)
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
static const unsigned char *next_piece(const struct staged_rows *rows, size_t *from, size_t to,
                                       const char *left, size_t *bytes, int64_t *count)
{
    while (*from < to && left && left[rows->rows[*from].record])
        (*from)++;
    size_t first = *from;
    while (*from < to && !(left && left[rows->rows[*from].record]))
        (*from)++;
    if (*from == first)
        return NULL;
    const struct staged_row *last = &rows->rows[*from - 1];
    *bytes = last->offset + last->size - rows->rows[first].offset;
    *count += (int64_t)(*from - first);
    return rows->data.data + rows->rows[first].offset;
}

int64_t staged_add(struct pg_script *script, const struct job_table *t,
                   const struct staged_rows *rows, const char *left)
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

int staged_send(struct state *s, const struct job_table *t, const struct staged_rows *rows,
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
        code = error_set(err, STATUS_BUG, "staging of %s took %lld of %lld %s", t->t->name,
                         (long long)counted, (long long)expected, plural(expected, "row", "rows"));
    return code;
}

/* isolate.c - finds the staged rows that the server refuses, once it has refused a COPY of them.
 * Only then: what is fit goes by staged.c alone. Under savepoints that are taken back: nothing is
 * written here. */
#include "isolate.h"

#include <stdio.h>
#include <string.h>

struct isolation {
    struct state *s;
    const struct job_table *t;
    const struct staged_rows *rows;
    const char *left;
    isolate_refused *bad;
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
    x->bad(x->ctx, &(struct isolate_refusal){x->rows->rows[i].record, key.data, sqlstate,
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
    int failed = staged_send(x->s, x->t, x->rows, from, to, x->left, &refused);
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

int isolate_rows(struct state *s, const struct job_table *t, const struct staged_rows *rows,
                 const char *left, isolate_refused *bad, void *ctx, struct error *err)
{
    struct isolation x = {s, t, rows, left, bad, ctx};
    return rows->n ? isolate(&x, 0, rows->n, err) : 0;
}

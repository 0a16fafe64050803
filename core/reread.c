/* reread.c - rejected records as they were read. Load keeps those that it rejects itself; what
 * the server or check rejects is only known when the source's records are gone, so they are read
 * again, from the beginning of their chunk where the source can go there. */
#include "reread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "load.h"

#define BATCH_BYTES ((size_t)64 << 10) /* of records, before they are sent */
#define BATCH_ITEMS 20000              /* records that are looked for in one pass */

/* Records on their way into the table of rejects, as lines of COPY: text of statements and their
 * parameters stand in the log of a server that logs all statements. */
struct batch {
    struct state *s;
    struct str lines;
    char table[200]; /* takes them in; lives for the transaction */
    int made;
};

static int make_table(struct batch *b, struct error *err)
{
    if (b->made)
        return 0;
    b->made = 1;
    snprintf(b->table, sizeof b->table, "%s.reread_%lld", b->s->q, (long long)b->s->run);
    return pg_execf(b->s->pg, err, "CREATE TABLE %s (record bigint, raw text)", b->table);
}

static int send_batch(struct batch *b, struct error *err)
{
    char sql[250];
    int64_t rows = 0;
    if (!b->lines.len)
        return 0;
    if (b->lines.failed)
        return error_set(err, STATUS_BUG, "a batch of rejected records is too long");
    int code = make_table(b, err);
    snprintf(sql, sizeof sql, "COPY %s FROM STDIN", b->table);
    if (!code)
        code = pg_copy_begin(b->s->pg, sql, err);
    if (!code)
        code = pg_copy_write(b->s->pg, b->lines.data, b->lines.len, err);
    if (!code)
        code = pg_copy_end(b->s->pg, &rows, err);
    str_reset(&b->lines);
    return code;
}

static int settle_batches(struct batch *b, struct error *err)
{
    int code = send_batch(b, err);
    if (code || !b->made)
        return code;
    return pg_execf(b->s->pg, err,
                    "UPDATE %s.reject r SET raw = v.raw FROM %s v WHERE r.run = %lld AND r.record ="
                    " v.record; DROP TABLE %s",
                    b->s->q, b->table, (long long)b->s->run, b->table);
}

static int store_raw(struct batch *b, int64_t record, mig_str_t raw, struct error *err)
{
    struct str ascii;
    str_init(&ascii, 0);
    if (!pg_takes_all_text(b->s->pg)) {
        str_add_ascii(&ascii, raw.data, raw.len);
        raw = (mig_str_t){ascii.data, ascii.len};
    }
    str_printf(&b->lines, "%lld\t", (long long)record);
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.data[i];
        const char *escape = c == '\\'   ? "\\\\"
                             : c == '\n' ? "\\n"
                             : c == '\r' ? "\\r"
                             : c == '\t' ? "\\t"
                                         : NULL;
        if (escape)
            str_add(&b->lines, escape);
        else
            str_add_char(&b->lines, c);
    }
    str_add_char(&b->lines, '\n');
    str_clear(&ascii);
    return b->lines.len < BATCH_BYTES ? 0 : send_batch(b, err);
}

struct raw_item {
    int64_t record;
    uint64_t number; /* in the entity */
};

/* Items are sorted by number; `from` is the number of records before `position`. */
static int read_raw(struct batch *b, struct job_stage *st, const char *position, uint64_t from,
                    const struct raw_item *items, size_t n, struct error *err)
{
    mig_record_t record = {.size = sizeof record};
    int32_t got = call_open(st, (mig_str_t){position, strlen(position)});
    if (got != MIG_OK)
        return host_error(st->source, got, "open", err);
    int code = 0;
    for (size_t i = 0; !code && i < n && got != MIG_END;) {
        got = load_next(st, &record);
        if (got < 0)
            code = host_error(st->source, got, "next", err);
        host_record_done(st->source->host);
        if (++from != items[i].number || code)
            continue;
        mig_str_t raw = call_raw(st);
        if (raw.data && str_utf8_ok(raw.data, raw.len))
            code = store_raw(b, items[i].record, raw, err);
        i++;
    }
    call_close(st);
    return code;
}

/* Each chunk knows where it begins; without positions one pass serves all. */
static int read_items(struct batch *b, struct job_stage *st, const struct pg_result *res,
                      const struct raw_item *items, struct error *err)
{
    int code = 0, n = pg_rows(res);
    for (int i = 0; !code && i < n;) {
        const char *position = pg_get(res, i, 2);
        int j = i + 1;
        while (j < n && (!position[0] || pg_get_int(res, j, 4) == pg_get_int(res, i, 4)))
            j++;
        uint64_t from = position[0] ? (uint64_t)pg_get_int(res, i, 3) - 1 : 0;
        code = read_raw(b, st, position, from, items + i, (size_t)(j - i), err);
        i = j;
    }
    return code;
}

/* The next records behind number `*after` in the entity, which becomes the last one's; 0 at the
 * end. */
static int some_raw(struct batch *b, struct job_stage *st, uint64_t *after, struct error *err)
{
    char run[32], last[32], sql[700];
    snprintf(run, sizeof run, "%lld", (long long)b->s->run);
    snprintf(last, sizeof last, "%llu", (unsigned long long)*after);
    const char *const params[] = {run, st->p->name, last};
    snprintf(
        sql, sizeof sql,
        "SELECT r.record, r.number, c.position_before, c.first_record, c.no FROM %s.reject r"
        " JOIN %s.chunk c ON c.run = r.run AND c.no = r.record >> 32 WHERE r.run = $1 AND"
        " r.stage = $2 AND (r.step = 'check' OR r.code = 'refused_value') AND r.raw IS NULL AND"
        " r.number > $3 ORDER BY"
        " r.number LIMIT %d",
        b->s->q, b->s->q, BATCH_ITEMS);
    *after = 0;
    struct pg_result *res = pg_query(b->s->pg, err, sql, 3, params);
    if (!res)
        return err->code;
    int n = pg_rows(res);
    struct raw_item *items = arena_heap(NULL, ((size_t)n + 1) * sizeof *items);
    for (int i = 0; i < n; i++)
        items[i] = (struct raw_item){pg_get_int(res, i, 0), (uint64_t)pg_get_int(res, i, 1)};
    if (n == BATCH_ITEMS)
        *after = items[n - 1].number;
    int code = read_items(b, st, res, items, err);
    free(items);
    pg_free(res);
    return code;
}

static int stage_raw(struct state *s, struct job_stage *st, struct error *err)
{
    struct batch b = {.s = s};
    uint64_t after = 0;
    int code = 0;
    str_init(&b.lines, 0);
    do
        code = some_raw(&b, st, &after, err);
    while (!code && after);
    if (!code)
        code = settle_batches(&b, err);
    str_clear(&b.lines);
    return code;
}

int reread_rejects(struct state *s, struct job *job, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_stages; i++) {
        if (job->stages[i].p->n_secret)
            continue;
        code = state_begin(s, err);
        if (!code)
            code = stage_raw(s, &job->stages[i], err);
        if (!code)
            code = state_commit(s, err);
        else
            pg_rollback(s->pg);
    }
    return code;
}

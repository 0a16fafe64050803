/* reread.c - rejected records as they were read. Load keeps those that it rejects itself; what
 * check rejects is only known when the source's records are gone, so they are read again, from
 * the beginning of their chunk where the source can go there. */
#include "reread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "load.h"

#define BATCH_BYTES ((size_t)64 << 10) /* of records, before they are sent */
#define BATCH_ITEMS 2000               /* records that are looked for in one pass */

/* Records on their way into the table of rejects, as two array literals: they travel as
 * parameters, never in the text of a statement, which is logged. */
struct batch {
    struct state *s;
    struct str records, raws;
};

static int send_batch(struct batch *b, struct error *err)
{
    char sql[400], run[32];
    if (!b->records.len)
        return 0;
    str_add_char(&b->records, '}');
    str_add_char(&b->raws, '}');
    if (b->records.failed || b->raws.failed)
        return error_set(err, STATUS_BUG, "a batch of rejected records is too long");
    snprintf(run, sizeof run, "%lld", (long long)b->s->run);
    snprintf(sql, sizeof sql,
             "UPDATE %s.reject r SET raw = v.raw FROM unnest($1::bigint[], $2::text[]) v (record,"
             " raw) WHERE r.run = $3 AND r.record = v.record",
             b->s->q);
    const char *const params[] = {b->records.data, b->raws.data, run};
    struct pg_result *res = pg_query(b->s->pg, err, sql, 3, params);
    pg_free(res);
    str_reset(&b->records);
    str_reset(&b->raws);
    return res ? 0 : err->code;
}

static int store_raw(struct batch *b, int64_t record, mig_str_t raw, struct error *err)
{
    str_printf(&b->records, "%c%lld", b->records.len ? ',' : '{', (long long)record);
    str_add(&b->raws, b->raws.len ? ",\"" : "{\"");
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.data[i] == '"' || raw.data[i] == '\\')
            str_add_char(&b->raws, '\\');
        str_add_char(&b->raws, raw.data[i]);
    }
    str_add_char(&b->raws, '"');
    return b->raws.len < BATCH_BYTES ? 0 : send_batch(b, err);
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
    return code ? code : send_batch(b, err);
}

/* The next records behind number `*after` in the entity, which becomes the last one's; 0 at the
 * end. */
static int some_raw(struct batch *b, struct job_stage *st, uint64_t *after, struct error *err)
{
    char run[32], last[32], sql[700];
    snprintf(run, sizeof run, "%lld", (long long)b->s->run);
    snprintf(last, sizeof last, "%llu", (unsigned long long)*after);
    const char *const params[] = {run, st->p->name, last};
    snprintf(sql, sizeof sql,
             "SELECT r.record, r.number, c.position_before, c.first_record, c.no FROM %s.reject r"
             " JOIN %s.chunk c ON c.run = r.run AND c.no = r.record >> 32 WHERE r.run = $1 AND"
             " r.stage = $2 AND r.step = 'check' AND r.raw IS NULL AND r.number > $3 ORDER BY"
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
    str_init(&b.records, 0);
    str_init(&b.raws, 0);
    do
        code = some_raw(&b, st, &after, err);
    while (!code && after);
    str_clear(&b.records);
    str_clear(&b.raws);
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

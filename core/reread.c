/* reread.c - rejected records as they were read. Load keeps those that it rejects itself; what
 * check rejects is only known when the source's records are gone, so they are read again, from
 * the beginning of their chunk where the source can go there. */
#include "reread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "load.h"

static int store_raw(struct state *s, int64_t record, mig_str_t raw, struct error *err)
{
    char run[32], number[32], sql[256];
    snprintf(run, sizeof run, "%lld", (long long)s->run);
    snprintf(number, sizeof number, "%lld", (long long)record);
    char *text = strndup(raw.data, raw.len);
    const char *const params[] = {text, run, number};
    snprintf(sql, sizeof sql, "UPDATE %s.reject SET raw = $1 WHERE run = $2 AND record = $3", s->q);
    struct pg_result *res = pg_query(s->pg, err, sql, 3, params);
    pg_free(res);
    free(text);
    return res ? 0 : err->code;
}

struct raw_item {
    int64_t record;
    uint64_t number; /* in the entity */
};

/* Items are sorted by number; `from` is the number of records before `position`. */
static int read_raw(struct state *s, struct job_stage *st, const char *position, uint64_t from,
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
            code = store_raw(s, items[i].record, raw, err);
        i++;
    }
    call_close(st);
    return code;
}

/* One pass over the source per run of neighbouring chunks would save little: rejects of check
 * are few, and each chunk knows where it begins. */
static int stage_raw(struct state *s, struct job_stage *st, struct error *err)
{
    char run[32], sql[700];
    snprintf(run, sizeof run, "%lld", (long long)s->run);
    const char *const params[] = {run, st->p->name};
    snprintf(sql, sizeof sql,
             "SELECT r.record, r.number, c.position_before, c.first_record, c.no FROM %s.reject r"
             " JOIN %s.chunk c ON c.run = r.run AND c.no = r.record >> 32 WHERE r.run = $1 AND"
             " r.stage = $2 AND r.step = 'check' AND r.raw IS NULL ORDER BY r.number LIMIT 100000",
             s->q, s->q);
    struct pg_result *res = pg_query(s->pg, err, sql, 2, params);
    if (!res)
        return err->code;
    int n = pg_rows(res), code = 0;
    struct raw_item *items = arena_heap(NULL, ((size_t)n + 1) * sizeof *items);
    for (int i = 0; i < n; i++)
        items[i] = (struct raw_item){pg_get_int(res, i, 0), (uint64_t)pg_get_int(res, i, 1)};
    for (int i = 0; !code && i < n;) {
        const char *position = pg_get(res, i, 2);
        int j = i + 1; /* without positions: one pass for all */
        while (j < n && (!position[0] || pg_get_int(res, j, 4) == pg_get_int(res, i, 4)))
            j++;
        uint64_t from = position[0] ? (uint64_t)pg_get_int(res, i, 3) - 1 : 0;
        code = read_raw(s, st, position, from, items + i, (size_t)(j - i), err);
        i = j;
    }
    free(items);
    pg_free(res);
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

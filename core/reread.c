/* reread.c - rejected records as they were read. Load keeps those that it rejects itself; what
 * the server or check rejects is only known when the source's records are gone, so they are read
 * again: by their keys where the source finds records so, else in order, from the beginning of
 * their chunk where the source can go there. */
#include "reread.h"

#include <stdio.h>
#include <string.h>

#include "call.h"
#include "feed.h"
#include "sql.h"
#include "staging.h"

#define BATCH_BYTES ((size_t)64 << 10) /* of records, before they are sent */
#define BATCH_ITEMS 5000               /* rejects that are looked for at once */

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
    b->made = 0;
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
    sql_copy_text(&b->lines, raw.data, raw.len);
    str_add_char(&b->lines, '\n');
    str_clear(&ascii);
    return b->lines.len < BATCH_BYTES ? 0 : send_batch(b, err);
}

/* The source's records, read on from where they are: what is looked for comes in their order, so
 * that one pass serves all, and with positions less than one. */
struct reader {
    struct job_stage *st;
    struct str key; /* of that record; "": it has none */
    uint64_t at;    /* number in the entity of the last record that was read */
    int64_t part;   /* that is open (part.h); 0: the entity is not cut */
    int open, ended;
};

static void leave_source(struct reader *r)
{
    if (r->open)
        feed_close(r->st);
    r->open = 0;
}

struct place {
    const char *position;
    uint64_t before; /* records of the entity that are before it */
    int64_t part;
};

static int seek(struct reader *r, const struct place *to, struct error *err)
{
    const char *position = to->position;
    if (r->open && r->part == to->part && (!position[0] || r->at >= to->before))
        return 0;
    leave_source(r);
    int code = feed_open(r->st, position, 0, err);
    r->open = !code;
    r->ended = 0;
    r->part = to->part;
    r->at = position[0] ? to->before : 0;
    return code;
}

static int read_on(struct reader *r, uint64_t number, struct error *err)
{
    mig_record_t record = {.size = sizeof record};
    while (r->at < number && !r->ended) {
        int32_t got = feed_next_alone(r->st, &record);
        if (got != MIG_OK || !feed_key(r->st, &record, &r->key))
            str_reset(&r->key);
        host_record_done(r->st->source->host);
        if (got < 0)
            return host_error(r->st->source, got, "next", err);
        r->ended = got == MIG_END;
        r->at += !r->ended;
    }
    return 0;
}

/* A row of some_raw(): the record, its number, where its chunk or part begins, and its key. */
static int item_raw(struct batch *b, struct reader *r, const struct pg_result *res, int i,
                    struct error *err)
{
    uint64_t number = (uint64_t)pg_get_int(res, i, 1);
    const struct place to = {pg_get(res, i, 2), (uint64_t)pg_get_int(res, i, 3) - 1,
                             pg_get_int(res, i, 4)};
    int code = seek(r, &to, err);
    if (!code)
        code = read_on(r, number, err);
    /* In another state of the source another record may have the number. */
    if (code || r->at != number || !str_equal(r->key.data, pg_get(res, i, 5)))
        return code;
    mig_str_t raw = feed_raw(r->st);
    return raw.data && str_utf8_ok(raw.data, raw.len)
               ? store_raw(b, pg_get_int(res, i, 0), raw, err)
               : 0;
}

/* ---- by key ---------------------------------------------------------------------------- */

/* Rejects whose key no other one of them has, in the order of the key's bytes. */
static struct pg_result *some_keys(const struct batch *b, const struct job_stage *st,
                                   const char *after, struct error *err)
{
    char run[32], sql[500];
    snprintf(run, sizeof run, "%lld", (long long)b->s->run);
    const char *const params[] = {run, st->p->name, after};
    snprintf(sql, sizeof sql,
             "SELECT key, min(record) FROM %s.reject WHERE run = $1 AND stage = $2 AND (step ="
             " 'check' OR code = 'refused_value') AND raw IS NULL AND key COLLATE \"C\" > $3 GROUP"
             " BY key HAVING count(*) = 1 ORDER BY key COLLATE \"C\" LIMIT %d",
             b->s->q, BATCH_ITEMS);
    return pg_query(b->s->pg, err, sql, 3, params);
}

static int find_key(const struct pg_result *res, mig_value_t key)
{
    int low = 0, high = pg_rows(res);
    while (low < high) {
        int mid = (low + high) / 2;
        const char *other = pg_get(res, mid, 0);
        size_t n = strlen(other);
        int order = memcmp(key.data, other, key.len < n ? key.len : n);
        if (order == 0 && key.len == n)
            return mid;
        if (order < 0 || (order == 0 && key.len < n))
            high = mid;
        else
            low = mid + 1;
    }
    return -1;
}

static int store_wanted(struct batch *b, const struct job_stage *st, const struct pg_result *res,
                        struct error *err)
{
    mig_record_t record = {.size = sizeof record};
    for (int code = 0;;) {
        int32_t got = feed_next_alone(st, &record);
        if (got == MIG_OK) {
            int i = find_key(res, record.values[st->key_index[0]]);
            mig_str_t raw = call_raw(st);
            if (i >= 0 && raw.data && str_utf8_ok(raw.data, raw.len))
                code = store_raw(b, pg_get_int(res, i, 1), raw, err);
        }
        host_record_done(st->source->host);
        if (got < 0)
            return host_error(st->source, got, "next", err);
        if (got == MIG_END || code)
            return code;
    }
}

static int read_keys(struct batch *b, struct job_stage *st, const struct pg_result *res,
                     int32_t *can, struct error *err)
{
    struct keyset *others = st->wanted;
    st->wanted = keyset_new();
    for (int i = 0; i < pg_rows(res); i++)
        keyset_add(st->wanted, pg_get(res, i, 0), strlen(pg_get(res, i, 0)));
    int code = 0;
    *can = call_only(st);
    int32_t got = *can == MIG_OK ? call_open(st, (mig_str_t){"", 0}) : *can;
    if (got < 0)
        code = host_error(st->source, got, "open", err);
    if (!code && *can == MIG_OK) {
        code = store_wanted(b, st, res, err);
        call_close(st);
    }
    keyset_free(st->wanted);
    st->wanted = others;
    return code;
}

/* Where the source finds records by their keys. What is left over is read in order. */
static int raw_by_key(struct batch *b, struct job_stage *st, struct error *err)
{
    int32_t can = MIG_OK;
    int code = 0, n = BATCH_ITEMS;
    struct str after;
    str_init(&after, 0);
    str_add(&after, "");
    while (!code && can == MIG_OK && n == BATCH_ITEMS) {
        struct pg_result *res = some_keys(b, st, after.data, err);
        if (!res) {
            code = err->code;
            break;
        }
        n = pg_rows(res);
        if (n) {
            str_reset(&after);
            str_add(&after, pg_get(res, n - 1, 0));
            code = read_keys(b, st, res, &can, err);
        }
        pg_free(res);
    }
    str_clear(&after);
    return code ? code : settle_batches(b, err);
}

/* ---- in order -------------------------------------------------------------------------- */

/* The next records behind number `*after` in the entity, which becomes the last one's; 0 at the
 * end. */
static int some_raw(struct batch *b, struct reader *r, uint64_t *after, struct error *err)
{
    char run[32], last[32], sql[900];
    snprintf(run, sizeof run, "%lld", (long long)b->s->run);
    snprintf(last, sizeof last, "%llu", (unsigned long long)*after);
    const char *const params[] = {run, r->st->p->name, last};
    snprintf(
        sql, sizeof sql,
        "SELECT r.record, r.number, coalesce(p.bounds, c.position_before),"
        " coalesce(p.first_record, c.first_record), p.no, r.key FROM %s.reject r JOIN %s.chunk c ON"
        " c.run = r.run AND c.no = r.record >> 20 LEFT JOIN %s.part p ON p.run = r.run AND p.no"
        " = c.no >> %d << %d WHERE r.run = $1 AND"
        " r.stage = $2 AND (r.step = 'check' OR r.code = 'refused_value') AND r.raw IS NULL"
        " AND r.number > $3 ORDER BY r.number LIMIT %d",
        b->s->q, b->s->q, b->s->q, STAGING_PART_BITS, STAGING_PART_BITS, BATCH_ITEMS);
    struct pg_result *res = pg_query(b->s->pg, err, sql, 3, params);
    if (!res)
        return err->code;
    int code = 0, n = pg_rows(res);
    for (int i = 0; !code && i < n; i++)
        code = item_raw(b, r, res, i, err);
    *after = n == BATCH_ITEMS ? (uint64_t)pg_get_int(res, n - 1, 1) : 0;
    pg_free(res);
    return code;
}

static int stage_raw(struct state *s, struct job_stage *st, struct error *err)
{
    struct batch b = {.s = s};
    struct reader r = {.st = st};
    uint64_t after = 0;
    str_init(&b.lines, 0);
    str_init(&r.key, 0);
    int code = st->spool ? 0 : raw_by_key(&b, st, err);
    do
        code = code ? code : some_raw(&b, &r, &after, err);
    while (!code && after);
    leave_source(&r);
    if (!code)
        code = settle_batches(&b, err);
    str_clear(&r.key);
    str_clear(&b.lines);
    return code;
}

int reread_rejects(struct state *s, struct job *job, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_stages; i++) {
        if (job_is_secret(&job->stages[i]))
            continue;
        code = state_begin(s, err);
        if (!code)
            code = stage_raw(s, &job->stages[i], err);
        if (!code)
            code = state_commit(s, err);
        else
            pg_rollback(s->pg);
        if (job->stages[i].source->released) /* not to be held again until the run ends */
            call_release(job->stages[i].source);
    }
    return code;
}

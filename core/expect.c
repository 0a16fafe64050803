/* expect.c - the fingerprints that publish should leave, worked out meanwhile. Nothing depends on
 * an answer: a table without one is compared row by row. */
#include "expect.h"

#include <stdio.h>
#include <string.h>

#include "log.h"

/* Below this many rows a join is done before the other connection has begun. */
#define MANY_ROWS 20000

/* Is the live table to hold the staged rows and nothing else, in columns that are all staged? */
static int is_whole(struct state *s, const struct job_table *t, int *whole, struct error *err)
{
    *whole = 0;
    if (!t->match || t->staged < MANY_ROWS || t->matched || t->t->row_triggers ||
        t->n_columns != t->t->n_columns)
        return 0;
    struct pg_result *res =
        pg_queryf(s->pg, err, "SELECT NOT EXISTS (SELECT FROM %s)", t->t->quoted);
    *whole = res && pg_get(res, 0, 0)[0] == 't';
    pg_free(res);
    return err->code;
}

static int ask(struct state *s, const struct job *job, char *known, struct str *sql,
               struct error *err)
{
    int code = pg_begin(s->pg, "READ ONLY", err);
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        int whole = 0;
        size_t was = sql->len;
        code = is_whole(s, &job->tables[i], &whole, err);
        if (!code && whole)
            code = fingerprint_staged_sql(s, &job->tables[i], sql, err);
        known[i] = !code && sql->len > was;
        if (known[i])
            str_add(sql, "; ");
    }
    pg_rollback(s->pg);
    return code;
}

void expect_begin(struct expect *x, struct state *s, const struct job *job, struct pg *reader)
{
    struct error err = {0};
    struct str sql;
    char *known = arena_alloc(job->mem, job->n_tables + 1);
    expect_drop(x);
    str_init(&sql, 0);
    int code = ask(s, job, known, &sql, &err);
    size_t asked = sql.len;
    str_add(&sql, "ROLLBACK");
    if (!code && asked && !sql.failed) {
        code = pg_begin_anew(reader, "READ ONLY", &err);
        /* Workers are for publish, which makes its indexes by them. */
        if (!code)
            code = pg_exec(reader, &err, "SET LOCAL max_parallel_workers_per_gather = 0");
        if (!code)
            code = pg_later_send(reader, sql.data, &err);
        if (code)
            pg_rollback(reader);
        else
            *x = (struct expect){reader, job, known};
    }
    if (code)
        log_write(LOG_DEBUG, "what the tables will be is not worked out: %s", err.what);
    str_clear(&sql);
}

static int meets(struct expect *x, struct state *s, const struct job_table *t, const char *phase,
                 int64_t *rows, struct error *err)
{
    struct fingerprint f;
    int same = 0;
    struct pg_result *res = pg_later_take(x->pg);
    if (!res)
        return 0;
    snprintf(f.rows, sizeof f.rows, "%s", pg_get(res, 0, 0));
    snprintf(f.sum, sizeof f.sum, "%s", pg_get(res, 0, 1));
    int code = fingerprint_is(s, t->t, phase, &f, &same, err);
    if (same)
        *rows = pg_get_int(res, 0, 0);
    pg_free(res);
    return code;
}

int expect_met(struct expect *x, struct state *s, const struct job *job, const char *phase,
               int64_t *met, struct error *err)
{
    int code = 0;
    for (size_t i = 0; i < job->n_tables; i++) {
        met[i] = -1;
        if (!code && x->pg && x->job == job && x->known[i])
            code = meets(x, s, &job->tables[i], phase, &met[i], err);
    }
    expect_drop(x);
    return code;
}

void expect_drop(struct expect *x)
{
    if (x->pg)
        pg_later_drop(x->pg);
    x->pg = NULL;
}

/* memo.c - the table of computed values and its copy in memory. Marks are made by transforms,
 * under a key that is not in the database: who has the database alone can hold no guess against
 * them. */
#include "memo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sql.h"

#define MEMO_MOST 1000000 /* in memory; what is behind is computed again */

struct memo_item {
    unsigned char bytes[MEMO_BYTES];
    const char *value;
};

struct memo {
    struct pg_result *res; /* the values are its texts */
    struct memo_item *items;
    size_t n;
};

int memo_has(const struct unit *transform)
{
    const mig_transform_ops_t *ops = transform->def->unit->ops;
    return host_is_slow(transform) && MIG_HAS(ops, mark);
}

static int stage_has(const struct job_stage *st)
{
    for (size_t i = 0; i < st->migrator->n_transforms; i++)
        if (memo_has(st->migrator->transforms[i]))
            return 1;
    return 0;
}

static void table(const struct state *s, struct str *sql)
{
    str_printf(sql, "%s.computed_%lld_0", s->q, (long long)s->run);
}

static int job_has(const struct job *job)
{
    for (size_t i = 0; i < job->n_stages; i++)
        if (stage_has(&job->stages[i]))
            return 1;
    return 0;
}

int memo_create(struct state *s, const struct job *job, struct error *err)
{
    if (!job_has(job))
        return 0;
    struct str sql;
    str_init(&sql, 0);
    str_add(&sql, "CREATE TABLE IF NOT EXISTS ");
    table(s, &sql);
    str_add(&sql, " (mark bytea NOT NULL, value text NOT NULL)");
    int code = pg_exec(s->pg, err, sql.data);
    str_clear(&sql);
    return code;
}

void memo_drop_sql(const struct state *s, struct str *sql)
{
    str_add(sql, "DROP TABLE IF EXISTS ");
    table(s, sql);
    str_add_char(sql, ';');
}

int memo_drop(struct state *s, const struct job *job, struct error *err)
{
    if (!job_has(job))
        return 0;
    struct str sql;
    str_init(&sql, 0);
    memo_drop_sql(s, &sql);
    int code = state_begin(s, err);
    if (!code)
        code = pg_exec(s->pg, err, sql.data);
    if (!code)
        code = state_commit(s, err);
    else
        pg_rollback(s->pg);
    str_clear(&sql);
    return code;
}

void memo_copy_sql(const struct state *s, struct str *sql)
{
    str_add(sql, "COPY ");
    table(s, sql);
    str_add(sql, " (mark, value) FROM STDIN (FORMAT binary)");
}

/* ---- in memory ------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, MEMO_BYTES);
}

static int nibble(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void keep(struct memo *m, const char *hex, const char *value)
{
    struct memo_item *x = &m->items[m->n++];
    for (size_t i = 0; i < MEMO_BYTES; i++)
        x->bytes[i] = (unsigned char)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
    x->value = value;
}

struct memo *memo_load(struct state *s, const struct job_stage *st, struct error *err)
{
    struct str sql;
    struct pg_result *res = NULL;
    if (!s->resumed || !stage_has(st))
        return NULL;
    str_init(&sql, 0);
    str_add(&sql, "SELECT encode(mark, 'hex'), value FROM ");
    table(s, &sql);
    str_printf(&sql, " WHERE length(mark) = %d LIMIT %d", MEMO_BYTES, MEMO_MOST);
    if (pg_begin(s->pg, "READ ONLY", err) == 0)
        res = pg_query(s->pg, err, sql.data, 0, NULL);
    pg_rollback(s->pg);
    str_clear(&sql);
    if (!res)
        return NULL;
    struct memo *m = arena_heap(NULL, sizeof *m);
    *m = (struct memo){.res = res};
    m->items = arena_heap(NULL, ((size_t)pg_rows(res) + 1) * sizeof *m->items);
    for (int i = 0; i < pg_rows(res); i++)
        keep(m, pg_get(res, i, 0), pg_get(res, i, 1));
    qsort(m->items, m->n, sizeof *m->items, compare);
    return m;
}

void memo_free(struct memo *m)
{
    if (!m)
        return;
    pg_free(m->res);
    free(m->items);
    free(m);
}

const char *memo_find(const struct memo *m, const unsigned char mark[MEMO_BYTES])
{
    const struct memo_item *found =
        m ? bsearch(mark, m->items, m->n, sizeof *m->items, compare) : NULL;
    return found ? found->value : NULL;
}

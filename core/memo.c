/* memo.c - the table of computed values and its copy in memory. Marks are made by transforms,
 * under a key that is not in the database: who has the database alone can hold no guess against
 * them. */
#include "memo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sql.h"

#define MEMO_MOST 1000000 /* in memory; what is behind is computed again */
#define VALUES_BYTES ((size_t)256 << 20)
#define FETCH 5000

struct memo_item {
    unsigned char bytes[MEMO_BYTES];
    size_t at; /* of its value */
    int own;   /* it stands in this run's table */
};

struct memo {
    struct str values; /* one behind the other, each with its NUL */
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

static void keep(struct memo *m, const char *hex, const char *value, int own)
{
    struct memo_item *x = &m->items[m->n];
    for (size_t i = 0; i < MEMO_BYTES; i++)
        x->bytes[i] = (unsigned char)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
    x->own = own;
    x->at = m->values.len;
    str_add_n(&m->values, value, strlen(value) + 1);
    m->n += !m->values.failed;
}

/* All tables of the project's runs that are there: the run's own, and those of runs that were
 * published, maybe taken back, and hold their staging tables. Newest first; NULL: there are none.
 */
static int find_tables(struct state *s, struct str *sql, struct error *err)
{
    char text[600];
    const char *const params[] = {s->schema};
    snprintf(text, sizeof text,
             "SELECT r.id, r.id = %lld FROM %s.run r JOIN pg_class c ON c.relname = format("
             "'computed_%%s_0', r.id) JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname ="
             " $1 WHERE r.project = %lld AND (r.id = %lld OR r.state IN ('published', 'done',"
             " 'partly', 'rolled_back')) ORDER BY 1 DESC",
             (long long)s->run, s->q, (long long)s->project, (long long)s->run);
    struct pg_result *res = pg_query(s->pg, err, text, 1, params);
    int n = res ? pg_rows(res) : 0;
    for (int i = 0; i < n; i++)
        str_printf(sql,
                   "%sSELECT encode(mark, 'hex'), value, %s FROM %s.computed_%s_0 WHERE"
                   " length(mark) = %d",
                   i ? " UNION ALL " : "DECLARE known NO SCROLL CURSOR FOR ",
                   pg_get(res, i, 1)[0] == 't' ? "true" : "false", s->q, pg_get(res, i, 0),
                   MEMO_BYTES);
    pg_free(res);
    return n;
}

static int fetch(struct memo *m, struct state *s, struct error *err)
{
    int n = FETCH;
    while (n == FETCH && m->n < MEMO_MOST && !m->values.failed) {
        struct pg_result *res = pg_queryf(s->pg, err, "FETCH %d FROM known", FETCH);
        if (!res)
            return err->code;
        n = pg_rows(res);
        m->items = arena_heap(m->items, (m->n + (size_t)n + 1) * sizeof *m->items);
        for (int i = 0; i < n; i++)
            keep(m, pg_get(res, i, 0), pg_get(res, i, 1), pg_get(res, i, 2)[0] == 't');
        pg_free(res);
    }
    qsort(m->items, m->n, sizeof *m->items, compare);
    return 0;
}

struct memo *memo_load(struct state *s, const struct job_stage *st, struct error *err)
{
    struct memo *m = NULL;
    struct str sql;
    if (!stage_has(st) || pg_begin(s->pg, "READ ONLY", err))
        return NULL;
    str_init(&sql, 0);
    if (find_tables(s, &sql, err) && !pg_exec(s->pg, err, sql.data)) {
        m = arena_heap(NULL, sizeof *m);
        *m = (struct memo){0};
        str_init(&m->values, VALUES_BYTES);
        fetch(m, s, err);
    }
    pg_rollback(s->pg);
    str_clear(&sql);
    if (!err->code)
        return m;
    memo_free(m);
    return NULL;
}

void memo_free(struct memo *m)
{
    if (!m)
        return;
    str_clear(&m->values);
    free(m->items);
    free(m);
}

const char *memo_find(const struct memo *m, const unsigned char mark[MEMO_BYTES], int *own)
{
    const struct memo_item *found =
        m && m->n ? bsearch(mark, m->items, m->n, sizeof *m->items, compare) : NULL;
    if (!found)
        return NULL;
    *own = found->own;
    return m->values.data + found->at;
}

/* marks.c - the table of computed values and its copy in memory. Marks are made by transforms,
 * under a key that is not in the database: who has the database alone can hold no guess against
 * them. */
#include "marks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sql.h"

#define MARKS_MOST 1000000 /* in memory; what is behind is computed again */

struct mark {
    unsigned char bytes[MARKS_BYTES];
    const char *value;
};

struct marks {
    struct pg_result *res; /* the values are its texts */
    struct mark *items;
    size_t n;
};

int marks_has(const struct unit *transform)
{
    const mig_transform_ops_t *ops = transform->def->unit->ops;
    return host_is_slow(transform) && MIG_HAS(ops, mark);
}

static int stage_has(const struct job_stage *st)
{
    for (size_t i = 0; i < st->migrator->n_transforms; i++)
        if (marks_has(st->migrator->transforms[i]))
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

int marks_create(struct state *s, const struct job *job, struct error *err)
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

void marks_drop_sql(const struct state *s, struct str *sql)
{
    str_add(sql, "DROP TABLE IF EXISTS ");
    table(s, sql);
    str_add_char(sql, ';');
}

int marks_drop(struct state *s, const struct job *job, struct error *err)
{
    if (!job_has(job))
        return 0;
    struct str sql;
    str_init(&sql, 0);
    marks_drop_sql(s, &sql);
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

void marks_copy_sql(const struct state *s, struct str *sql)
{
    str_add(sql, "COPY ");
    table(s, sql);
    str_add(sql, " (mark, value) FROM STDIN (FORMAT binary)");
}

/* ---- in memory ------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, MARKS_BYTES);
}

static int nibble(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void keep(struct marks *m, const char *hex, const char *value)
{
    struct mark *x = &m->items[m->n++];
    for (size_t i = 0; i < MARKS_BYTES; i++)
        x->bytes[i] = (unsigned char)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
    x->value = value;
}

struct marks *marks_load(struct state *s, const struct job_stage *st, struct error *err)
{
    struct str sql;
    struct pg_result *res = NULL;
    if (!s->resumed || !stage_has(st))
        return NULL;
    str_init(&sql, 0);
    str_add(&sql, "SELECT encode(mark, 'hex'), value FROM ");
    table(s, &sql);
    str_printf(&sql, " WHERE length(mark) = %d LIMIT %d", MARKS_BYTES, MARKS_MOST);
    if (pg_begin(s->pg, "READ ONLY", err) == 0)
        res = pg_query(s->pg, err, sql.data, 0, NULL);
    pg_rollback(s->pg);
    str_clear(&sql);
    if (!res)
        return NULL;
    struct marks *m = arena_heap(NULL, sizeof *m);
    *m = (struct marks){.res = res};
    m->items = arena_heap(NULL, ((size_t)pg_rows(res) + 1) * sizeof *m->items);
    for (int i = 0; i < pg_rows(res); i++)
        keep(m, pg_get(res, i, 0), pg_get(res, i, 1));
    qsort(m->items, m->n, sizeof *m->items, compare);
    return m;
}

void marks_free(struct marks *m)
{
    if (!m)
        return;
    pg_free(m->res);
    free(m->items);
    free(m);
}

const char *marks_find(const struct marks *m, const unsigned char mark[MARKS_BYTES])
{
    const struct mark *found = m ? bsearch(mark, m->items, m->n, sizeof *m->items, compare) : NULL;
    return found ? found->value : NULL;
}

/* facts.c - from a source's facts to rows. Only names, numbers and digests pass: a value of a
 * record has no way in. */
#include "facts.h"

#include <string.h>

#include "call.h"
#include "sql.h"

#define MOST 100

struct facts {
    struct str rows;
    size_t n;
};

static int is_word(const char *text)
{
    size_t n = text ? strspn(text, "abcdefghijklmnopqrstuvwxyz_0123456789") : 0;
    return n && n < 64 && !text[n];
}

static int is_value(const char *text)
{
    size_t n = text ? strspn(text, "0123456789abcdef") : 0;
    return n && n <= 64 && !text[n];
}

static int32_t add(void *ctx, const char *name, const char *value)
{
    struct facts *f = ctx;
    if (!is_word(name) || !is_value(value) || f->n++ == MOST)
        return MIG_E_BUG;
    str_printf(&f->rows, "%s('%s', '%s')", f->n > 1 ? ", " : "", name, value);
    return MIG_OK;
}

int facts_take(struct job *job, struct job_stage *st, struct error *err)
{
    struct facts f = {.n = 0};
    str_init(&f.rows, 0);
    int32_t got = call_facts(st, &f, add);
    int code = got < 0 ? host_error(st->source, got, "facts", err) : 0;
    st->facts = !code && f.n ? arena_strdup(job->mem, f.rows.data) : NULL;
    str_clear(&f.rows);
    return code;
}

void facts_sql(const struct state *s, const struct job_stage *st, struct str *sql)
{
    if (!st->facts)
        return;
    str_printf(sql, "DELETE FROM %s.source_fact WHERE run = %lld AND stage = ", s->q,
               (long long)s->run);
    sql_literal(sql, st->p->name);
    str_printf(sql, "; INSERT INTO %s.source_fact SELECT %lld, ", s->q, (long long)s->run);
    sql_literal(sql, st->p->name);
    str_printf(sql, ", f.name, f.value FROM (VALUES %s) f (name, value); ", st->facts);
}

/* facts.c - from a source's facts to rows. Only names, numbers and digests pass: a value of a
 * record has no way in. */
#include "facts.h"

#include <string.h>

#include "call.h"
#include "sql.h"

#define MOST 20000

struct facts {
    const struct job_stage *st;
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

static int is_field(const struct job_stage *st, const char *field)
{
    for (size_t i = 0; i < st->n_fields; i++)
        if (str_equal(st->fields[i], field))
            return 1;
    return !field;
}

static int32_t add(void *ctx, const char *field, const char *name, const char *value)
{
    struct facts *f = ctx;
    if (!is_word(name) || !is_value(value) || !is_field(f->st, field) || f->n++ == MOST)
        return MIG_E_BUG;
    str_printf(&f->rows, "%s(", f->n > 1 ? ", " : "");
    sql_literal(&f->rows, field ? field : "");
    str_printf(&f->rows, ", '%s', '%s')", name, value);
    return MIG_OK;
}

int facts_take(struct job *job, struct job_stage *st, struct error *err)
{
    struct facts f = {.st = st};
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
    str_printf(sql, ", f.field, f.name, f.value FROM (VALUES %s) f (field, name, value); ",
               st->facts);
}

/* verify_groups.c - the list of groups. Where one stage writes a table, as nearly everywhere, its
 * group is the table's rows, and nothing more is asked. */
#include "verify_groups.h"

#include <string.h>

static struct verify_group *add(const struct job_table *t, size_t no, struct verify_result *out)
{
    struct verify_group *items = arena_alloc(out->mem, (out->n_groups + 1) * sizeof *items);
    if (out->n_groups)
        memcpy(items, out->groups, out->n_groups * sizeof *items);
    items[out->n_groups] =
        (struct verify_group){.stage = "",
                              .table = arena_printf(out->mem, "%s.%s", t->t->schema, t->t->name),
                              .stage_no = no,
                              .table_no = t->no};
    out->groups = items;
    return &items[out->n_groups++];
}

void verify_groups_begin(const struct job *job, struct verify_result *out)
{
    out->mem = arena_new();
    for (size_t i = 0; i < job->n_tables; i++)
        for (size_t k = 0; job->tables[i].match && k < job->tables[i].n_stages; k++)
            add(&job->tables[i], job->tables[i].stages[k] + 1, out);
}

size_t verify_groups_only(const struct job_table *t)
{
    return t->n_stages == 1 ? t->stages[0] + 1 : 0;
}

struct verify_group *verify_groups_of(const struct job_table *t, size_t no,
                                      struct verify_result *out)
{
    for (size_t i = 0; i < out->n_groups; i++)
        if (out->groups[i].table_no == t->no && out->groups[i].stage_no == no)
            return &out->groups[i];
    return add(t, no, out);
}

int verify_groups_found(struct state *s, const struct job_table *t, int64_t rows,
                        struct verify_result *out, struct error *err)
{
    int code = 0;
    if (!t->match || t->n_stages < 2) {
        verify_groups_of(t, verify_groups_only(t), out)->rows = rows;
        return 0;
    }
    for (size_t k = 0; !code && k < t->n_stages; k++) {
        struct write_counts c;
        code = write_plan(s, t, t->stages[k] + 1, &c, err);
        if (!code)
            verify_groups_of(t, t->stages[k] + 1, out)->rows = c.inserted + c.updated + c.unchanged;
    }
    return code;
}

int verify_groups_name(struct state *s, struct verify_result *out, struct error *err)
{
    struct pg_result *res = pg_queryf(
        s->pg, err, "SELECT no, name FROM %s.run_stage WHERE run = %lld", s->q, (long long)s->run);
    for (int k = 0; res && k < pg_rows(res); k++)
        for (size_t i = 0; i < out->n_groups; i++)
            if ((int64_t)out->groups[i].stage_no == pg_get_int(res, k, 0))
                out->groups[i].stage = arena_strdup(out->mem, pg_get(res, k, 1));
    pg_free(res);
    return err->code;
}

const char *verify_groups_result(const struct verify_group *g)
{
    return g->wrong ? "failed" : g->target || g->others ? "warning" : "passed";
}

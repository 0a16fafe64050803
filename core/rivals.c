/* rivals.c - finds stages that write one table in no declared order. Needs of all sources count:
 * the project's, the plugins', keys of another stage, foreign keys once the catalog is known. */
#include "rivals.h"

#include <string.h>

#include "sql.h"

struct search {
    const struct plan_node *nodes;
    size_t n;
    char *seen;
};

/* 1 when node `from` needs node `to`. */
static int behind(struct search *s, size_t from, size_t to)
{
    if (from == to)
        return 1;
    s->seen[from] = 1;
    for (size_t i = 0; i < s->nodes[from].n_needs; i++)
        for (size_t k = 0; k < s->n; k++)
            if (!s->seen[k] && str_equal(s->nodes[k].feature, s->nodes[from].needs[i].feature) &&
                behind(s, k, to))
                return 1;
    return 0;
}

static int ordered(struct search *s, size_t a, size_t b)
{
    memset(s->seen, 0, s->n);
    if (behind(s, a, b))
        return 1;
    memset(s->seen, 0, s->n);
    return behind(s, b, a);
}

/* The first table that both write, or NULL. */
static const char *shared_table(const struct job *job, const struct unit *a, const struct unit *b)
{
    for (size_t i = 0; i < a->n_tables; i++)
        for (size_t k = 0; k < b->n_tables; k++) {
            struct sql_name x, y;
            sql_split(a->tables[i].name, job->project->target.schema, &x);
            sql_split(b->tables[k].name, job->project->target.schema, &y);
            if (str_equal(x.schema, y.schema) && str_equal(x.table, y.table))
                return a->tables[i].name;
        }
    return NULL;
}

void rivals_check(const struct job *job, const struct plan_node *nodes, struct faults *faults)
{
    const struct project *p = job->project;
    struct search s = {nodes, p->n_stages, arena_alloc(job->mem, p->n_stages + 1)};
    for (size_t b = 1; b < p->n_stages; b++)
        for (size_t a = 0; a < b; a++) {
            size_t x = job_find_stage(job, p->stages[a].name);
            size_t y = job_find_stage(job, p->stages[b].name);
            if (x == SIZE_MAX || y == SIZE_MAX || ordered(&s, a, b))
                continue;
            const char *table = shared_table(job, job->stages[x].migrator, job->stages[y].migrator);
            struct error err = {0};
            if (!table)
                continue;
            error_set(&err, STATUS_PLUGIN,
                      "stages %s and %s both write %s and nothing says which goes first",
                      p->stages[a].name, p->stages[b].name, table);
            error_why(&err, "where their records collide, the order decides which one stays");
            error_fix(&err, "add to stage %s: \"needs\": [\"after:stage:%s\"]", p->stages[b].name,
                      p->stages[a].name);
            faults_add(faults, &err);
        }
}

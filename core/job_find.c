/* job_find.c - parts of a job by name; its tables in the order of their locks. */
#include "job.h"

#include <stdlib.h>

static int by_oid(const void *a, const void *b)
{
    const struct job_table *const *x = a, *const *y = b;
    return ((*x)->t->oid > (*y)->t->oid) - ((*x)->t->oid < (*y)->t->oid);
}

const struct job_table *const *job_lock_order(const struct job *job)
{
    const struct job_table **list = arena_alloc(job->mem, (job->n_tables + 1) * sizeof *list);
    for (size_t i = 0; i < job->n_tables; i++)
        list[i] = &job->tables[i];
    qsort(list, job->n_tables, sizeof *list, by_oid);
    return list;
}

size_t job_find_stage(const struct job *job, const char *name)
{
    for (size_t i = 0; i < job->n_stages; i++)
        if (str_equal(job->stages[i].p->name, name))
            return i;
    return SIZE_MAX;
}

size_t job_find_table(const struct job *job, const char *schema, const char *table)
{
    for (size_t i = 0; i < job->n_tables; i++)
        if (str_equal(job->tables[i].t->schema, schema) && str_equal(job->tables[i].t->name, table))
            return i;
    return SIZE_MAX;
}

const struct catalog_column *job_find_staged(const struct job_table *t, const char *name)
{
    for (size_t i = 0; i < t->n_columns; i++)
        if (str_equal(t->columns[i]->name, name))
            return t->columns[i];
    return NULL;
}

static const struct catalog_key *row_key(const struct job_table *t)
{
    const struct catalog_key *k = t->t->n_keys ? &t->t->keys[0] : NULL;
    int own = k && k->primary && k->n == 1 && job_find_staged(t, k->columns[0]);
    return own && t->match && t->match->n == 1 ? k : t->match;
}

const struct catalog_key *job_find_stage_key(const struct job *job, const struct job_stage *st)
{
    const struct job_table *t = &job->tables[st->tables[0]];
    if (st->p->ids == ID_SEQUENCE && t->t->n_keys && t->t->keys[0].primary)
        return &t->t->keys[0];
    return row_key(t);
}

const struct job_wait *job_find_own_wait(const struct job_table *t, const struct job_stage *st)
{
    for (size_t i = 0; i < t->n_waits; i++)
        if (!t->waits[i].reference && t->waits[i].p == st->p)
            return &t->waits[i];
    return NULL;
}

/* project_find.c - parts of a project by name. */
#include "project.h"
#include "str.h"

const struct project_source *project_find_source(const struct project *p, const char *name)
{
    for (size_t i = 0; i < p->n_sources; i++)
        if (str_equal(p->sources[i].name, name))
            return &p->sources[i];
    return NULL;
}

const struct project_stage *project_find_stage(const struct project *p, const char *name)
{
    for (size_t i = 0; i < p->n_stages; i++)
        if (str_equal(p->stages[i].name, name))
            return &p->stages[i];
    return NULL;
}

int project_meets_live(const struct project_table *table)
{
    size_t n = 0;
    for (size_t i = 0; table && i < MERGE_RULES; i++)
        n += table->merges[i].n;
    return table && (n || table->merge != MERGE_OVERWRITE || table->newest_by ||
                     table->n_also_match || table->n_owner || table->theirs);
}

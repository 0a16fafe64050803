/* hostdescribe.c - what a migrator declares in describe(): the fields that it reads or leaves out,
 * tables, columns and how they are made, entities whose keys it asks for. Texts are copied. [main]
 */
#include "hostdescribe.h"

#include <stdio.h>
#include <string.h>

static struct unit *unit_of(const mig_host_t *h)
{
    return h->impl;
}

int32_t hostdescribe_outside(struct unit *u)
{
    return u->describing
               ? MIG_OK
               : u->table.fail(&u->table, MIG_E_BUG, "declares something outside describe()", NULL);
}

int32_t hostdescribe_reads(const mig_host_t *h, const char *field, uint32_t *index)
{
    struct unit *u = unit_of(h);
    if (hostdescribe_outside(u))
        return MIG_E_BUG;
    for (size_t i = 0; i < u->n_fields; i++)
        if (str_equal(u->fields[i], field)) {
            *index = (uint32_t)i;
            return MIG_OK;
        }
    u->fields = arena_heap(u->fields, (u->n_fields + 1) * sizeof *u->fields);
    u->fields[u->n_fields] = arena_strdup(u->mem, field);
    *index = (uint32_t)u->n_fields++;
    return MIG_OK;
}

int32_t hostdescribe_writes(const mig_host_t *h, const char *table, uint32_t *index)
{
    struct unit *u = unit_of(h);
    if (hostdescribe_outside(u))
        return MIG_E_BUG;
    u->tables = arena_heap(u->tables, (u->n_tables + 1) * sizeof *u->tables);
    u->tables[u->n_tables] = (struct host_table){.name = arena_strdup(u->mem, table)};
    *index = (uint32_t)u->n_tables++;
    return MIG_OK;
}

int32_t hostdescribe_column(const mig_host_t *h, uint32_t table, const char *column,
                            uint32_t *index)
{
    struct unit *u = unit_of(h);
    if (hostdescribe_outside(u))
        return MIG_E_BUG;
    if (table >= u->n_tables)
        return h->fail(h, MIG_E_BUG, "names a table that it did not declare", NULL);
    struct host_table *t = &u->tables[table];
    t->columns = arena_heap(t->columns, (t->n_columns + 1) * sizeof *t->columns);
    t->columns[t->n_columns] = arena_strdup(u->mem, column);
    t->made = arena_heap(t->made, (t->n_columns + 1) * sizeof *t->made);
    t->made[t->n_columns] = (struct host_made){0};
    *index = (uint32_t)t->n_columns++;
    return MIG_OK;
}

int32_t hostdescribe_entity(const mig_host_t *h, const char *stage, uint32_t *index)
{
    struct unit *u = unit_of(h);
    if (hostdescribe_outside(u))
        return MIG_E_BUG;
    const char *name = stage ? stage : u->where + strlen("stage ");
    const struct project_stage *s = project_find_stage(u->host->project, name);
    if (!s) {
        char text[300];
        snprintf(text, sizeof text,
                 "asks for keys of stage \"%s\", which the project does not have", name);
        return h->fail(h, MIG_E_CONFIG, text, "add the stage, or correct its name");
    }
    for (size_t i = 0; i < u->n_entities; i++)
        if (str_equal(u->entities[i].stage, name)) {
            *index = (uint32_t)i;
            return MIG_OK;
        }
    u->entities = arena_heap(u->entities, (u->n_entities + 1) * sizeof *u->entities);
    u->entities[u->n_entities] = (struct host_entity){
        arena_strdup(u->mem, name), s->ids,
        s->ids == ID_UUID5 ? digest_uuid_new(u->host->project->name, name) : NULL};
    *index = (uint32_t)u->n_entities++;
    return MIG_OK;
}

int32_t hostdescribe_takes_key(const mig_host_t *h, uint32_t table, uint32_t column,
                               uint32_t entity)
{
    struct unit *u = unit_of(h);
    if (hostdescribe_outside(u))
        return MIG_E_BUG;
    if (table >= u->n_tables || column >= u->tables[table].n_columns || entity >= u->n_entities)
        return h->fail(h, MIG_E_BUG, "names a column or entity that it did not declare", NULL);
    u->key_columns = arena_heap(u->key_columns, (u->n_key_columns + 1) * sizeof *u->key_columns);
    u->key_columns[u->n_key_columns++] = (struct host_key_column){table, column, entity};
    return MIG_OK;
}

int32_t hostdescribe_ignores(const mig_host_t *h, const char *field)
{
    struct unit *u = unit_of(h);
    if (hostdescribe_outside(u))
        return MIG_E_BUG;
    u->ignored = arena_heap(u->ignored, (u->n_ignored + 1) * sizeof *u->ignored);
    u->ignored[u->n_ignored++] = arena_strdup(u->mem, field);
    return MIG_OK;
}

int32_t hostdescribe_made_of(const mig_host_t *h, uint32_t table, uint32_t column,
                             const char *const *fields, uint32_t n_fields, mig_str_t steps)
{
    struct unit *u = unit_of(h);
    if (hostdescribe_outside(u))
        return MIG_E_BUG;
    if (table >= u->n_tables || column >= u->tables[table].n_columns)
        return h->fail(h, MIG_E_BUG, "names a column that it did not declare", NULL);
    struct host_made *made = &u->tables[table].made[column];
    made->fields = arena_alloc(u->mem, (n_fields + 1) * sizeof *made->fields);
    for (made->n_fields = 0; made->n_fields < n_fields; made->n_fields++)
        made->fields[made->n_fields] = arena_strdup(u->mem, fields[made->n_fields]);
    made->steps = steps.len ? arena_strndup(u->mem, steps.data, steps.len) : "[]";
    return MIG_OK;
}

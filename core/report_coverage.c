/* report_coverage.c - coverage.h as JSON. Holds names and counts, no values of records. */
#include "report_coverage.h"

#include <jansson.h>

struct json_t *report_coverage_fields(const struct coverage *c)
{
    json_t *list = json_array();
    for (size_t i = 0; i < c->n; i++) {
        const struct coverage_field *f = &c->fields[i];
        json_t *item = json_pack("{s:s, s:s, s:I}", "field", f->name, "use",
                                 coverage_use_text(f->use), "values", (json_int_t)f->filled);
        if (f->by)
            json_object_set_new(item, "by", json_string(f->by));
        json_array_append_new(list, item);
    }
    return list;
}

struct json_t *report_coverage_columns(struct state *s, const struct job *job,
                                       const struct job_stage *st, size_t table, struct error *err)
{
    struct coverage_column *columns;
    const struct catalog_table *t = job->tables[st->tables[table]].t;
    if (coverage_columns(s, job, st, table, &columns, err))
        return NULL;
    json_t *list = json_array();
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct coverage_column *c = &columns[i];
        json_array_append_new(list,
                              json_pack("{s:s, s:b, s:I, s:I, s:I, s:s}", "column", c->column->name,
                                        "mapped", c->is_staged, "filled", (json_int_t)c->filled,
                                        "null", (json_int_t)c->nulls, "left", (json_int_t)c->left,
                                        "otherwise", coverage_otherwise(c->column)));
    }
    return list;
}

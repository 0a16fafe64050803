/* report_verify.c - the report's part on verify: in all, and for each stage in each table what was
 * expected and what was found. */
#include "report_verify.h"

#include <jansson.h>

#include "verify_groups.h"

static json_t *groups(const struct verify_result *v)
{
    json_t *list = json_array();
    for (size_t i = 0; i < v->n_groups; i++) {
        const struct verify_group *g = &v->groups[i];
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:s}", "stage", g->stage,
                                        "table", g->table, "expected", (json_int_t)g->rows, "found",
                                        (json_int_t)(g->rows - g->wrong - g->target - g->others),
                                        "changed_by_target", (json_int_t)g->target, "changed_since",
                                        (json_int_t)g->others, "result", verify_groups_result(g)));
    }
    return list;
}

struct json_t *report_verify(const struct verify_result *v)
{
    if (!v)
        return json_null();
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:o}", "rows", (json_int_t)v->rows,
                     "by_fingerprint", (json_int_t)v->by_sum, "fields", (json_int_t)v->fields,
                     "differences", (json_int_t)v->differences, "changed_by_target",
                     (json_int_t)v->by_target, "changed_since", (json_int_t)v->by_others, "details",
                     v->details.data, "groups", groups(v));
}

/* report_preserved.c - the report's part on rows that the project preserves: how many, their
 * fingerprints before publish and behind it, and the rows that the run changed, for which it was
 * undone. Keys are masked where those of any stage are. */
#include "report_preserved.h"

#include <jansson.h>

#include "mask.h"

static json_t *text_or_null(const struct pg_result *res, int row, int column)
{
    return pg_get(res, row, column) ? json_string(pg_get(res, row, column)) : json_null();
}

static int changed_rows(struct state *s, const struct job *job, json_t *list, struct error *err)
{
    int hidden = mask_any_keys(job->project);
    struct pg_result *res = pg_queryf(
        s->pg, err, "SELECT no, key, what FROM %s.preserved_row WHERE run = %lld ORDER BY no, key",
        s->q, (long long)s->run);
    for (int i = 0; res && i < pg_rows(res); i++) {
        json_t *group = json_array_get(list, (size_t)pg_get_int(res, i, 0) - 1);
        json_array_append_new(
            json_object_get(group, "changed"),
            json_pack("{s:s, s:s}", "key",
                      hidden || !pg_get(res, i, 1) ? MASK_TEXT : pg_get(res, i, 1), "what",
                      pg_get(res, i, 2)));
    }
    pg_free(res);
    return err->code;
}

int report_preserved(struct state *s, const struct job *job, struct json_t **out, struct error *err)
{
    *out = json_array();
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "SELECT name, schema_name || '.' || table_name, rows_before, rows_before || ' ' ||"
        " sum_before, rows_after || ' ' || sum_after FROM %s.preserved WHERE run = %lld ORDER BY "
        "no",
        s->q, (long long)s->run);
    for (int i = 0; res && i < pg_rows(res); i++)
        json_array_append_new(
            *out, json_pack("{s:s, s:s, s:I, s:o, s:o, s:[]}", "name", pg_get(res, i, 0), "table",
                            pg_get(res, i, 1), "rows", (json_int_t)pg_get_int(res, i, 2), "before",
                            text_or_null(res, i, 3), "after", text_or_null(res, i, 4), "changed"));
    pg_free(res);
    return err->code ? err->code : changed_rows(s, job, *out, err);
}

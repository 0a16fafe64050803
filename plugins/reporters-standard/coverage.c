/*
 * coverage.c - the section of summary.txt about fields of the sources and columns of the target: a
 * line of sums for each stage and table, and by name what is not simply mapped and filled.
 */
#include <string.h>

#include "../common/plural.h"
#include "summary.h"
#include "view.h"

static const char *const USES[] = {"mapped", "key", "elsewhere", "ignored", "unmapped", NULL};

static void sums(struct out *o, const json_t *stage)
{
    const json_t *fields = json_object_get(stage, "fields");
    const char *before = "";
    out_plain(o, view_text(stage, "name"), 24);
    out_text(o, "fields: ");
    for (size_t u = 0; USES[u]; u++) {
        size_t i;
        json_t *field;
        int n = 0;
        json_array_foreach(fields, i, field) n += strcmp(view_text(field, "use"), USES[u]) == 0;
        if (n)
            out_format(o, "%s%d %s", before, n, USES[u]);
        before = n ? ", " : before;
    }
    out_text(o, *before ? "\n" : "none was read\n");
}

/* One that has a value in each record is only counted. */
static int is_plain(const json_t *field, int64_t read)
{
    const char *use = view_text(field, "use");
    return (strcmp(use, "mapped") == 0 || strcmp(use, "key") == 0) &&
           view_count(field, "values") == read;
}

static void fields(struct out *o, const json_t *stage)
{
    int64_t read = view_count(json_object_get(stage, "records"), "read");
    size_t i;
    json_t *field;
    json_array_foreach(json_object_get(stage, "fields"), i, field)
    {
        const char *use = view_text(field, "use"), *name = view_text(field, "field");
        if (is_plain(field, read))
            continue;
        out_text(o, "  ");
        out_plain(o, use, 22);
        out_plain(o, *name ? name : "(others, too many to be named)", 32);
        out_format(o, "%10lld %-7s %5.1f %%", (long long)view_count(field, "values"),
                   plural(view_count(field, "values"), "value,", "values,"),
                   view_share(view_count(field, "values"), read));
        if (*view_text(field, "by")) {
            out_text(o, ", read by stage ");
            out_plain(o, view_text(field, "by"), 0);
        }
        out_text(o, "\n");
    }
}

/* "default" in 4 rows, "null" in 2 rows: what the rows have that are not filled. */
static void column(struct out *o, const json_t *c)
{
    int64_t nulls = view_count(c, "null"), left = view_count(c, "left");
    const char *otherwise = view_text(c, "otherwise");
    int is_null = strcmp(otherwise, "null") == 0;
    if (!nulls && !left)
        return;
    out_text(o, "    ");
    out_plain(o, view_text(c, "column"), 20);
    out_format(o, "%10lld filled", (long long)view_count(c, "filled"));
    if (nulls)
        out_format(o, ", %lld NULL", (long long)nulls);
    if (left && is_null)
        out_format(o, ", %lld left NULL", (long long)left);
    else if (left)
        out_format(o, ", %lld left to %s", (long long)left, otherwise);
    out_text(o, "\n");
}

static void columns(struct out *o, const char *name, const json_t *table)
{
    const json_t *list = json_object_get(table, "columns");
    size_t i, whole = 0;
    json_t *c;
    json_array_foreach(list, i, c) whole += !view_count(c, "null") && !view_count(c, "left");
    out_text(o, "  ");
    out_plain(o, name, 0);
    out_format(o, ": %zu of %zu %s filled in every row\n", whole, json_array_size(list),
               plural(json_array_size(list), "column", "columns"));
    json_array_foreach(list, i, c) column(o, c);
}

void summary_coverage(struct out *o, const json_t *root)
{
    size_t i;
    json_t *stage, *table;
    const char *name;
    out_heading(o, "Fields of the sources, columns of the target");
    json_array_foreach(json_object_get(root, "stages"), i, stage)
    {
        if (!json_object_get(stage, "fields"))
            continue;
        sums(o, stage);
        fields(o, stage);
        json_object_foreach(json_object_get(stage, "tables"), name, table) columns(o, name, table);
    }
}

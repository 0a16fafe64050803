/*
 * html_coverage.c - what became of each field of the sources and of each column of the target.
 */
#include <string.h>

#include "html.h"
#include "view.h"

static const char *words_of(const char *use)
{
    return strcmp(use, "key") == 0         ? "source key"
           : strcmp(use, "elsewhere") == 0 ? "read by another stage"
           : strcmp(use, "ignored") == 0   ? "ignored on purpose"
                                           : use;
}

static void use_cell(struct out *o, const json_t *field)
{
    const char *use = view_text(field, "use"), *by = view_text(field, "by");
    out_text(o, "<td>");
    out_escaped(o, *by ? "read by stage " : words_of(use));
    out_escaped(o, by);
    out_text(o, "</td>");
}

static void field_table(struct out *o, const json_t *stages)
{
    static const char *const columns[] = {"Field",   "Stage",  "What became of it",
                                          "#Values", "#Share", NULL};
    size_t i, k;
    json_t *stage, *field;
    html_table(o, "Fields of the sources, and in how many records they have a value", columns);
    json_array_foreach(stages, i, stage)
        json_array_foreach(json_object_get(stage, "fields"), k, field)
    {
        const char *name = view_text(field, "field");
        int64_t read = view_count(json_object_get(stage, "records"), "read");
        html_row(o, *name ? name : "others, too many to be named");
        html_cell(o, view_text(stage, "name"));
        use_cell(o, field);
        html_cell_count(o, view_count(field, "values"));
        html_cell_share(o, view_count(field, "values"), read);
        html_row_end(o);
    }
    html_table_end(o);
}

static void column_rows(struct out *o, const char *stage, const char *table, const json_t *columns)
{
    size_t i;
    json_t *c;
    json_array_foreach(columns, i, c)
    {
        const char *otherwise = view_text(c, "otherwise");
        int64_t left = view_count(c, "left");
        html_row(o, view_text(c, "column"));
        html_cell(o, table);
        html_cell(o, stage);
        html_cell_count(o, view_count(c, "filled"));
        html_cell_count(o, view_count(c, "null"));
        html_cell_count(o, left);
        html_cell(o, !left ? "" : strcmp(otherwise, "null") == 0 ? "NULL" : otherwise);
        html_row_end(o);
    }
}

static void column_table(struct out *o, const json_t *stages)
{
    static const char *const columns[] = {"Column", "Table",     "Stage",          "#Filled",
                                          "#NULL",  "#Left out", "A new row gets", NULL};
    size_t i;
    json_t *stage, *table;
    const char *name;
    html_table(o, "Columns of the target, in rows that were accepted", columns);
    json_array_foreach(stages, i, stage)
        json_object_foreach(json_object_get(stage, "tables"), name, table)
            column_rows(o, view_text(stage, "name"), name, json_object_get(table, "columns"));
    html_table_end(o);
}

void html_coverage(struct out *o, const json_t *root)
{
    const json_t *stages = json_object_get(root, "stages");
    html_section(o, "fields", "Fields and columns");
    field_table(o, stages);
    column_table(o, stages);
    html_section_end(o);
}

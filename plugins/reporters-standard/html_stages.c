/*
 * html_stages.c - rows and time of each stage, as bars and as tables; and how long the steps took.
 */
#include <stdio.h>

#include "html.h"
#include "view.h"

static const char *name_of(const json_t *stage)
{
    return view_text(stage, "name");
}

/* ---- bars ----------------------------------------------------------------------------- */

static void key(struct out *o, int done)
{
    out_format(o,
               "<p class=\"key\"><span><i class=\"ok\"></i>%s</span>"
               "<span><i class=\"skip\"></i>skipped</span>"
               "<span><i class=\"rej\"></i>rejected</span></p>\n",
               done ? "migrated" : "fit to migrate");
}

static double most_read(const json_t *stages)
{
    double most = 0;
    size_t i;
    json_t *stage;
    json_array_foreach(stages, i, stage)
    {
        double n = (double)view_count(json_object_get(stage, "records"), "read");
        most = n > most ? n : most;
    }
    return most;
}

static void record_bars(struct out *o, const json_t *stages, int done)
{
    double most = most_read(stages);
    size_t i;
    json_t *stage;
    out_text(o, "<figure>\n<figcaption>Records</figcaption>\n");
    key(o, done);
    html_bars(o, "records", "Records of each stage",
              "A bar as long as the records that were read, in the parts that became of them. The "
              "table below has the numbers.",
              json_array_size(stages));
    json_array_foreach(stages, i, stage)
    {
        struct view_records n = {0};
        view_add_records(stage, &n);
        struct html_bar bar = {
            name_of(stage),
            {{(double)n.migrated, "ok"}, {(double)n.skipped, "skip"}, {(double)n.rejected, "rej"}}};
        html_bar(o, i, &bar, most);
        html_count(o, n.read);
        if (n.read != n.migrated) {
            out_text(o, ", ");
            html_count(o, n.read - n.migrated);
            out_text(o, " left out");
        }
        html_bar_end(o);
    }
    html_bars_end(o);
    out_text(o, "</figure>\n");
}

static void time_bars(struct out *o, const json_t *list, const char *id, const char *caption,
                      const char *title)
{
    double most = 0;
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        double seconds = view_seconds(item, "seconds");
        most = seconds > most ? seconds : most;
    }
    out_text(o, "<figure>\n");
    html_tag(o, "figcaption", caption);
    html_bars(o, id, title, "A bar as long as it took.", json_array_size(list));
    json_array_foreach(list, i, item)
    {
        struct html_bar bar = {name_of(item), {{view_seconds(item, "seconds"), "ok"}}};
        html_bar(o, i, &bar, most);
        html_seconds(o, view_seconds(item, "seconds"));
        html_bar_end(o);
    }
    html_bars_end(o);
    out_text(o, "</figure>\n");
}

/* ---- tables --------------------------------------------------------------------------- */

static void needs_cell(struct out *o, const json_t *stage)
{
    size_t i;
    json_t *need;
    out_text(o, "<td class=\"long\">");
    json_array_foreach(json_object_get(stage, "needs"), i, need)
    {
        out_text(o, i ? ", " : "");
        out_escaped(o, json_string_value(need) ? json_string_value(need) : "");
    }
    out_text(o, "</td>");
}

static void record_cells(struct out *o, const struct view_records *n)
{
    html_cell_count(o, n->read);
    html_cell_count(o, n->migrated);
    html_cell_count(o, n->skipped);
    html_cell_count(o, n->rejected);
}

static void stage_table(struct out *o, const json_t *stages, int done)
{
    const char *const columns[] = {
        "Stage",    "Status",    "#Read", done ? "#Migrated" : "#Fit to migrate",
        "#Skipped", "#Rejected", "#Time", "Goes behind",
        NULL};
    struct view_records all = {0};
    size_t i;
    json_t *stage;
    html_table(o, "Records by stage, in the order in which they ran", columns);
    json_array_foreach(stages, i, stage)
    {
        struct view_records n = {0};
        view_add_records(stage, &n);
        view_add_records(stage, &all);
        html_row(o, name_of(stage));
        html_cell(o, view_text(stage, "status"));
        record_cells(o, &n);
        html_cell_seconds(o, view_seconds(stage, "seconds"));
        needs_cell(o, stage);
        html_row_end(o);
    }
    html_table_foot(o, "all");
    html_cell(o, "");
    record_cells(o, &all);
    html_cell(o, "");
    html_cell(o, "");
    html_table_foot_end(o);
}

static void row_cells(struct out *o, const struct view_rows *n)
{
    html_cell_count(o, n->staged);
    html_cell_count(o, n->inserted);
    html_cell_count(o, n->updated);
    html_cell_count(o, n->unchanged);
    html_cell_count(o, n->left);
    html_cell_count(o, n->deleted);
}

static void row_table(struct out *o, const json_t *stages, int done)
{
    static const char *const were[] = {"Table",     "Stage",    "#Staged",
                                       "#Inserted", "#Updated", "#Unchanged",
                                       "#Left out", "#Deleted", NULL};
    static const char *const would[] = {"Table",      "Stage",      "#Staged",
                                        "#To insert", "#To update", "#Unchanged",
                                        "#Left out",  "#To delete", NULL};
    struct view_rows all = {0};
    size_t i;
    json_t *stage, *table;
    const char *name;
    html_table(o, "Rows by table", done ? were : would);
    json_array_foreach(stages, i, stage)
        json_object_foreach(json_object_get(stage, "tables"), name, table)
    {
        struct view_rows n = {0};
        view_add_rows(table, &n);
        view_add_rows(table, &all);
        html_row(o, name);
        html_cell(o, name_of(stage));
        row_cells(o, &n);
        html_row_end(o);
    }
    html_table_foot(o, "all");
    html_cell(o, "");
    row_cells(o, &all);
    html_table_foot_end(o);
}

/* Names only: values travel beside the statements. */
static void statement_table(struct out *o, const json_t *statements)
{
    static const char *const columns[] = {"Place", "#Time", "Statement", NULL};
    char place[24];
    size_t i;
    json_t *statement;
    if (json_array_size(statements) == 0)
        return;
    html_table(o, "The slowest statements of the run", columns);
    json_array_foreach(statements, i, statement)
    {
        snprintf(place, sizeof place, "%zu", i + 1);
        html_row(o, place);
        html_cell_seconds(o, view_seconds(statement, "seconds"));
        html_cell_long(o, view_text(statement, "sql"));
        html_row_end(o);
    }
    html_table_end(o);
}

void html_stages(struct out *o, const json_t *root)
{
    const json_t *stages = json_object_get(root, "stages");
    int done = view_has_written(root);
    const json_t *steps = json_object_get(json_object_get(root, "run"), "steps");
    html_section(o, "stages", "Rows and time");
    if (json_array_size(stages) > 0) {
        out_text(o, "<div class=\"pair\">\n");
        record_bars(o, stages, done);
        time_bars(o, stages, "times", "Time to load", "Time to load each stage");
        out_text(o, "</div>\n");
        stage_table(o, stages, done);
        row_table(o, stages, done);
    }
    if (json_array_size(steps) > 0)
        time_bars(o, steps, "steps", "The run, step by step", "Time of each step of the run");
    statement_table(o, json_object_get(root, "statements"));
    html_section_end(o);
}

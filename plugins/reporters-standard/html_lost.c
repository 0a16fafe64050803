/*
 * html_lost.c - what was left out, by what began it: as bars, as a table, and the first records.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "html.h"
#include "lost.h"
#include "view.h"

#define MOST_BARS 12
#define MOST_ERRORS 20

struct cause {
    const char *name;
    const json_t *lost;
    int64_t own, fell;
};

static int by_count(const void *a, const void *b)
{
    const struct cause *x = a, *y = b;
    int64_t nx = x->own + x->fell, ny = y->own + y->fell;
    return nx == ny ? strcmp(x->name, y->name) : nx < ny ? 1 : -1;
}

static struct cause *sorted(struct out *o, const json_t *causes, size_t *n)
{
    struct cause *list = o->host->alloc(o->host, (json_object_size(causes) + 1) * sizeof *list);
    const char *name, *stage;
    json_t *lost, *count;
    *n = 0;
    json_object_foreach((json_t *)causes, name, lost)
    {
        struct cause *c = &list[(*n)++];
        *c = (struct cause){name, lost, view_count(lost, ""), 0};
        json_object_foreach(lost, stage, count) c->fell += *stage ? json_integer_value(count) : 0;
    }
    qsort(list, *n, sizeof *list, by_count);
    return list;
}

static void bars(struct out *o, const struct cause *list, size_t n)
{
    size_t shown = n < MOST_BARS ? n : MOST_BARS;
    out_text(o, "<figure>\n<figcaption>First causes</figcaption>\n<p class=\"key\">"
                "<span><i class=\"rej\"></i>records with the fault</span>"
                "<span><i class=\"skip\"></i>records that fell with them</span></p>\n");
    html_bars(o, "causes", "Records left out, by first cause",
              "A bar as long as the records that a cause took out. The table below has the "
              "numbers.",
              shown);
    for (size_t i = 0; i < shown; i++) {
        struct html_bar bar = {list[i].name,
                               {{(double)list[i].own, "rej"}, {(double)list[i].fell, "skip"}}};
        html_bar(o, i, &bar, (double)(list[0].own + list[0].fell));
        html_count(o, list[i].own);
        if (list[i].fell) {
            out_text(o, " + ");
            html_count(o, list[i].fell);
        }
        html_bar_end(o);
    }
    html_bars_end(o);
    out_text(o, "</figure>\n");
}

static void fell_cell(struct out *o, const json_t *lost)
{
    const char *stage, *mark = "";
    json_t *n;
    out_text(o, "<td class=\"long\">");
    json_object_foreach((json_t *)lost, stage, n)
    {
        if (*stage == '\0')
            continue;
        out_text(o, mark);
        out_escaped(o, stage);
        out_text(o, " ");
        html_count(o, json_integer_value(n));
        mark = ", ";
    }
    out_text(o, "</td>");
}

static void table(struct out *o, const struct cause *list, size_t n)
{
    static const char *const columns[] = {"First cause", "#Records", "#Fell with them", "Of which",
                                          NULL};
    html_table(o, "Records left out, by first cause", columns);
    for (size_t i = 0; i < n; i++) {
        html_row(o, list[i].name);
        html_cell_count(o, list[i].own);
        html_cell_count(o, list[i].fell);
        fell_cell(o, list[i].lost);
        html_row_end(o);
    }
    html_table_end(o);
}

static void first_records(struct out *o, const json_t *root)
{
    static const char *const columns[] = {"Stage", "Key", "Field", "Code", "Reason", NULL};
    size_t i;
    json_t *error;
    const json_t *errors = json_object_get(root, "errors");
    int64_t total = view_count(root, "errors_total");
    char caption[80] = "Each of them";
    if (total > MOST_ERRORS)
        snprintf(caption, sizeof caption, "The first %d of %lld; errors.csv has all", MOST_ERRORS,
                 (long long)total);
    html_table_list(o, caption, columns);
    json_array_foreach(errors, i, error)
    {
        if (i == MOST_ERRORS)
            break;
        html_row(o, view_text(error, "entity"));
        html_cell(o, view_text(error, "id"));
        html_cell(o, view_text(error, "field"));
        html_cell(o, view_text(error, "code"));
        html_cell_long(o, view_text(error, "message"));
        html_row_end(o);
    }
    html_table_end(o);
}

void html_lost(struct out *o, const json_t *root)
{
    json_t *causes = lost_by_cause(root);
    size_t n;
    struct cause *list = sorted(o, causes, &n);
    html_section(o, "lost", "What was left out");
    if (n == 0) {
        html_tag(o, "p", "No record was rejected or skipped.");
    } else {
        bars(o, list, n);
        table(o, list, n);
        first_records(o, root);
    }
    html_section_end(o);
    json_decref(causes);
}

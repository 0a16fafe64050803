/*
 * html_sources.c - how APIs were read, and how much of each reference is filled.
 */
#include <stdio.h>

#include "html.h"
#include "view.h"

static void request_table(struct out *o, const json_t *sources)
{
    static const char *const columns[] = {"Stage",       "Entity",   "#Records",
                                          "#Requests",   "#Retries", "#Pages used",
                                          "#Read again", "Digest",   NULL};
    static const char *const counts[] = {"records", "requests", "retries", "pages", "read_again"};
    size_t i;
    json_t *s;
    html_table(o, "How sources were read", columns);
    json_array_foreach(sources, i, s)
    {
        char digest[17];
        html_row(o, view_text(s, "stage"));
        html_cell(o, view_text(s, "entity"));
        for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
            html_cell_count(o, view_count(s, counts[k]));
        snprintf(digest, sizeof digest, "%.16s", view_text(s, "digest"));
        html_cell(o, digest);
        html_row_end(o);
    }
    html_table_end(o);
}

static void reference_table(struct out *o, const json_t *sources)
{
    static const char *const columns[] = {"Reference", "To",     "Stage",        "#Rows",
                                          "#Filled",   "#Share", "#Led nowhere", NULL};
    size_t i, k;
    json_t *s, *r;
    html_table(o, "How much references are filled", columns);
    json_array_foreach(sources, i, s)
    {
        json_array_foreach(json_object_get(s, "references"), k, r)
        {
            html_row(o, view_text(r, "column"));
            html_cell(o, view_text(r, "to"));
            html_cell(o, view_text(s, "stage"));
            html_cell_count(o, view_count(r, "rows"));
            html_cell_count(o, view_count(r, "filled"));
            html_cell_share(o, view_count(r, "filled"), view_count(r, "rows"));
            html_cell_count(o, view_count(r, "set_null"));
            html_row_end(o);
        }
    }
    html_table_end(o);
}

void html_sources(struct out *o, const json_t *root)
{
    const json_t *sources = json_object_get(root, "sources");
    if (!json_array_size(sources))
        return;
    html_section(o, "sources", "Sources");
    request_table(o, sources);
    reference_table(o, sources);
    html_section_end(o);
}

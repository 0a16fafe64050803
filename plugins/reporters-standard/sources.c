/*
 * sources.c - how APIs were read, in summary.txt: requests, retries, pages; how much each field and
 * each reference is filled.
 */
#include <stdio.h>

#include "summary.h"
#include "view.h"

/* Rounded down, so that 100.0 % is said of all only. */
static double share(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)(part * 1000 / whole) / 10.0 : 0;
}

static void fields(struct out *o, const json_t *source)
{
    int64_t records = view_count(source, "records");
    size_t i;
    json_t *field;
    json_array_foreach(json_object_get(source, "fields"), i, field)
    {
        int64_t filled = view_count(field, "filled");
        out_text(o, "    ");
        out_plain(o, view_text(field, "name"), 40);
        out_format(o, "%10lld  %5.1f %%\n", (long long)filled, share(filled, records));
    }
}

static void references(struct out *o, const json_t *source)
{
    size_t i;
    json_t *r;
    json_array_foreach(json_object_get(source, "references"), i, r)
    {
        int64_t filled = view_count(r, "filled"), cut = view_count(r, "set_null");
        out_text(o, "    ");
        out_plain(o, view_text(r, "column"), 0);
        out_text(o, " -> ");
        out_plain(o, view_text(r, "to"), 0);
        out_format(o, ": %lld of %lld rows, %5.1f %%", (long long)filled,
                   (long long)view_count(r, "rows"), share(filled, view_count(r, "rows")));
        if (cut)
            out_format(o, "; %lld led nowhere", (long long)cut);
        out_text(o, "\n");
    }
}

void summary_sources(struct out *o, const json_t *root)
{
    const json_t *sources = json_object_get(root, "sources");
    size_t i;
    json_t *s;
    if (!json_array_size(sources))
        return;
    out_heading(o, "Sources");
    json_array_foreach(sources, i, s)
    {
        out_plain(o, view_text(s, "stage"), 24);
        out_format(o,
                   "%lld records, %lld requests, %lld of them retries, %lld pages used, %lld read "
                   "again\n",
                   (long long)view_count(s, "records"), (long long)view_count(s, "requests"),
                   (long long)view_count(s, "retries"), (long long)view_count(s, "pages"),
                   (long long)view_count(s, "read_again"));
        out_plain(o, "  digest", 24);
        out_plain(o, view_text(s, "digest"), 0);
        out_text(o, "\n  fields that are filled\n");
        fields(o, s);
        if (json_array_size(json_object_get(s, "references")))
            out_text(o, "  references that lead somewhere, of rows that were accepted\n");
        references(o, s);
    }
}

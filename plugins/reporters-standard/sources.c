/*
 * sources.c - how APIs were read, in summary.txt: requests, retries, pages; how much each reference
 * is filled.
 */
#include "../common/plural.h"
#include "summary.h"
#include "view.h"

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
        out_format(o, ": %lld of %lld %s, %5.1f %%", (long long)filled,
                   (long long)view_count(r, "rows"), plural(view_count(r, "rows"), "row", "rows"),
                   view_share(filled, view_count(r, "rows")));
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
        out_format(o, "%lld %s, %lld %s, %lld of them retries, %lld %s used, %lld read again\n",
                   (long long)view_count(s, "records"),
                   plural(view_count(s, "records"), "record", "records"),
                   (long long)view_count(s, "requests"),
                   plural(view_count(s, "requests"), "request", "requests"),
                   (long long)view_count(s, "retries"), (long long)view_count(s, "pages"),
                   plural(view_count(s, "pages"), "page", "pages"),
                   (long long)view_count(s, "read_again"));
        out_plain(o, "  digest", 24);
        out_plain(o, view_text(s, "digest"), 0);
        out_text(o, "\n");
        if (json_array_size(json_object_get(s, "references")))
            out_text(o, "  references that lead somewhere, of rows that were accepted\n");
        references(o, s);
    }
}

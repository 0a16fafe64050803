/*
 * causes.c - the sections of summary.txt on what was lost or changed on the way: first causes,
 * with what fell with them, repairs, and warnings.
 */
#include <stdio.h>

#include "lost.h"
#include "summary.h"
#include "view.h"

static void put_cause(struct out *o, const char *cause, const json_t *lost)
{
    const char *stage, *mark = "  with it: ";
    json_t *n;
    out_plain(o, cause, 48);
    out_format(o, "%10lld", (long long)view_count(lost, ""));
    json_object_foreach((json_t *)lost, stage, n)
    {
        if (*stage == '\0')
            continue;
        out_text(o, mark);
        out_plain(o, stage, 0);
        out_format(o, " %lld", (long long)json_integer_value(n));
        mark = ", ";
    }
    out_text(o, "\n");
}

void summary_causes(struct out *o, const json_t *root)
{
    json_t *causes = lost_by_cause(root), *lost;
    const char *cause;
    out_heading(o, "Rejected and skipped records, by first cause");
    if (json_object_size(causes) == 0)
        out_text(o, "none\n");
    json_object_foreach(causes, cause, lost) put_cause(o, cause, lost);
    json_decref(causes);
}

void summary_repairs(struct out *o, const json_t *root)
{
    const json_t *repairs = json_object_get(root, "repairs");
    size_t i;
    json_t *repair;
    if (json_array_size(repairs) == 0)
        return;
    out_heading(o, "Repairs and defaults");
    json_array_foreach(repairs, i, repair)
    {
        out_plain(o, view_text(repair, "stage"), 24);
        out_text(o, " ");
        out_plain(o, view_text(repair, "field"), 24);
        out_text(o, " ");
        out_plain(o, view_text(repair, "rule"), 32);
        out_format(o, "%10lld\n", (long long)view_count(repair, "count"));
    }
}

/* A warning is a text, or an object with a message. */
void summary_warnings(struct out *o, const json_t *root)
{
    const json_t *warnings = json_object_get(root, "warnings");
    size_t i;
    json_t *warning;
    char heading[64];
    if (json_array_size(warnings) == 0)
        return;
    snprintf(heading, sizeof heading, "Warnings (%zu)", json_array_size(warnings));
    out_heading(o, heading);
    json_array_foreach(warnings, i, warning)
    {
        const char *text = json_string_value(warning);
        out_text(o, "- ");
        out_plain(o, text ? text : view_text(warning, "message"), 0);
        out_text(o, "\n");
    }
}

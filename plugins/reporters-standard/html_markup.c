/*
 * html_markup.c - pieces of report.html: sections, tables, numbers.
 */
#include <stdio.h>
#include <string.h>

#include "../common/plansvg.h"
#include "html.h"
#include "view.h"

void html_section(struct out *o, const char *id, const char *heading)
{
    out_format(o, "<section id=\"%s\" aria-labelledby=\"h-%s\">\n<h2 id=\"h-%s\">", id, id, id);
    out_escaped(o, heading);
    out_text(o, "</h2>\n");
}

void html_section_end(struct out *o)
{
    out_text(o, "</section>\n");
}

void html_tag(struct out *o, const char *tag, const char *text)
{
    out_format(o, "<%s>", tag);
    out_escaped(o, text);
    out_format(o, "</%s>\n", tag);
}

void html_short(struct out *o, const char *text, int most)
{
    char cut[256];
    size_t n = plansvg_fits(text, most);
    n = n < sizeof cut ? n : sizeof cut - 1;
    snprintf(cut, sizeof cut, "%.*s", (int)n, text);
    out_escaped(o, cut);
    if (text[n] != '\0')
        out_text(o, "\xe2\x80\xa6");
}

void html_count(struct out *o, int64_t n)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%lld", (long long)n);
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-')
            out_text(o, ",");
        out_bytes(o, digits + i, 1);
    }
}

void html_seconds(struct out *o, double seconds)
{
    long long whole = (long long)seconds;
    if (seconds < 60)
        out_format(o, seconds < 10 ? "%.3f s" : "%.1f s", seconds);
    else if (seconds < 3600)
        out_format(o, "%lld min %02lld s", whole / 60, whole % 60);
    else
        out_format(o, "%lld h %02lld min", whole / 3600, whole / 60 % 60);
}

/* The box takes the focus, so that it can be scrolled without a mouse. */
static void table(struct out *o, const char *kind, const char *caption, const char *const *columns)
{
    out_format(o, "<div class=\"%s\" role=\"region\" tabindex=\"0\" aria-label=\"", kind);
    out_escaped(o, caption);
    out_text(o, "\">\n<table>\n");
    html_tag(o, "caption", caption);
    out_text(o, "<thead><tr>");
    for (size_t i = 0; columns[i]; i++) {
        int number = columns[i][0] == '#';
        out_format(o, "<th scope=\"col\"%s>", number ? " class=\"n\"" : "");
        out_escaped(o, columns[i] + number);
        out_text(o, "</th>");
    }
    out_text(o, "</tr></thead>\n<tbody>\n");
}

void html_table(struct out *o, const char *caption, const char *const *columns)
{
    table(o, "box", caption, columns);
}

void html_table_list(struct out *o, const char *caption, const char *const *columns)
{
    table(o, "box list", caption, columns);
}

void html_table_end(struct out *o)
{
    out_text(o, "</tbody>\n</table>\n</div>\n");
}

void html_table_foot(struct out *o, const char *heading)
{
    out_text(o, "</tbody>\n<tfoot>\n");
    html_row(o, heading);
}

void html_table_foot_end(struct out *o)
{
    html_row_end(o);
    out_text(o, "</tfoot>\n</table>\n</div>\n");
}

void html_row(struct out *o, const char *heading)
{
    out_text(o, "<tr><th scope=\"row\">");
    out_escaped(o, heading);
    out_text(o, "</th>");
}

void html_row_end(struct out *o)
{
    out_text(o, "</tr>\n");
}

void html_cell(struct out *o, const char *text)
{
    out_text(o, "<td>");
    out_escaped(o, text);
    out_text(o, "</td>");
}

void html_cell_long(struct out *o, const char *text)
{
    out_text(o, "<td class=\"long\">");
    out_escaped(o, text);
    out_text(o, "</td>");
}

void html_cell_count(struct out *o, int64_t n)
{
    out_text(o, "<td class=\"n\">");
    html_count(o, n);
    out_text(o, "</td>");
}

void html_cell_share(struct out *o, int64_t part, int64_t whole)
{
    out_text(o, "<td class=\"n\">");
    if (whole > 0)
        out_format(o, "%.1f %%", view_share(part, whole));
    else
        out_text(o, "-");
    out_text(o, "</td>");
}

void html_cell_seconds(struct out *o, double seconds)
{
    out_text(o, "<td class=\"n\">");
    html_seconds(o, seconds);
    out_text(o, "</td>");
}

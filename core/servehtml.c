/* servehtml.c - pieces of the page of --serve: texts, numbers, tables. */
#include "servehtml.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "statusdoc.h"

void servehtml_escaped(struct str *out, const char *text)
{
    for (; *text; text++) {
        const char *as = *text == '&'    ? "&amp;"
                         : *text == '<'  ? "&lt;"
                         : *text == '>'  ? "&gt;"
                         : *text == '"'  ? "&quot;"
                         : *text == '\'' ? "&#39;"
                                         : NULL;
        if (as)
            str_add(out, as);
        else
            str_add_char(out, (unsigned char)*text < 0x20 && *text != '\n' ? '?' : *text);
    }
}

/* A state as a word: "rolled back". */
void servehtml_word(struct str *out, const char *state)
{
    for (; *state; state++)
        str_add_char(out, *state == '_' ? ' ' : *state);
}

void servehtml_tag(struct str *out, const char *name, const char *text)
{
    str_printf(out, "<%s>", name);
    servehtml_escaped(out, text);
    str_printf(out, "</%.*s>", (int)strcspn(name, " "), name);
}

void servehtml_count(struct str *out, double n) /* 32,097 */
{
    char digits[32];
    int len = snprintf(digits, sizeof digits, "%.0f", n);
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-')
            str_add_char(out, ',');
        str_add_char(out, digits[i]);
    }
}

void servehtml_duration(struct str *out, double seconds)
{
    long long whole = (long long)seconds;
    if (seconds < 60)
        str_printf(out, "%.1f s", seconds);
    else if (seconds < 3600)
        str_printf(out, "%lld min %02lld s", whole / 60, whole % 60);
    else
        str_printf(out, "%lld h %02lld min", whole / 3600, whole / 60 % 60);
}

void servehtml_cell(struct str *out, const json_t *object, const char *name)
{
    servehtml_tag(out, "td", statusdoc_text(object, name));
}

void servehtml_cell_count(struct str *out, const json_t *object, const char *name)
{
    str_add(out, "<td class=\"n\">");
    if (json_is_number(json_object_get(object, name)))
        servehtml_count(out, statusdoc_number(object, name));
    str_add(out, "</td>");
}

void servehtml_section(struct str *out, const char *id, const char *heading)
{
    str_printf(out, "<section id=\"%s\" aria-labelledby=\"h-%s\">\n<h2 id=\"h-%s\">%s</h2>\n", id,
               id, id, heading);
}

/* The box takes the focus, so that it can be scrolled without a mouse. */
void servehtml_table(struct str *out, const char *label, const char *const *columns)
{
    str_printf(out,
               "<div class=\"box\" role=\"region\" tabindex=\"0\" aria-label=\"%s\">\n<table>\n"
               "<thead><tr>",
               label);
    for (; *columns; columns++)
        str_printf(out, "<th scope=\"col\"%s>%s</th>", **columns == '#' ? " class=\"n\"" : "",
                   *columns + (**columns == '#'));
    str_add(out, "</tr></thead>\n<tbody>\n");
}

void servehtml_table_end(struct str *out)
{
    str_add(out, "</tbody>\n</table>\n</div>\n");
}

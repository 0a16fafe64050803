/* html.h - the parts of report.html, and what they are made of. Every text of a project goes
 * through out_escaped(), which these functions call for what they are given. */
#ifndef MIGHOST_REPORTERS_HTML_H
#define MIGHOST_REPORTERS_HTML_H

#include <jansson.h>

#include "out.h"

extern const char html_style[]; /* the style sheet */

/* ---- html_markup.c: pieces ---- */

void html_section(struct out *o, const char *id, const char *heading);
void html_section_end(struct out *o);
/* <TAG>text</TAG> */
void html_tag(struct out *o, const char *tag, const char *text);
/* At most `most` characters of a text, an ellipsis for the rest. */
void html_short(struct out *o, const char *text, int most);
void html_count(struct out *o, int64_t n);        /* 32,097 */
void html_seconds(struct out *o, double seconds); /* 4.412 s, 2 min 05 s, 1 h 02 min */
/* A table in a box of its own that scrolls sideways. Columns by their headings; one that begins
 * with '#' is of numbers. */
void html_table(struct out *o, const char *caption, const char *const *columns);
/* The same; a telephone shows it without headings, row below row. */
void html_table_list(struct out *o, const char *caption, const char *const *columns);
void html_table_end(struct out *o);
/* The row of sums, and the table's end behind it. */
void html_table_foot(struct out *o, const char *heading);
void html_table_foot_end(struct out *o);
void html_row(struct out *o, const char *heading); /* begins a row with what it is about */
void html_row_end(struct out *o);
void html_cell(struct out *o, const char *text);
void html_cell_long(struct out *o, const char *text); /* a sentence */
void html_cell_count(struct out *o, int64_t n);
void html_cell_seconds(struct out *o, double seconds);
void html_cell_share(struct out *o, int64_t part, int64_t whole);

/* ---- sections, in the order of the page ---- */

void html_verdict(struct out *o, const json_t *root); /* what became of it, in words and sums */
void html_undo(struct out *o, const json_t *root);
void html_plan(struct out *o, const json_t *root);     /* the stages as a graph */
void html_stages(struct out *o, const json_t *root);   /* rows and time of each */
void html_sources(struct out *o, const json_t *root);  /* how they were read */
void html_coverage(struct out *o, const json_t *root); /* fields of sources, columns */
void html_lost(struct out *o, const json_t *root);     /* what was left out, by what began it */
void html_proof(struct out *o, const json_t *root);    /* verification, checks, criteria */
void html_notes(struct out *o, const json_t *root);    /* warnings, repairs */
void html_origin(struct out *o, const json_t *root);   /* by whom, when, with which plugins */

/* ---- html_bars.c: one bar a row, in an SVG of any width ---- */

struct html_part {
    double size;
    const char *kind; /* class of the style sheet */
};
struct html_bar {
    const char *name;
    struct html_part parts[3];
};
void html_bars(struct out *o, const char *id, const char *title, const char *description,
               size_t rows);
/* `most` is the longest bar's size. What the row says at its end is written between the two. */
void html_bar(struct out *o, size_t row, const struct html_bar *bar, double most);
void html_bar_end(struct out *o);
void html_bars_end(struct out *o);

#endif

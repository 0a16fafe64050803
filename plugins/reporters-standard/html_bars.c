/*
 * html_bars.c - horizontal bars as SVG: text in its own size, lengths in percent, so that the
 * picture fits a telephone as it fits a desk.
 */
#include "html.h"

#define ROW 42 /* pixels: a line of text, the bar below it */

void html_bars(struct out *o, const char *id, const char *title, const char *description,
               size_t rows)
{
    out_format(o,
               "<svg class=\"bars\" width=\"100%%\" height=\"%zu\" role=\"img\""
               " aria-labelledby=\"%s-t %s-d\">\n<title id=\"%s-t\">",
               rows * ROW, id, id, id);
    out_escaped(o, title);
    out_format(o, "</title>\n<desc id=\"%s-d\">", id);
    out_escaped(o, description);
    out_text(o, "</desc>\n");
}

/* What is there is seen, however small its share. */
static double visible(double share)
{
    return share > 0 && share < 0.4 ? 0.4 : share;
}

void html_bar(struct out *o, size_t row, const struct html_bar *bar, double most)
{
    size_t y = row * ROW;
    double x = 0;
    out_format(o, "<g><rect class=\"track\" x=\"0\" y=\"%zu\" width=\"100%%\" height=\"10\"/>",
               y + 22);
    for (size_t i = 0; i < sizeof bar->parts / sizeof *bar->parts; i++) {
        double share = most > 0 ? visible(100 * bar->parts[i].size / most) : 0;
        if (share > 100 - x)
            share = 100 - x;
        if (share <= 0)
            continue;
        out_format(o, "<rect class=\"%s\" x=\"%.3f%%\" y=\"%zu\" width=\"%.3f%%\" height=\"10\"/>",
                   bar->parts[i].kind, x, y + 22, share);
        x += share;
    }
    out_format(o, "\n<text x=\"0\" y=\"%zu\">", y + 15);
    out_text(o, "<title>");
    out_escaped(o, bar->name);
    out_text(o, "</title>");
    html_short(o, bar->name, 26);
    out_format(o, "</text><text class=\"n\" x=\"100%%\" y=\"%zu\">", y + 15);
}

void html_bar_end(struct out *o)
{
    out_text(o, "</text></g>\n");
}

void html_bars_end(struct out *o)
{
    out_text(o, "</svg>\n");
}

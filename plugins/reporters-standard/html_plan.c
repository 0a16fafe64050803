/*
 * html_plan.c - the stages of a run as a graph: who goes behind whom, layer by layer. A need that
 * others imply is not drawn; the table of the stages names all.
 */
#include <string.h>

#include "html.h"
#include "reporter.h"
#include "view.h"

enum { MOST = 400, ACROSS = 5, WIDE = 180, HIGH = 50, GAP = 22, LINE_GAP = 14, LAYER_GAP = 46 };

struct node {
    const json_t *stage;
    int layer, place; /* place: in its layer, from the left */
    int x, y;
    double wish; /* where those before it stand */
};

struct graph {
    size_t n;
    int width, height;
    struct node node[MOST];
    /* behind[i][k]: i goes behind k, by whatever way; drawn[i][k]: a line says so. */
    unsigned char behind[MOST][MOST], drawn[MOST][MOST];
};

static size_t find(const struct graph *g, size_t before, const char *name)
{
    for (size_t i = 0; i < before; i++)
        if (strcmp(view_text(g->node[i].stage, "name"), name) == 0)
            return i;
    return before;
}

/* Stages stand in the order in which they ran: a need is of one that stands before, or closes a
 * cycle and was dropped. */
static void read_needs(struct graph *g, size_t i)
{
    size_t k;
    json_t *need;
    json_array_foreach(json_object_get(g->node[i].stage, "needs"), k, need)
    {
        size_t to = find(g, i, json_string_value(need) ? json_string_value(need) : "");
        if (to == i)
            continue;
        g->drawn[i][to] = g->behind[i][to] = 1;
        if (g->node[to].layer + 1 > g->node[i].layer)
            g->node[i].layer = g->node[to].layer + 1;
    }
    for (size_t to = 0; to < i; to++)
        for (size_t far = 0; g->drawn[i][to] && far < to; far++)
            g->behind[i][far] |= g->behind[to][far];
    for (size_t to = 0; to < i; to++)
        for (size_t by = to + 1; by < i; by++)
            if (g->drawn[i][by] && g->behind[by][to])
                g->drawn[i][to] = 0;
}

/* ---- places --------------------------------------------------------------------------- */

/* Below the middle of those that it goes behind: fewer lines cross. */
static double wish(const struct graph *g, size_t i)
{
    double sum = 0;
    int n = 0;
    for (size_t k = 0; k < i; k++)
        if (g->drawn[i][k]) {
            sum += g->node[k].x;
            n++;
        }
    return n ? sum / n : g->width / 2.0;
}

static int layer_members(const struct graph *g, int layer, size_t members[MOST])
{
    int n = 0;
    for (size_t i = 0; i < g->n; i++) {
        if (g->node[i].layer != layer)
            continue;
        int at = n++;
        for (; at > 0 && g->node[members[at - 1]].wish > g->node[i].wish; at--)
            members[at] = members[at - 1];
        members[at] = i;
    }
    return n;
}

static void place_layer(struct graph *g, int layer)
{
    size_t members[MOST];
    for (size_t i = 0; i < g->n; i++)
        if (g->node[i].layer == layer)
            g->node[i].wish = wish(g, i);
    int n = layer_members(g, layer, members);
    for (int at = 0; at < n; at++) {
        int line = at / ACROSS, here = n - line * ACROSS < ACROSS ? n - line * ACROSS : ACROSS;
        struct node *node = &g->node[members[at]];
        node->x = (g->width - here * (WIDE + GAP) + GAP) / 2 + at % ACROSS * (WIDE + GAP);
        node->y = g->height + line * (HIGH + LINE_GAP);
    }
    g->height += (n + ACROSS - 1) / ACROSS * (HIGH + LINE_GAP) - LINE_GAP + LAYER_GAP;
}

static int widest(const struct graph *g, int *layers)
{
    int most = 1;
    *layers = 0;
    for (size_t i = 0; i < g->n; i++) {
        int n = 0;
        for (size_t k = 0; k < g->n; k++)
            n += g->node[k].layer == g->node[i].layer;
        most = n > most ? n : most;
        *layers = g->node[i].layer + 1 > *layers ? g->node[i].layer + 1 : *layers;
    }
    return most < ACROSS ? most : ACROSS;
}

static void lay_out(struct graph *g, const json_t *stages)
{
    int layers;
    g->n = json_array_size(stages);
    for (size_t i = 0; i < g->n; i++) {
        g->node[i].stage = json_array_get(stages, i);
        read_needs(g, i);
    }
    g->width = widest(g, &layers) * (WIDE + GAP) + 4; /* half a gap on either side for lines */
    g->height = 2;
    for (int layer = 0; layer < layers; layer++)
        place_layer(g, layer);
    g->height += 2 - LAYER_GAP;
}

/* ---- the picture ---------------------------------------------------------------------- */

/* The next line of boxes under this height. */
static int line_below(const struct graph *g, int y)
{
    int line = g->height;
    for (size_t i = 0; i < g->n; i++)
        if (g->node[i].y > y && g->node[i].y < line)
            line = g->node[i].y;
    return line;
}

/* Where a line passes between the boxes at height y, near x. */
static int passage(const struct graph *g, int y, int x)
{
    for (size_t i = 0; i < g->n; i++) {
        const struct node *box = &g->node[i];
        if (box->y == y && x > box->x - GAP / 2 && x < box->x + WIDE + GAP / 2)
            return x < box->x + WIDE / 2 ? box->x - GAP / 2 : box->x + WIDE + GAP / 2;
    }
    return x;
}

static void curve(struct out *o, int x1, int y1, int x2, int y2)
{
    int bend = (y2 - y1) / 2;
    out_format(o, "C%d %d %d %d %d %d", x1, y1 + bend, x2, y2 - bend, x2, y2);
}

static void draw_edge(struct out *o, const struct graph *g, const struct node *from,
                      const struct node *to)
{
    int x = from->x + WIDE / 2, y = from->y + HIGH, end = to->x + WIDE / 2;
    out_format(o, "<path class=\"edge\" marker-end=\"url(#head)\" d=\"M%d %d", x, y);
    for (int line = line_below(g, from->y); line < to->y; line = line_below(g, line)) {
        int through = passage(g, line, x + (end - x) * (line - y) / (to->y - y));
        curve(o, x, y, through, line);
        out_format(o, "V%d", line + HIGH);
        x = through;
        y = line + HIGH;
    }
    curve(o, x, y, end, to->y - 5);
    out_text(o, "\"/>\n");
}

static void draw_edges(struct out *o, const struct graph *g)
{
    for (size_t i = 0; i < g->n; i++)
        for (size_t k = 0; k < i; k++)
            if (g->drawn[i][k])
                draw_edge(o, g, &g->node[k], &g->node[i]);
}

static const char *tone(const json_t *stage, const struct view_records *n)
{
    if (strcmp(view_text(stage, "status"), "complete") != 0)
        return "still";
    return n->read == n->migrated ? "good" : "warn";
}

/* Its second line: what became of the records. */
static void outcome(struct out *o, const json_t *stage, const struct view_records *n)
{
    if (strcmp(view_text(stage, "status"), "complete") != 0) {
        out_escaped(o, view_text(stage, "status"));
        return;
    }
    html_count(o, n->read);
    out_text(o, " read");
    if (n->read == n->migrated)
        return;
    out_text(o, ", ");
    html_count(o, n->read - n->migrated);
    out_text(o, " left out");
}

static void draw_node(struct out *o, const struct node *node)
{
    struct view_records n = {0};
    const char *name = view_text(node->stage, "name");
    int off = strcmp(view_text(node->stage, "status"), "disabled") == 0;
    view_add_records(node->stage, &n);
    out_format(o, "<g class=\"%s\"><title>", tone(node->stage, &n));
    out_escaped(o, name);
    out_text(o, ": ");
    outcome(o, node->stage, &n);
    out_format(o,
               "</title><rect class=\"node%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
               "rx=\"5\"/><rect class=\"side\" x=\"%d\" y=\"%d\" width=\"5\" height=\"%d\"/>",
               off ? " off" : "", node->x, node->y, WIDE, HIGH, node->x, node->y + 1, HIGH - 2);
    out_format(o, "<text class=\"name\" x=\"%d\" y=\"%d\">", node->x + 15, node->y + 20);
    html_short(o, name, 18);
    out_format(o, "</text><text class=\"sub\" x=\"%d\" y=\"%d\">", node->x + 15, node->y + 38);
    outcome(o, node->stage, &n);
    out_text(o, "</text></g>\n");
}

static void draw(struct out *o, const struct graph *g)
{
    out_text(o, "<div class=\"box graph\" role=\"region\" tabindex=\"0\""
                " aria-label=\"The plan as a graph\">\n");
    out_format(o,
               "<svg class=\"flow\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\" "
               "aria-labelledby=\"plan-t plan-d\">\n<title id=\"plan-t\">The plan as a "
               "graph</title>\n<desc id=\"plan-d\">%zu stages from top to bottom; a line leads to "
               "what goes behind. The table of the stages says the same.</desc>\n",
               g->width, g->height, g->width, g->height, g->n);
    out_text(o, "<defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"4\" refY=\"4\" "
                "markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\" "
                "markerUnits=\"userSpaceOnUse\"><path class=\"head\" d=\"M0 0L8 4L0 8z\"/></marker>"
                "</defs>\n");
    draw_edges(o, g);
    for (size_t i = 0; i < g->n; i++)
        draw_node(o, &g->node[i]);
    out_text(o, "</svg>\n</div>\n");
}

void html_plan(struct out *o, const json_t *root)
{
    const json_t *stages = json_object_get(root, "stages");
    size_t n = json_array_size(stages);
    html_section(o, "plan", "Plan");
    if (n == 0) {
        html_tag(o, "p", "The run has no stages.");
    } else if (n > MOST) {
        out_format(o, "<p>%zu stages are too many for a picture.</p>\n", n);
    } else {
        struct graph *g = o->host->alloc(o->host, sizeof *g);
        memset(g, 0, sizeof *g);
        lay_out(g, stages);
        draw(o, g);
    }
    html_section_end(o);
}

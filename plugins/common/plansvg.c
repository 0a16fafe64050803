/*
 * plansvg.c - stages as a graph: who goes behind whom, layer by layer. A need that others imply is
 * not drawn; a table of the stages beside it names all.
 */
#include "plansvg.h"
#include "plural.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    MOST = PLANSVG_MOST,
    ACROSS = 5,
    WIDE = 180,
    HIGH = 50,
    GAP = 22,
    LINE_GAP = 14,
    LAYER_GAP = 46,
    MOST_CHARACTERS = 18
};

struct node {
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

static size_t find(const struct plansvg *p, size_t before, const char *name)
{
    for (size_t i = 0; i < before; i++)
        if (strcmp(p->name(p->ctx, i), name) == 0)
            return i;
    return before;
}

/* Stages stand in the order in which they ran: a need is of one that stands before, or closes a
 * cycle and was dropped. */
static void read_needs(const struct plansvg *p, struct graph *g, size_t i)
{
    const char *need;
    for (size_t k = 0; (need = p->need(p->ctx, i, k)); k++) {
        size_t to = find(p, i, need);
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

static void lay_out(const struct plansvg *p, struct graph *g)
{
    int layers;
    g->n = p->n;
    for (size_t i = 0; i < g->n; i++)
        read_needs(p, g, i);
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

static void markup(const struct plansvg *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void markup(const struct plansvg *p, const char *format, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    p->markup(p->ctx, text);
}

static void curve(const struct plansvg *p, int x1, int y1, int x2, int y2)
{
    int bend = (y2 - y1) / 2;
    markup(p, "C%d %d %d %d %d %d", x1, y1 + bend, x2, y2 - bend, x2, y2);
}

static void draw_edge(const struct plansvg *p, const struct graph *g, const struct node *from,
                      const struct node *to)
{
    int x = from->x + WIDE / 2, y = from->y + HIGH, end = to->x + WIDE / 2;
    markup(p, "<path class=\"edge\" marker-end=\"url(#head)\" d=\"M%d %d", x, y);
    for (int line = line_below(g, from->y); line < to->y; line = line_below(g, line)) {
        int through = passage(g, line, x + (end - x) * (line - y) / (to->y - y));
        curve(p, x, y, through, line);
        markup(p, "V%d", line + HIGH);
        x = through;
        y = line + HIGH;
    }
    curve(p, x, y, end, to->y - 5);
    p->markup(p->ctx, "\"/>\n");
}

static void draw_edges(const struct plansvg *p, const struct graph *g)
{
    for (size_t i = 0; i < g->n; i++)
        for (size_t k = 0; k < i; k++)
            if (g->drawn[i][k])
                draw_edge(p, g, &g->node[k], &g->node[i]);
}

size_t plansvg_fits(const char *text, int most)
{
    size_t n = 0;
    for (int characters = 0; text[n];) {
        size_t next = n + 1;
        while (((unsigned char)text[next] & 0xc0) == 0x80)
            next++;
        if (++characters == most && text[next] != '\0')
            break;
        n = next;
    }
    return n;
}

static void draw_name(const struct plansvg *p, const char *name)
{
    char cut[4 * MOST_CHARACTERS + 1];
    size_t n = plansvg_fits(name, MOST_CHARACTERS);
    snprintf(cut, sizeof cut, "%.*s", (int)n, name);
    p->text(p->ctx, cut);
    if (name[n] != '\0')
        p->markup(p->ctx, "\xe2\x80\xa6");
}

static void draw_node(const struct plansvg *p, size_t i, const struct node *node)
{
    const char *name = p->name(p->ctx, i);
    markup(p, "<g class=\"%s\"><title>", p->tone(p->ctx, i));
    p->text(p->ctx, name);
    p->markup(p->ctx, ": ");
    p->said(p->ctx, i);
    markup(p,
           "</title><rect class=\"node%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
           "rx=\"5\"/><rect class=\"side\" x=\"%d\" y=\"%d\" width=\"5\" height=\"%d\"/>",
           p->is_off(p->ctx, i) ? " off" : "", node->x, node->y, WIDE, HIGH, node->x, node->y + 1,
           HIGH - 2);
    markup(p, "<text class=\"name\" x=\"%d\" y=\"%d\">", node->x + 15, node->y + 20);
    draw_name(p, name);
    markup(p, "</text><text class=\"sub\" x=\"%d\" y=\"%d\">", node->x + 15, node->y + 38);
    p->said(p->ctx, i);
    p->markup(p->ctx, "</text></g>\n");
}

static void draw(const struct plansvg *p, const struct graph *g)
{
    p->markup(p->ctx, "<div class=\"box graph\" role=\"region\" tabindex=\"0\""
                      " aria-label=\"The plan as a graph\">\n");
    markup(p,
           "<svg class=\"flow\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\" "
           "aria-labelledby=\"plan-t plan-d\">\n<title id=\"plan-t\">The plan as a "
           "graph</title>\n<desc id=\"plan-d\">%zu %s from top to bottom; a line leads to what "
           "goes behind. The table of the stages says the same.</desc>\n",
           g->width, g->height, g->width, g->height, g->n, plural(g->n, "stage", "stages"));
    p->markup(p->ctx,
              "<defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"4\" refY=\"4\" "
              "markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\" "
              "markerUnits=\"userSpaceOnUse\"><path class=\"head\" d=\"M0 0L8 4L0 8z\"/></marker>"
              "</defs>\n");
    draw_edges(p, g);
    for (size_t i = 0; i < g->n; i++)
        draw_node(p, i, &g->node[i]);
    p->markup(p->ctx, "</svg>\n</div>\n");
}

void plansvg_draw(const struct plansvg *p, void *memory)
{
    struct graph *g = memory;
    memset(g, 0, sizeof *g);
    lay_out(p, g);
    draw(p, g);
}

size_t plansvg_bytes(void)
{
    return sizeof(struct graph);
}

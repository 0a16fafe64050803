/* plangraph.c - the graph of a plan: sorting it, finding paths and cycles. Pure.
 *
 * Cycles are found by breadth-first search along the needs, from each node in list order, so
 * each is the shortest through its first node. After a cycle was reported its closing edge is
 * taken out: every further cycle is then another one, and there are at most as many as edges
 * where a list of all elementary cycles could be exponential. */
#include "plangraph.h"

#include <stdint.h>
#include <string.h>

#include "str.h"

/* More would help nobody; the rest shows after these are mended. */
#define MAX_CYCLES 32
#define MAX_SHOWN 16

void plangraph_init(struct plangraph *g, const struct plan_node *nodes, size_t n, size_t capacity,
                    struct arena *mem)
{
    memset(g, 0, sizeof *g);
    g->nodes = nodes;
    g->n = n;
    g->edges = arena_alloc(mem, (capacity + 1) * sizeof *g->edges);
    g->first = arena_alloc(mem, (n + 1) * sizeof *g->first);
    g->mem = mem;
}

/* A binary heap of node indexes, the smallest on top. */
static void heap_push(size_t *heap, size_t *n, size_t value)
{
    size_t i = (*n)++;
    for (; i && heap[(i - 1) / 2] > value; i = (i - 1) / 2)
        heap[i] = heap[(i - 1) / 2];
    heap[i] = value;
}

static size_t heap_pop(size_t *heap, size_t *n)
{
    size_t top = heap[0], last = heap[--*n], i = 0;
    for (size_t child = 1; child < *n; child = 2 * i + 1) {
        if (child + 1 < *n && heap[child + 1] < heap[child])
            child++;
        if (heap[child] >= last)
            break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = last;
    return top;
}

/* The live edges sorted by `before`: those of node i are list[start[i]] .. list[start[i+1]-1].
 * A counting sort, so that edges of one node stay in order. */
static size_t *dependents(const struct plangraph *g, size_t **start_out)
{
    size_t *start = arena_alloc(g->mem, (g->n + 2) * sizeof *start);
    size_t *list = arena_alloc(g->mem, (g->n_edges + 1) * sizeof *list);
    for (size_t e = 0; e < g->n_edges; e++)
        if (g->edges[e].alive)
            start[g->edges[e].before + 2]++;
    for (size_t i = 2; i < g->n + 2; i++)
        start[i] += start[i - 1];
    for (size_t e = 0; e < g->n_edges; e++)
        if (g->edges[e].alive)
            list[start[g->edges[e].before + 1]++] = e;
    *start_out = start;
    return list;
}

size_t plangraph_sort(const struct plangraph *g, size_t *order)
{
    size_t *start, *list = dependents(g, &start), placed = 0, n_ready = 0;
    size_t *waits = arena_alloc(g->mem, (g->n + 1) * sizeof *waits);
    size_t *ready = arena_alloc(g->mem, (g->n + 1) * sizeof *ready);
    for (size_t e = 0; e < g->n_edges; e++)
        waits[g->edges[e].after] += g->edges[e].alive != 0;
    for (size_t i = 0; i < g->n; i++)
        if (g->nodes[i].enabled && waits[i] == 0)
            heap_push(ready, &n_ready, i);
    while (n_ready) {
        size_t node = heap_pop(ready, &n_ready);
        order[placed++] = node;
        for (size_t k = start[node]; k < start[node + 1]; k++) {
            size_t after = g->edges[list[k]].after;
            if (--waits[after] == 0)
                heap_push(ready, &n_ready, after);
        }
    }
    return placed;
}

struct search {
    size_t *queue, *via; /* via[i]: edge by which node i was reached, SIZE_MAX not reached */
};

static void search_init(struct search *s, const struct plangraph *g)
{
    s->queue = arena_alloc(g->mem, (g->n + 1) * sizeof *s->queue);
    s->via = arena_alloc(g->mem, (g->n + 1) * sizeof *s->via);
}

/* The edge by which `to` is reached from `from`, at least one edge away; SIZE_MAX: not. */
static size_t search_run(struct search *s, const struct plangraph *g, size_t from, size_t to)
{
    size_t head = 0, tail = 0;
    for (size_t i = 0; i < g->n; i++)
        s->via[i] = SIZE_MAX;
    s->queue[tail++] = from;
    while (head < tail) {
        size_t node = s->queue[head++];
        for (size_t e = g->first[node]; e < g->first[node + 1]; e++) {
            size_t next = g->edges[e].before;
            if (!g->edges[e].alive)
                continue;
            if (next == to)
                return e;
            if (next == from || s->via[next] != SIZE_MAX)
                continue;
            s->via[next] = e;
            s->queue[tail++] = next;
        }
    }
    return SIZE_MAX;
}

int plangraph_reaches(const struct plangraph *g, size_t from, size_t to)
{
    struct search search;
    search_init(&search, g);
    return search_run(&search, g, from, to) != SIZE_MAX;
}

/* Writes the cycle that ends with edge `last` into `path`, from its first edge on. */
static size_t cycle_edges(const struct plangraph *g, const struct search *s, size_t last,
                          size_t *path)
{
    size_t n = 0, start = g->edges[last].before;
    for (size_t e = last;; e = s->via[g->edges[e].after]) {
        path[n++] = e;
        if (g->edges[e].after == start)
            break;
    }
    for (size_t i = 0; i < n / 2; i++) {
        size_t swap = path[i];
        path[i] = path[n - 1 - i];
        path[n - 1 - i] = swap;
    }
    return n;
}

static void report_cycle(const struct plangraph *g, const size_t *path, size_t n,
                         struct faults *faults)
{
    struct str names, reasons;
    str_init(&names, 4096);
    str_init(&reasons, 4096);
    for (size_t i = 0; i < n; i++) {
        const struct plangraph_edge *edge = &g->edges[path[i]];
        const char *needer = g->nodes[edge->after].feature;
        if (i == MAX_SHOWN)
            str_printf(&names, "... (%zu more) -> ", n - MAX_SHOWN);
        if (i >= MAX_SHOWN)
            continue;
        str_printf(&names, "%s -> ", needer);
        str_printf(&reasons, "%s%s needs %s (%s)", i ? "; " : "", needer,
                   g->nodes[edge->before].feature, edge->why ? edge->why : "unknown");
    }
    str_add(&names, g->nodes[g->edges[path[n - 1]].before].feature);
    struct error err = {0};
    error_set(&err, STATUS_PLUGIN, "cycle of needs: %s", names.data);
    error_why(&err, "%s", reasons.data);
    error_fix(&err, "take out one of these needs, make it order-only (\"after:\"), or disable one "
                    "of them");
    faults_add(faults, &err);
    str_clear(&names);
    str_clear(&reasons);
}

void plangraph_report_cycles(struct plangraph *g, struct faults *faults)
{
    struct search search;
    search_init(&search, g);
    size_t *path = arena_alloc(g->mem, (g->n + 1) * sizeof *path);
    size_t reported = 0;
    for (size_t i = 0; i < g->n && reported < MAX_CYCLES; i++) {
        for (size_t last; (last = search_run(&search, g, i, i)) != SIZE_MAX;) {
            report_cycle(g, path, cycle_edges(g, &search, last, path), faults);
            g->edges[last].alive = 0;
            if (++reported == MAX_CYCLES)
                break;
        }
    }
}

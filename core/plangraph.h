/* plangraph.h - the graph of a plan: sorting it, finding paths and cycles. Pure; for plan.c. */
#ifndef MIGHOST_PLANGRAPH_H
#define MIGHOST_PLANGRAPH_H

#include <stddef.h>

#include "arena.h"
#include "plan.h"
#include "status.h"

struct plangraph_edge {
    size_t before, after; /* node indexes: `after` needs `before` */
    int hard, alive;      /* edges that are not alive count for nothing */
    const char *why;
};

struct plangraph {
    const struct plan_node *nodes;
    size_t n, n_edges;
    struct plangraph_edge *edges; /* grouped by `after` */
    size_t *first;                /* edges of node i: first[i] .. first[i + 1] - 1 */
    struct arena *mem;
};

/* Room for `capacity` edges; the caller fills `edges`, `first` and `n_edges`. */
void plangraph_init(struct plangraph *g, const struct plan_node *nodes, size_t n, size_t capacity,
                    struct arena *mem);
/* Stable topological sort of the enabled nodes; returns how many could be placed. */
size_t plangraph_sort(const struct plangraph *g, size_t *order);
/* 1 when node `from` needs node `to`, over any number of edges. */
int plangraph_reaches(const struct plangraph *g, size_t from, size_t to);
/* One fault for each cycle of live edges; takes their closing edges out of the graph. */
void plangraph_report_cycles(struct plangraph *g, struct faults *faults);

#endif

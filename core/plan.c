/* plan.c - nodes + needs -> order, or every fault at once. Pure. Knows names only.
 *
 * A need of node A on node B is an edge: B stands before A. Edges are made node by node, so
 * those of one node are neighbours; `dependents` is the same set sorted by the other end.
 * The sort takes, of all nodes that are ready, the one that stands first in the list, so the
 * order of the project file stays wherever the needs allow it. Cycles: plancycle.c. */
#include "plan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plangraph.h"
#include "str.h"

struct name {
    const char *feature;
    size_t node;
};

/* Names of one plan, sorted; `also` is without a node. */
struct names {
    struct name *nodes;
    size_t n_nodes;
    const char **also;
    size_t n_also;
};

static int by_feature(const void *a, const void *b)
{
    const struct name *x = a, *y = b;
    int order = strcmp(x->feature, y->feature);
    return order ? order : (x->node > y->node) - (x->node < y->node);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void names_make(struct names *names, const struct plan_node *nodes, size_t n,
                       const char *const *also, size_t n_also, struct arena *mem)
{
    names->nodes = arena_alloc(mem, (n + 1) * sizeof *names->nodes);
    names->n_nodes = n;
    for (size_t i = 0; i < n; i++)
        names->nodes[i] = (struct name){nodes[i].feature, i};
    qsort(names->nodes, n, sizeof *names->nodes, by_feature);
    names->also = arena_alloc(mem, (n_also + 1) * sizeof *names->also);
    names->n_also = n_also;
    for (size_t i = 0; i < n_also; i++)
        names->also[i] = also[i];
    qsort(names->also, n_also, sizeof *names->also, by_text);
}

/* The first node of that name, or SIZE_MAX. */
static size_t names_find(const struct names *names, const char *feature)
{
    size_t low = 0, high = names->n_nodes;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(names->nodes[middle].feature, feature) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < names->n_nodes && strcmp(names->nodes[low].feature, feature) == 0)
        return names->nodes[low].node;
    return SIZE_MAX;
}

static int names_exists(const struct names *names, const char *feature)
{
    return names->n_also &&
           bsearch(&feature, names->also, names->n_also, sizeof *names->also, by_text) != NULL;
}

static void check_unique(const struct names *names, struct faults *faults)
{
    for (size_t i = 1; i < names->n_nodes; i++) {
        if (strcmp(names->nodes[i - 1].feature, names->nodes[i].feature) != 0)
            continue;
        if (i > 1 && strcmp(names->nodes[i - 2].feature, names->nodes[i].feature) == 0)
            continue; /* said already */
        struct error err = {0};
        error_set(&err, STATUS_PLUGIN, "%s is there twice", names->nodes[i].feature);
        error_why(&err, "who needs it could not say which of the two is meant");
        error_fix(&err, "rename or remove one of them");
        faults_add(faults, &err);
    }
}

/* Length of "stage:" in "stage:users". */
static size_t kind_length(const char *feature)
{
    const char *colon = strchr(feature, ':');
    return colon ? (size_t)(colon - feature) + 1 : 0;
}

/* What could have been meant: the nearest name, else some names of the same kind. */
static void suggest(const struct names *names, const char *feature, struct arena *mem,
                    struct error *err)
{
    size_t n = 0, kind = kind_length(feature);
    const char **same = arena_alloc(mem, (names->n_nodes + names->n_also + 1) * sizeof *same);
    for (size_t i = 0; i < names->n_nodes; i++)
        if (strncmp(names->nodes[i].feature, feature, kind) == 0)
            same[n++] = names->nodes[i].feature;
    for (size_t i = 0; i < names->n_also; i++)
        if (strncmp(names->also[i], feature, kind) == 0)
            same[n++] = names->also[i];
    /* Compared without the kind, whose letters would make any two names look alike. */
    for (size_t i = 0; i < n; i++)
        same[i] += kind;
    const char *nearest = str_nearest(feature + kind, same, n);
    if (nearest) {
        error_fix(err, "did you mean %.*s%s?", (int)kind, feature, nearest);
        return;
    }
    struct str list;
    str_init(&list, 512);
    for (size_t i = 0; i < n && i < 8; i++)
        str_printf(&list, "%s%s", i ? ", " : "", same[i]);
    if (n > 8)
        str_printf(&list, " and %zu more", n - 8);
    if (n)
        error_fix(err, "there are: %s; correct the name or remove the need", list.data);
    else
        error_fix(err, "nothing of this kind is there; correct the name or remove the need");
    str_clear(&list);
}

static void missing(const struct names *names, const char *needer, const struct plan_need *need,
                    struct arena *mem, struct faults *faults)
{
    struct error err = {0};
    error_set(&err, STATUS_PLUGIN, "%s needs %s, which nobody provides", needer, need->feature);
    error_why(&err, "the need comes from: %s", need->why ? need->why : "unknown");
    suggest(names, need->feature, mem, &err);
    faults_add(faults, &err);
}

static void disabled(const char *needer, const struct plan_need *need, struct faults *faults)
{
    struct error err = {0};
    error_set(&err, STATUS_PLUGIN, "%s needs %s, which is disabled", needer, need->feature);
    error_why(&err, "the need comes from: %s", need->why ? need->why : "unknown");
    error_fix(&err, "enable %s, add --with-dependencies, or leave out %s too", need->feature,
              needer);
    faults_add(faults, &err);
}

/* One edge for each need that another enabled node meets; faults for hard needs unmet. */
static void edges_make(struct plangraph *g, const struct names *names, struct arena *mem,
                       struct faults *faults)
{
    for (size_t i = 0; i < g->n; i++) {
        g->first[i] = g->n_edges;
        for (size_t k = 0; g->nodes[i].enabled && k < g->nodes[i].n_needs; k++) {
            const struct plan_need *need = &g->nodes[i].needs[k];
            size_t j = names_find(names, need->feature);
            if (j == i)
                continue;
            if (j != SIZE_MAX && g->nodes[j].enabled)
                g->edges[g->n_edges++] = (struct plangraph_edge){j, i, need->hard, 1, need->why};
            else if (!need->hard || names_exists(names, need->feature))
                continue;
            else if (j != SIZE_MAX)
                disabled(g->nodes[i].feature, need, faults);
            else
                missing(names, g->nodes[i].feature, need, mem, faults);
        }
    }
    g->first[g->n] = g->n_edges;
}

/* Puts back order-only edges one by one, in the order of the nodes, but for those that close
 * a cycle; these are named in the result. */
static void soften(struct plangraph *g, struct arena *mem, struct plan_result *result)
{
    result->dropped = arena_alloc(mem, (g->n_edges + 1) * sizeof *result->dropped);
    for (size_t e = 0; e < g->n_edges; e++) {
        struct plangraph_edge *edge = &g->edges[e];
        if (edge->hard)
            continue;
        if (plangraph_reaches(g, edge->before, edge->after))
            result->dropped[result->n_dropped++] =
                arena_printf(mem, "%s after %s (%s)", g->nodes[edge->after].feature,
                             g->nodes[edge->before].feature, edge->why ? edge->why : "unknown");
        else
            edge->alive = 1;
    }
}

static void order_make(struct plangraph *g, size_t n_enabled, struct arena *mem,
                       struct plan_result *result, struct faults *faults)
{
    result->n = plangraph_sort(g, result->order);
    if (result->n == n_enabled)
        return;
    for (size_t e = 0; e < g->n_edges; e++)
        g->edges[e].alive = g->edges[e].hard;
    if (plangraph_sort(g, result->order) != n_enabled) {
        plangraph_report_cycles(g, faults);
        return;
    }
    soften(g, mem, result);
    result->n = plangraph_sort(g, result->order);
}

int plan_resolve(const struct plan_node *nodes, size_t n, const char *const *also, size_t n_also,
                 struct arena *mem, struct plan_result *result, struct faults *faults)
{
    size_t faults_before = faults->n, n_enabled = 0, n_needs = 0;
    for (size_t i = 0; i < n; i++) {
        n_enabled += nodes[i].enabled != 0;
        n_needs += nodes[i].n_needs;
    }
    memset(result, 0, sizeof *result);
    result->order = arena_alloc(mem, (n + 1) * sizeof *result->order);
    struct names names;
    names_make(&names, nodes, n, also, n_also, mem);
    check_unique(&names, faults);
    struct plangraph graph;
    plangraph_init(&graph, nodes, n, n_needs, mem);
    edges_make(&graph, &names, mem, faults);
    order_make(&graph, n_enabled, mem, result, faults);
    if (faults->n == faults_before)
        return STATUS_OK;
    result->n = 0;
    return STATUS_PLUGIN;
}

/* plan.h - nodes + needs -> order, or every fault at once. Pure: knows names only, not what
 * a stage is. */
#ifndef MIGHOST_PLAN_H
#define MIGHOST_PLAN_H

#include <stddef.h>

#include "arena.h"
#include "status.h"

struct plan_need {
    const char *feature; /* "kind:name" */
    int hard;            /* 0: order only, ignored when nobody provides it */
    const char *why;     /* "project", "plugin org.x", "foreign key orders_customer_fk" */
};

struct plan_node {
    const char *feature; /* what it provides, "stage:orders"; unique */
    int enabled;         /* a disabled node satisfies nobody's hard need */
    const struct plan_need *needs;
    size_t n_needs;
};

struct plan_result {
    size_t *order; /* indexes of enabled nodes, in order; lives in mem */
    size_t n;
    const char **dropped; /* order-only needs that were not kept: "a after b (why)" */
    size_t n_dropped;
};

/* Stable topological sort: among nodes that are ready, the one that stands first in `nodes`.
 * `also` are features that exist without being nodes ("transform:email"), sorted or not.
 * Faults, all of them, STATUS_PLUGIN: a hard need that nobody provides (needer, need, nearest
 * candidates), one that is there but disabled (says how to enable it: --with-dependencies),
 * two nodes with one feature, each cycle once as "a -> b -> c -> a" (a needs b) with the why of
 * each edge. A need on itself is ignored. An order-only need that closes a cycle is dropped
 * and named in `dropped`. 0 or STATUS_PLUGIN. */
int plan_resolve(const struct plan_node *nodes, size_t n, const char *const *also, size_t n_also,
                 struct arena *mem, struct plan_result *result, struct faults *faults);

#endif

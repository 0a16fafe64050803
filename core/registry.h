/* registry.h - units by feature ("transform:email"); also takes static descriptors (tests). */
#ifndef MIGHOST_REGISTRY_H
#define MIGHOST_REGISTRY_H

#include <mighost/plugin.h>

#include "arena.h"
#include "status.h"

struct registry_unit {
    const char *feature; /* "kind:name" */
    const mig_unit_t *unit;
    const mig_plugin_t *plugin;
    const char *path;   /* of the plugin, for messages */
    const char *sha256; /* of the plugin, for the plan hash */
};

struct registry {
    struct arena *mem;
    struct registry_unit *units;
    size_t n;
};

void registry_init(struct registry *r);
void registry_clear(struct registry *r);
/* Takes a checked descriptor. Two units with one feature: fault with both paths, STATUS_PLUGIN.
 * The same plugin again: nothing happens. `path` and `sha256` are copied, NULL: built in. */
int registry_add(struct registry *r, const mig_plugin_t *plugin, const char *path,
                 const char *sha256, struct faults *faults);
/* NULL when nobody provides it. */
const struct registry_unit *registry_find(const struct registry *r, const char *feature);
/* "source", "transform", ... of MIG_SOURCE ...; NULL when unknown. */
const char *registry_kind_name(uint32_t kind);

#endif

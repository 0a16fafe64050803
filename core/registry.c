/* registry.c - units by feature ("transform:email"). Holds pointers into plugins, which are
 * never unloaded; owns only the feature names. Does not load and does not check descriptors:
 * see loader.c and abicheck.c. An entry that was handed out stays valid until
 * registry_clear(): the table grows in an arena, which keeps the old one. */
#include "registry.h"

#include <string.h>

#include "kind.h"

const char *registry_kind_name(uint32_t kind)
{
    return kind_name(kind);
}

void registry_init(struct registry *r)
{
    memset(r, 0, sizeof *r);
    r->mem = arena_new();
}

void registry_clear(struct registry *r)
{
    if (r->mem)
        arena_free(r->mem);
    memset(r, 0, sizeof *r);
}

const struct registry_unit *registry_find(const struct registry *r, const char *feature)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->units[i].feature, feature) == 0)
            return &r->units[i];
    return NULL;
}

/* Capacities are powers of two from 16 on, so that the count alone says when to grow. */
static struct registry_unit *append(struct registry *r)
{
    if (r->n == 0 || (r->n >= 16 && (r->n & (r->n - 1)) == 0)) {
        size_t capacity = r->n ? r->n * 2 : 16;
        struct registry_unit *units = arena_alloc(r->mem, capacity * sizeof *units);
        if (r->n)
            memcpy(units, r->units, r->n * sizeof *units);
        r->units = units;
    }
    return &r->units[r->n++];
}

static int duplicate(const struct registry_unit *first, const char *path, struct faults *faults)
{
    struct error err = {0};
    if (strcmp(first->path, path) == 0) {
        error_set(&err, STATUS_PLUGIN, "plugin %s provides %s twice", path, first->feature);
        error_fix(&err, "give each unit of the plugin its own name");
    } else {
        error_set(&err, STATUS_PLUGIN, "%s is provided by two plugins: %s and %s", first->feature,
                  first->path, path);
        error_fix(&err, "remove one of the two files, or rename the unit in one of them");
    }
    error_why(&err, "it would be left to chance which of the two is used");
    faults_add(faults, &err);
    return err.code;
}

int registry_add(struct registry *r, const mig_plugin_t *plugin, const char *path,
                 const char *sha256, struct faults *faults)
{
    int status = STATUS_OK;
    for (size_t i = 0; i < r->n; i++)
        if (r->units[i].plugin == plugin)
            return STATUS_OK;
    path = arena_strdup(r->mem, path ? path : "(built in)");
    sha256 = arena_strdup(r->mem, sha256 ? sha256 : "");
    for (const mig_unit_t *const *unit = plugin->units; unit && *unit; unit++) {
        const char *feature =
            arena_printf(r->mem, "%s:%s", registry_kind_name((*unit)->kind), (*unit)->name);
        const struct registry_unit *first = registry_find(r, feature);
        if (first) {
            status = duplicate(first, path, faults);
            continue;
        }
        *append(r) = (struct registry_unit){feature, *unit, plugin, path, sha256};
    }
    return status;
}

/* loader_find.c - loads the plugins that provide the features of a project, and no others. [main]
 *
 * How a feature "kind:name" finds its file, so that only plugins in use are loaded:
 *   1. kind-name.so              source-json.so for source:json
 *   2. kind-<name up to '.'>.so  transform-text.so for transform:text.trim
 *   3. kinds-*.so                sets: transforms-standard.so
 *   4. every other file          it may hold units of several kinds
 * in name order within each group; of two directories with one file name the first counts. A
 * faulty file of group 1 or 2 is a fault; one of group 3 or 4 only when the feature is found
 * nowhere, because otherwise nobody uses it. */
#include <stdlib.h>
#include <string.h>

#include "kind.h"
#include "loader_state.h"
#include "log.h"
#include "str.h"

/* A feature that a plugin is looked for. */
struct request {
    const char *feature, *name; /* "source:json", "json" */
    uint32_t kind;              /* 0: not a unit's feature */
    const char *needer;         /* "" when the caller asked for it */
};

struct requests {
    struct request *items;
    size_t n, capacity;
};

static void ask(struct requests *r, const char *feature, const char *needer)
{
    struct request request = {feature, feature, 0, needer};
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->items[i].feature, feature) == 0)
            return;
    if (r->n == r->capacity) {
        r->capacity = r->capacity ? r->capacity * 2 : 32;
        r->items = arena_heap(r->items, r->capacity * sizeof *r->items);
    }
    request.kind = kind_split(feature, &request.name);
    r->items[r->n++] = request;
}

/* The group of a file for a feature, 1 to 4, as the head of this file has them. */
static int group(const char *file, const struct request *r)
{
    const char *kind = kind_name(r->kind);
    size_t kind_length = strlen(kind), head = strcspn(r->name, ".");
    if (strncmp(file, kind, kind_length) != 0)
        return 4;
    const char *rest = file + kind_length;
    if (strncmp(rest, "s-", 2) == 0)
        return 3;
    if (*rest++ != '-')
        return 4;
    size_t length = strlen(rest) - strlen(".so");
    if (length == strlen(r->name) && strncmp(rest, r->name, length) == 0)
        return 1;
    return length == head && strncmp(rest, r->name, head) == 0 ? 2 : 4;
}

static const mig_unit_t *provides(const struct loader_entry *e, const struct request *r)
{
    const mig_plugin_t *plugin = e->plugin.plugin;
    for (size_t i = 0; plugin && plugin->units[i]; i++)
        if (plugin->units[i]->kind == r->kind && strcmp(plugin->units[i]->name, r->name) == 0)
            return plugin->units[i];
    return NULL;
}

/* What could have been meant, of all that was loaded. */
static void suggest(const struct loader *l, const struct request *r, struct error *err)
{
    const char *names[512];
    size_t n = 0;
    for (size_t i = 0; i < l->state->n; i++) {
        const mig_plugin_t *plugin = l->state->entries[i]->plugin.plugin;
        for (size_t k = 0; plugin && plugin->units[k]; k++)
            if (plugin->units[k]->kind == r->kind && n < sizeof names / sizeof names[0])
                names[n++] = plugin->units[k]->name;
    }
    const char *nearest = str_nearest(r->name, names, n);
    if (nearest)
        error_fix(err, "did you mean %s:%s?", kind_name(r->kind), nearest);
    else
        error_fix(err, "install a plugin that has it, or name its directory by --plugins; "
                       "--list-plugins shows what there is");
}

static void unprovided(struct loader *l, const struct request *r, struct faults *faults)
{
    struct error err = {0};
    error_set(&err, STATUS_PLUGIN, "no plugin provides %s", r->feature);
    if (r->needer[0])
        error_why(&err, "%s needs it", r->needer);
    suggest(l, r, &err);
    faults_add(faults, &err);
    for (size_t i = 0; i < l->state->n; i++)
        loader_show(l->state->entries[i], faults);
}

/* The good plugin that has the feature; NULL with faults reported. */
static struct loader_entry *find_feature(struct loader *l, const struct request *r,
                                         struct faults *faults)
{
    for (int rank = 1; r->kind && rank <= 4; rank++) {
        for (size_t i = 0; i < l->state->n_files; i++) {
            const struct loaddirs_file *file = &l->state->files[i];
            if (group(file->name, r) != rank)
                continue;
            struct loader_entry *e = loader_open(l, file->dir, file->name);
            if (provides(e, r))
                return e;
            if (e->faults.n && rank <= 2) {
                loader_show(e, faults);
                return NULL;
            }
            if (e->faults.n)
                log_write(LOG_DEBUG, "not used for %s: %s", r->feature, e->faults.items[0].what);
        }
    }
    unprovided(l, r, faults);
    return NULL;
}

/* Two files with one id are the same plugin twice, most likely an old one left over. */
static int check_id(const struct loader *l, const struct loader_entry *e, struct faults *faults)
{
    for (size_t i = 0; i < l->n; i++) {
        if (strcmp(l->plugins[i].plugin->id, e->plugin.plugin->id) != 0)
            continue;
        struct error err = {0};
        error_set(&err, STATUS_PLUGIN, "two plugins have the id %s: %s (%s) and %s (%s)",
                  e->plugin.plugin->id, l->plugins[i].path, l->plugins[i].plugin->version,
                  e->plugin.path, e->plugin.plugin->version);
        error_why(&err, "most likely one of them is an old copy");
        error_fix(&err, "remove one of them");
        faults_add(faults, &err);
        return err.code;
    }
    return STATUS_OK;
}

static void use(struct loader *l, struct loader_entry *e, struct faults *faults)
{
    if (e->used || check_id(l, e, faults) != STATUS_OK)
        return;
    e->used = 1;
    if (l->n == l->state->plugins_capacity) {
        l->state->plugins_capacity = l->n ? l->n * 2 : 16;
        l->plugins = arena_heap(l->plugins, l->state->plugins_capacity * sizeof *l->plugins);
    }
    l->plugins[l->n++] = e->plugin;
}

int loader_load(struct loader *l, const char *const *features, size_t n, struct faults *faults)
{
    size_t before = faults->n;
    struct requests requests = {0};
    if (loader_list(l, faults) != STATUS_OK)
        return STATUS_PLUGIN;
    for (size_t i = 0; i < n; i++)
        ask(&requests, features[i], "");
    for (size_t i = 0; i < requests.n; i++) {
        struct request r = requests.items[i];
        struct loader_entry *e = find_feature(l, &r, faults);
        if (!e)
            continue;
        use(l, e, faults);
        const mig_need_t *need = provides(e, &r)->needs;
        const char *needer = arena_printf(l->mem, "%s of %s", r.feature, e->plugin.path);
        for (const char *name; need && need->feature; need++)
            if (need->flags == MIG_NEED_HARD && kind_split(need->feature, &name))
                ask(&requests, need->feature, needer);
    }
    free(requests.items);
    return faults->n == before ? STATUS_OK : STATUS_PLUGIN;
}

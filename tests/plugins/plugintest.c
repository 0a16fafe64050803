/*
 * plugintest.c - instances of units for tests, on core/mockhost.c. A mistake in a test ends the
 * process at once, a mistake of the plugin is kept for the test.
 */
#include "plugintest.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void give_up(const char *what, const char *why)
{
    printf("mockhost: %s: %s\n", what, why ? why : "");
    abort();
}

const mig_plugin_t *plugintest_load(const char *name)
{
    char path[4096];
    const char *dir = getenv("PLUGINS");
    if (!dir)
        give_up("the environment variable PLUGINS is not set", NULL);
    int n = snprintf(path, sizeof path, "%s/%s.so", dir, name);
    if (n < 0 || (size_t)n >= sizeof path)
        give_up("path is too long", name);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        give_up(path, dlerror());
    const mig_plugin_t *plugin = dlsym(handle, "mighost_plugin");
    if (!plugin || plugin->magic != MIG_MAGIC || plugin->abi_major != MIG_ABI_MAJOR)
        give_up(path, "is no plugin of this ABI");
    return plugin;
}

int32_t plugintest_start(struct mockhost *m, const char *plugin, uint32_t kind, const char *unit,
                         const struct mockhost_option *options)
{
    return plugintest_start_unit(m, plugintest_load(plugin), kind, unit, options);
}

int32_t plugintest_start_unit(struct mockhost *m, const mig_plugin_t *plugin, uint32_t kind,
                              const char *unit, const struct mockhost_option *options)
{
    const mig_unit_t *const *u = plugin->units;
    while (*u && ((*u)->kind != kind || strcmp((*u)->name, unit) != 0))
        u++;
    if (!*u)
        give_up("no such unit", unit);
    mockhost_init(m, *u, options);
    return m->unit->create(&m->host, &m->self);
}

void plugintest_stop(struct mockhost *m)
{
    m->unit->destroy(m->self);
    m->self = NULL;
    mockhost_clear(m);
}

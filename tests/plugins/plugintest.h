/* plugintest.h - loads a plugin's .so as the real host does, through its one symbol, and makes
 * instances of its units on the mock host. */
#ifndef MIGHOST_TESTS_PLUGINTEST_H
#define MIGHOST_TESTS_PLUGINTEST_H

#include "../../core/mockhost.h"

/* The descriptor of the plugin `name` ("source-json"): the file is <dir>/<name>.so, `dir` from
 * the environment variable PLUGINS. Aborts when it cannot be loaded. */
const mig_plugin_t *plugintest_load(const char *name);
/* Makes an instance of a unit with options as texts; defaults come from its own table. Gives
 * what create() gave. */
int32_t plugintest_start(struct mockhost *m, const char *plugin, uint32_t kind, const char *unit,
                         const struct mockhost_option *options);
/* The same with a plugin that is linked in. */
int32_t plugintest_start_unit(struct mockhost *m, const mig_plugin_t *plugin, uint32_t kind,
                              const char *unit, const struct mockhost_option *options);
/* Destroys the instance and frees everything. */
void plugintest_stop(struct mockhost *m);

#endif

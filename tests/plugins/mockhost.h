/* mockhost.h - a host for tests of plugins: loads a plugin's .so as the real one does, through
 * its one symbol, offers the host table and keeps what the plugin says. Terms of plugin.h. */
#ifndef MIGHOST_TESTS_MOCKHOST_H
#define MIGHOST_TESTS_MOCKHOST_H

#include <mighost/plugin.h>

/* Log lines and rejects that are kept, the last ones: number i stands at i % MOCKHOST_KEPT. */
#define MOCKHOST_KEPT 64U

struct mockhost_option { /* arrays end with a NULL name */
    const char *name, *value;
};

struct mockhost_text {
    int32_t level;     /* of a log line */
    const char *field; /* of a reject; NULL: none */
    const char *code;  /* of a reject */
    const char *text;
};

struct mockhost {
    mig_host_t host; /* handed to the plugin */
    const mig_unit_t *unit;
    void *self;
    const struct mockhost_option *options; /* borrowed */

    mig_place_t place; /* what host->place() answers */
    char repair[64];   /* the last rule that was counted, "" */
    int cancelled;     /* what host->cancelled() answers */
    int32_t status;    /* of the first fail(); 0: none */
    const char *text;  /* of the first fail(), "" */
    const char *fix;
    struct mockhost_text logs[MOCKHOST_KEPT], rejects[MOCKHOST_KEPT];
    size_t n_logs, n_rejects, n_failed; /* n_failed: calls of fail() */
    void *memory;                       /* chain of what host->alloc() gave */
};

/* The descriptor of the plugin `name` ("source-json"): the file is <dir>/<name>.so, `dir` from
 * the environment variable PLUGINS. Aborts when it cannot be loaded. */
const mig_plugin_t *mockhost_load(const char *name);
/* Makes an instance of a unit with options as texts; defaults come from its own table. Gives
 * what create() gave. */
int32_t mockhost_start(struct mockhost *m, const char *plugin, uint32_t kind, const char *unit,
                       const struct mockhost_option *options);
/* The same with a plugin that is linked in. */
int32_t mockhost_start_unit(struct mockhost *m, const mig_plugin_t *plugin, uint32_t kind,
                            const char *unit, const struct mockhost_option *options);
/* Destroys the instance and frees everything. */
void mockhost_stop(struct mockhost *m);
/* Forgets what was said. */
void mockhost_forget(struct mockhost *m);
/* Is the text in a log line of that level? */
int mockhost_logged(const struct mockhost *m, int32_t level, const char *text);

#endif

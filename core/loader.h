/* loader.h - finds, checks and opens plugins. Only loader.c includes ltdl.h and dlfcn.h.
 * Never unloads (craft: unloading breaks thread-local data and sanitizer stacks). [main] */
#ifndef MIGHOST_LOADER_H
#define MIGHOST_LOADER_H

#include <mighost/plugin.h>

#include "arena.h"
#include "status.h"

struct loader_plugin {
    const char *path; /* absolute, real */
    char sha256[65];  /* of the very file that was loaded */
    const mig_plugin_t *plugin;
};

struct loader {
    struct arena *mem;
    struct loader_plugin *plugins;
    size_t n;
    const char **dirs; /* absolute directories to look in, in order */
    size_t n_dirs;
    struct loader_state *state; /* loader.c's own */
    int require_lock;           /* 1: a directory without plugins.lock is refused */
    char crashed[65];           /* SHA-256 of one that crashed and is refused, or "" */
    char crashed_call[64];
};

/* `dirs` as given by --plugins (relative ones are made absolute), then MIGHOST_PLUGIN_PATH
 * (absolute only), then the installed directory. Missing directory: fault. */
int loader_init(struct loader *l, const char *const *dirs, size_t n_dirs, struct faults *faults);
void loader_clear(struct loader *l);

/* The files *.so in all directories, sorted by name; the first of one name wins. */
struct loader_file {
    const char *path, *name; /* name without ".so" */
};
int loader_scan(struct loader *l, struct loader_file **files, size_t *n, struct faults *faults);

/* Loads the plugins that provide these features ("source:json"); see loader.c for how a
 * feature finds its file. All faults at once, STATUS_PLUGIN. Checks in this order, before
 * anything of the plugin is touched: directory chain and file owned by root, the caller or the
 * owner of the mighost binary, not writable by others (a sticky root-owned directory passes);
 * regular file; plugins.lock; RTLD_NOW probe for the true message; symbol; magic; major;
 * minor; size; id; units. What the units of these features need by a hard need is loaded too
 * (features of stages are the plan's). `plugins` then holds every plugin that is used, and no
 * other; a later call adds to it. */
int loader_load(struct loader *l, const char *const *features, size_t n, struct faults *faults);

/* One file, whatever uses it; prints nothing. For --check-plugin and --list-plugins. `out`
 * lives as long as the loader. */
int loader_check_file(struct loader *l, const char *path, struct loader_plugin **out,
                      struct faults *faults);

/* For --lock-plugins: checks all plugins of the directories given to loader_init() (of all
 * directories when none was given) without regard to plugins.lock, and writes that file in each
 * of them; none when any plugin is faulty. To be called right after loader_init(). */
int loader_write_lock(struct loader *l, struct faults *faults);

#endif

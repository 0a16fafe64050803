/* pluginlock.h - plugins.lock: which files of a plugin directory may be loaded. A text file in
 * that directory, lines "name  abi  sha256"; '#' begins a comment. */
#ifndef MIGHOST_PLUGINLOCK_H
#define MIGHOST_PLUGINLOCK_H

#include <stddef.h>

#include "arena.h"
#include "loadpath.h"
#include "status.h"

#define PLUGINLOCK_FILE "plugins.lock"

struct pluginlock_entry {
    const char *name;   /* of the file, without ".so" */
    const char *abi;    /* "0.1" */
    const char *sha256; /* 64 hexadecimal digits, lower case */
};

struct pluginlock {
    int present;
    const char *path;
    struct pluginlock_entry *entries;
    size_t n;
};

/* Reads the file of an open directory; it must pass the checks that a plugin must pass. A file
 * that is not there is no fault. Everything lives in mem. */
int pluginlock_read(const struct loadpath_trust *trust, int dir, const char *dir_path,
                    struct arena *mem, struct pluginlock *out, struct error *err);
/* May this file be loaded? `path` is for the message. */
int pluginlock_check(const struct pluginlock *lock, const struct pluginlock_entry *file,
                     const char *path, struct error *err);
/* Replaces the file at once, mode 0644. */
int pluginlock_write(int dir, const char *dir_path, const struct pluginlock_entry *entries,
                     size_t n, struct error *err);

#endif

/* loaddirs.h - the directories that plugins are looked for in: opened, checked, listed. */
#ifndef MIGHOST_LOADDIRS_H
#define MIGHOST_LOADDIRS_H

#include <stddef.h>

#include "arena.h"
#include "loadpath.h"
#include "pluginlock.h"
#include "status.h"

struct loaddirs_dir {
    const char *path; /* absolute and real */
    int fd;           /* open as long as the list */
    struct pluginlock lock;
};

struct loaddirs {
    struct arena *mem; /* borrowed */
    struct loadpath_trust trust;
    struct loaddirs_dir **items; /* each stays where it is while the list grows */
    size_t n, capacity;
};

/* One file name found in a directory, not opened yet. */
struct loaddirs_file {
    const struct loaddirs_dir *dir;
    const char *name; /* "source-json.so" */
};

void loaddirs_init(struct loaddirs *d, struct arena *mem);
void loaddirs_clear(struct loaddirs *d);
/* Opens and checks a directory and reads its plugins.lock. The same directory again gives the
 * first one. NULL: err says why. */
struct loaddirs_dir *loaddirs_add(struct loaddirs *d, const char *path, struct error *err);
/* The names *.so in one directory, or in the first `n_dirs` ones where the first of one name
 * wins; sorted by name. `files` lives in mem. */
int loaddirs_list(const struct loaddirs *d, const struct loaddirs_dir *only, size_t n_dirs,
                  struct loaddirs_file **files, size_t *n, struct error *err);

#endif

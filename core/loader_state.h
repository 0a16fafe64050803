/* loader_state.h - what the files of the loader share; for loader.c and loader_find.c. */
#ifndef MIGHOST_LOADER_STATE_H
#define MIGHOST_LOADER_STATE_H

#include <sys/types.h>

#include "loaddirs.h"
#include "loader.h"

/* A file that was opened, whatever came of it. */
struct loader_entry {
    const struct loaddirs_dir *dir;
    const char *name; /* of the file, after links */
    int used, shown;  /* is in loader.plugins; its faults were reported */
    struct loader_plugin plugin;
    struct faults faults; /* none: the plugin is good */
    dev_t device;
    ino_t inode;
};

struct loader_state {
    struct loaddirs dirs;
    size_t n_given; /* directories from --plugins; they are the first ones */
    int ignore_lock;
    struct loader_entry **entries;
    size_t n, capacity;
    size_t plugins_capacity;
    struct loaddirs_file *files; /* of all directories; NULL before the first look */
    size_t n_files;
};

/* The file of that name, opened and loaded the first time; two names of one file (links) give
 * one entry. Never NULL: faults are in the entry. */
struct loader_entry *loader_open(struct loader *l, const struct loaddirs_dir *dir,
                                 const char *name);
/* Adds the faults of a file, once. */
void loader_show(struct loader_entry *e, struct faults *faults);
/* Fills state.files; no file at all is a fault. */
int loader_list(struct loader *l, struct faults *faults);

#endif

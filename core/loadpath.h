/* loadpath.h - who may have put a file there: ownership and modes of a directory chain and of
 * a file, always of the open descriptor, never of a path. All errors are STATUS_PLUGIN. */
#ifndef MIGHOST_LOADPATH_H
#define MIGHOST_LOADPATH_H

#include <stddef.h>
#include <sys/types.h>

#include "arena.h"
#include "status.h"

/* Whose files are believed: root, the caller and the owner of the mighost binary. */
struct loadpath_trust {
    uid_t owners[3];
    size_t n;
};

struct loadpath_file {
    int fd;           /* the caller's */
    const char *name; /* in its directory, after links; in mem */
    const char *path; /* absolute and real; in mem */
};

void loadpath_trust_init(struct loadpath_trust *trust);
/* Opens a directory by its real path, component by component; each is checked, no link is
 * followed. `fd` is the caller's and can be read. */
int loadpath_open_dir(const struct loadpath_trust *trust, const char *real, int *fd,
                      struct error *err);
/* Opens a regular file of the open directory `dir`, whose real path is `dir_path`. A link is
 * followed when it stays in the directory. Never waits, also not for a FIFO. */
int loadpath_open_file(const struct loadpath_trust *trust, int dir, const char *dir_path,
                       const char *name, struct arena *mem, struct loadpath_file *out,
                       struct error *err);

#endif

/* embedded_place.h - where the embedded server of a work directory lives: its home (data, log), its
 * socket directory, its system user. Chosen once and remembered in WORK_DIR/embedded/location,
 * since the next caller may see other environment variables and modes. */
#ifndef MIGHOST_EMBEDDED_PLACE_H
#define MIGHOST_EMBEDDED_PLACE_H

#include <limits.h>
#include <sys/types.h>

#include "outdir.h"
#include "status.h"

/* sun_path has 108 bytes with its NUL; "/.s.PGSQL.5432" takes 14 of them. */
#define EMBEDDED_SOCKET_SIZE 94

struct embedded_place {
    char home[PATH_MAX];               /* data/ and log are in it; 0700, owned by `uid` */
    char socket[EMBEDDED_SOCKET_SIZE]; /* 0700, owned by `uid`; plain characters only */
    const char *user;                  /* whom to run as, static text; NULL: as we are */
    uid_t uid;
    gid_t gid;
};

/* The remembered place: 0, or -1 with errno, ENOENT when there is none. Changes nothing. */
int embedded_place_find(const char *work_dir, struct embedded_place *out);
/* The remembered place or a new one; all directories exist then. `base` is the open directory
 * WORK_DIR/embedded, whose lock the caller holds. 0 or a status. */
int embedded_place_make(struct outdir *base, struct embedded_place *out, struct error *err);

#endif

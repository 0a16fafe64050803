/* safefile.h - reads a small file that decides what the program does, after a look at what it is
 * and who may change it. The checks are made on the open descriptor. */
#ifndef MIGHOST_SAFEFILE_H
#define MIGHOST_SAFEFILE_H

#include <sys/types.h>

#include "status.h"
#include "str.h"

#define SAFEFILE_TRUSTED 1 /* others may not write the file nor its directory */
#define SAFEFILE_PRIVATE 2 /* only the owner may read it */

/* Appends the content to `out`; a file of more than out->max bytes is refused. `what` names the
 * file in messages ("project file"), `mode` gets st_mode and may be NULL. No FIFO or device
 * makes it wait. 0 or STATUS_CONFIG. */
int safefile_read(const char *path, const char *what, int checks, struct str *out, mode_t *mode,
                  struct error *err);
/* 0, or STATUS_CONFIG with the mode and the chmod line when group or others have access. */
int safefile_private(const char *path, const char *what, mode_t mode, struct error *err);
/* The path as the system would see it, also when the file does not exist. Freed by the caller. */
char *safefile_resolve(const char *path);

#endif

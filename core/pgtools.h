/* pgtools.h - PostgreSQL's own programs on this machine: which directories have them, and of
 * which major version. Looked for in MIGHOST_PG_BIN alone when that is set (absolute), else in
 * /usr/lib/postgresql/N/bin, /usr/pgsql-N/bin and PATH. */
#ifndef MIGHOST_PGTOOLS_H
#define MIGHOST_PGTOOLS_H

#include <limits.h>
#include <stddef.h>

struct pgtools {
    char dir[PATH_MAX];
    int major; /* 15 */
};

#define PGTOOLS_OLDEST 13

/* `programs` ends with NULL; a directory counts when it has all of them. 0 or -1.
 * The newest of at least PGTOOLS_OLDEST. */
int pgtools_newest(const char *const *programs, struct pgtools *out);
/* Version `major`, else the next newer one: what works with a server of that version. When
 * there is none, out->major is the newest that was found, 0 for none. */
int pgtools_nearest(const char *const *programs, int major, struct pgtools *out);
/* "DIR/program"; -1 when it does not fit. */
int pgtools_path(const struct pgtools *tools, const char *program, char *out, size_t size);

#endif

/* envfile.h - a .env file: NAME=value lines. Leaf. */
#ifndef MIGHOST_ENVFILE_H
#define MIGHOST_ENVFILE_H

#include <stddef.h>

#include "arena.h"
#include "status.h"

#define ENVFILE_MAX ((size_t)1 << 20)

struct envfile_entry {
    const char *name, *value;
    size_t line;
};

struct envfile {
    const char *path; /* for messages */
    struct envfile_entry *entries;
    size_t n;
};

/* Reads and parses; everything lives in `mem`. All faults are listed with their line, never with
 * a value. A file that holds secrets and that others may read is refused. 0 or STATUS_CONFIG. */
int envfile_read(const char *path, struct arena *mem, struct envfile *out, struct faults *faults);
/* `path` is for messages only. */
int envfile_parse(const char *path, const char *text, size_t n, struct arena *mem,
                  struct envfile *out, struct faults *faults);
/* NULL when there is none. */
const char *envfile_get(const struct envfile *file, const char *name);

/* 1 for *PASSWORD, *URL, *KEY, *TOKEN and *SECRET: variables that may hold a secret. */
int envfile_secret_name(const char *name);

#endif

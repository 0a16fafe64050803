/* scratch.h - a directory of its own for one test: files are written into it, all goes at the
 * end. For CUnit programs only; a failure here ends the program. */
#ifndef MIGHOST_TESTS_SCRATCH_H
#define MIGHOST_TESTS_SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch_dir[64];

static void scratch_check(int fine, const char *what)
{
    if (fine)
        return;
    perror(what);
    _exit(99);
}

static inline void scratch_begin(void)
{
    snprintf(scratch_dir, sizeof scratch_dir, "/tmp/mighost-unit-XXXXXX");
    scratch_check(mkdtemp(scratch_dir) != NULL, "mkdtemp");
}

static inline int scratch_remove_one(const char *path, const struct stat *st, int flag,
                                     struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static inline void scratch_end(void)
{
    nftw(scratch_dir, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The path of a name inside; valid until the fourth call after this one. */
static inline const char *scratch_path(const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", scratch_dir, name);
    return path;
}

static inline void scratch_write_n(const char *name, const char *text, size_t n, mode_t mode)
{
    FILE *file = fopen(scratch_path(name), "wb");
    scratch_check(file != NULL, name);
    scratch_check(fwrite(text, 1, n, file) == n && fclose(file) == 0, name);
    scratch_check(chmod(scratch_path(name), mode) == 0, name);
}

static inline void scratch_write(const char *name, const char *text, mode_t mode)
{
    scratch_write_n(name, text, strlen(text), mode);
}

#endif

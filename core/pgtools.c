/* pgtools.c - finds PostgreSQL's own programs. Versions are what the programs say, never what
 * a directory is called. Debian's /usr/bin has wrappers that choose a version by clusters of
 * the system, hence PATH comes last. [main] */
#include "pgtools.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "childexec.h"

/* What a search wants and has found so far. */
struct search {
    const char *const *programs;
    int least;     /* majors below are too old */
    int want_next; /* 1: the lowest that is not too old; 0: the highest */
    struct pgtools best;
    int newest; /* of all, also too old ones */
};

int pgtools_path(const struct pgtools *tools, const char *program, char *out, size_t size)
{
    int n = snprintf(out, size, "%s/%s", tools->dir, program);
    return n > 0 && (size_t)n < size ? 0 : -1;
}

/* "pg_dump (PostgreSQL) 15.20 (Debian ...)"; development versions are "16devel". 0: unknown. */
static int version_of(const char *path)
{
    struct str out;
    str_init(&out, 4096);
    const char *const argv[] = {path, "--version", NULL};
    const struct child_request request = {
        .argv = argv, .out_fd = -1, .in_fd = -1, .out = &out, .timeout_seconds = 10};
    int rc = child_run(&request);
    const char *text = strstr(out.data, "(PostgreSQL) ");
    long major = rc == 0 && text ? strtol(text + strlen("(PostgreSQL) "), NULL, 10) : 0;
    str_clear(&out);
    return major > 0 && major < 1000 ? (int)major : 0;
}

static void consider(struct search *s, const char *dir)
{
    struct pgtools found = {.major = 0};
    char path[PATH_MAX];
    if (dir[0] != '/' || snprintf(found.dir, sizeof found.dir, "%s", dir) >= PATH_MAX)
        return;
    for (size_t i = 0; s->programs[i]; i++)
        if (pgtools_path(&found, s->programs[i], path, sizeof path) || !child_exists(path))
            return;
    if (pgtools_path(&found, s->programs[0], path, sizeof path))
        return;
    found.major = version_of(path);
    if (found.major > s->newest)
        s->newest = found.major;
    int better = !s->best.major ||
                 (s->want_next ? found.major < s->best.major : found.major > s->best.major);
    if (found.major >= s->least && better)
        s->best = found;
}

static void consider_pattern(struct search *s, const char *pattern)
{
    glob_t found;
    if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            consider(s, found.gl_pathv[i]);
    globfree(&found);
}

static void consider_path(struct search *s)
{
    char path[PATH_MAX];
    if (childexec_find(s->programs[0], path))
        return;
    char *slash = strrchr(path, '/');
    if (!slash)
        return;
    *slash = '\0';
    consider(s, path);
}

static int run_search(struct search *s, struct pgtools *out)
{
    const char *only = getenv("MIGHOST_PG_BIN");
    if (only && *only) {
        consider(s, only);
    } else {
        consider_pattern(s, "/usr/lib/postgresql/*/bin");
        consider_pattern(s, "/usr/pgsql-*/bin");
        if (!s->best.major)
            consider_path(s);
    }
    *out = s->best;
    if (out->major)
        return 0;
    out->major = s->newest;
    return -1;
}

int pgtools_newest(const char *const *programs, struct pgtools *out)
{
    struct search s = {.programs = programs, .least = PGTOOLS_OLDEST};
    return run_search(&s, out);
}

int pgtools_nearest(const char *const *programs, int major, struct pgtools *out)
{
    struct search s = {.programs = programs, .least = major, .want_next = 1};
    return run_search(&s, out);
}

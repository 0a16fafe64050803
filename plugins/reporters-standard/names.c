/*
 * names.c - names of files in the bundle: with the time or the number of the run, where programs
 * and people are used to such.
 */
#include "names.h"

#include <stdio.h>
#include <string.h>

#include "common/option.h"
#include "out.h"
#include "view.h"

/* The word at this place, with its length, or 0. */
static size_t word(const char *p, int *is_time)
{
    *is_time = strncmp(p, "{time}", 6) == 0;
    return *is_time ? 6 : strncmp(p, "{run}", 5) == 0 ? 5 : 0;
}

int32_t names_option(const mig_host_t *host, const char *option, const char **pattern)
{
    int32_t rc = option_keep(host, option, pattern);
    int is_time;
    for (const char *p = rc == MIG_OK ? *pattern : ""; *p; p++)
        if (strchr("{}", *p)) {
            size_t n = word(p, &is_time);
            if (n == 0)
                return host->fail(host, MIG_E_CONFIG,
                                  "the name of a file holds braces around a word that is not known",
                                  "{time} is the start of the run, {run} its number");
            p += n - 1;
        }
    return rc;
}

/* "2026-01-31T23:59:59.123Z" without what is no digit, and a line between day and time. */
static void compact_time(const char *started, char out[16])
{
    size_t n = 0;
    for (const char *p = started; *p && n < 15; p++) {
        if (*p >= '0' && *p <= '9')
            out[n++] = *p;
        if (n == 8)
            out[n++] = '_';
    }
    out[n] = '\0';
}

int32_t names_file(const mig_host_t *host, const mig_report_t *report, const char *pattern,
                   const char **name)
{
    json_t *root;
    char time[16];
    *name = pattern;
    if (!strchr(pattern, '{'))
        return MIG_OK;
    int32_t rc = view_load(host, report, &root);
    if (rc != MIG_OK)
        return rc;
    const char *run = view_text(json_object_get(root, "run"), "id");
    compact_time(view_text(json_object_get(root, "run"), "started"), time);
    size_t room = strlen(pattern) * 4 + strlen(run) * strlen(pattern) + 1, n = 0;
    char *text = host->alloc(host, room);
    for (const char *p = pattern; *p;) {
        int is_time;
        size_t known = word(p, &is_time);
        n += (size_t)snprintf(text + n, room - n, "%.*s", known ? 99 : 1,
                              !known    ? p
                              : is_time ? time
                                        : run);
        p += known ? known : 1;
    }
    json_decref(root);
    *name = text;
    return MIG_OK;
}

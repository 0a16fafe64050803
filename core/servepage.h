/* servepage.h - the page of --serve, made anew for each request from the document of statusdoc.c.
 * Every text of it is escaped. Pure. */
#ifndef MIGHOST_SERVEPAGE_H
#define MIGHOST_SERVEPAGE_H

#include "str.h"

struct json_t;

struct servepage {
    const struct json_t *doc;
    const char *log; /* the last lines of the current run's log, or "" */
    void *ctx;
    int (*has_file)(void *ctx, const char *run, const char *name); /* of its bundle, here */
};

/* Appends. */
void servepage_make(const struct servepage *p, struct str *out);
/* Instead of it, where there is nothing to show. */
void servepage_message(const char *title, const char *text, struct str *out);

#endif

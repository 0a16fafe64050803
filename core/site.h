/* site.h - the place in which --self-test plays: project, server, live tables. */
#ifndef MIGHOST_SITE_H
#define MIGHOST_SITE_H

#include "run.h"
#include "session.h"

struct site {
    const struct session_options *given; /* where the plugins are */
    char dir[4000];                      /* all that is written is below it; "" before site_make */
    char why[2048];                      /* the first reason of a failure, or "" */
};

struct site_rows { /* what is in the live tables, by SQL */
    char content[64], versions[64];
    int64_t authors, books;
};

struct site_session {
    struct session_options options;
    struct session x;
    char backups[4096], reports[4096];
};

struct site_played { /* one run, seen from outside */
    struct site_rows before, after;
    struct run_verdict verdict;
    int code;
};

/* All functions but site_close return 0, or 1 with the reason in `why`. */
int site_fail(struct site *site, const char *format, ...) __attribute__((format(printf, 2, 3)));
int site_make(struct site *site);
int site_remove(struct site *site);
int site_project(struct site *site, const char *on_invalid);
/* Authors 1 to n with two books each. With `dirt` the newest authors carry three faults: one has
 * no name, so that its two books have no parent; a book costs less than nothing; a book belongs
 * to an author that nobody knows. */
int site_document(struct site *site, int n, int dirt);

/* Ready for a run. site_close ends it, whatever site_open returned. */
int site_open(struct site *site, struct site_session *s);
void site_close(struct site_session *s);
int site_failed(struct site *site, const struct session *x, int code);

int site_look(struct site *site, struct pg *pg, struct site_rows *out);
/* One run of the project that stands in the directory; it must end with `expected`. */
int site_play(struct site *site, int dry_run, int expected, struct site_played *out);
int site_counted(struct site *site, const struct site_rows *rows, int64_t authors, int64_t books);
/* No row was even written again, and no sequence moved. */
int site_untouched(struct site *site, const struct site_rows *before,
                   const struct site_rows *after);

#endif

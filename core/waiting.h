/* waiting.h - what the process waits for just now, for those who watch it. The one that waits tells
 * it; whoever shows it may be another thread. Leaf. [any] */
#ifndef MIGHOST_WAITING_H
#define MIGHOST_WAITING_H

#include <stddef.h>

#include "crash.h"

enum waiting_kind {
    WAITING_NO,
    WAITING_STATEMENT, /* a server works on a statement */
    WAITING_LOCK,      /* a statement that only takes a lock */
    WAITING_SOURCE,    /* a source has nothing to give yet: it is slow, or was asked to pause */
    WAITING_VALUES,    /* slow transforms, such as password hashes */
    WAITING_PROGRAM,   /* pg_dump and the like */
    WAITING_RETRY,     /* until a transaction is tried again */
    WAITING_PLUGIN     /* a call into one that has not come back; seen by who shows it */
};

struct waiting {
    enum waiting_kind kind;
    double seconds; /* so far */
    char what[200]; /* statement, source, program; cut */
    char said[200]; /* what the source said last of it; "" */
};

/* `what` is borrowed until waiting_end(), or the next waiting_begin(). */
void waiting_begin(enum waiting_kind kind, const char *what);
void waiting_end(void);
/* Goes on with a wait that another one, a statement to tell of it, came between. */
void waiting_again(const struct waiting *w, const char *what);
/* A unit said something: while its source is waited for, that is the reason. Copied, without
 * the secrets that are known: it is shown, and kept in the state. */
void waiting_said(const char *text);
/* WAITING_NO in out->kind when nothing is waited for. */
void waiting_get(struct waiting *out);
/* The same, or the first thread's call into a plugin that has not come back: it says nothing of
 * itself. Without the secrets that are known. */
void waiting_look(struct waiting *out, struct crash_look *look);
/* "a lock": in words, for the kind. */
const char *waiting_text(enum waiting_kind kind);

#endif

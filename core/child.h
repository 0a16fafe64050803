/* child.h - runs a program: argv array, own environment, no shell; stdout to a descriptor or
 * into a text, stderr kept (bounded) and masked. Not for long-lived children. */
#ifndef MIGHOST_CHILD_H
#define MIGHOST_CHILD_H

#include <stddef.h>

#include "status.h"
#include "str.h"

struct child_request {
    const char *const *argv;  /* argv[0] is a path or found in PATH */
    char *const *env;         /* added to (and overriding) a minimal environment; may be NULL */
    int out_fd;               /* -1: into `out` */
    int in_fd;                /* -1: /dev/null */
    struct str *out, *errors; /* may be NULL */
    const char *user;         /* run as this system user (root only); NULL: as we are */
    int timeout_seconds;      /* 0: none; then SIGTERM, SIGKILL */
    const char *cwd;          /* directory to start in; NULL: where we are, "/" for a `user` */
};

/* Bytes of stderr that are kept; the rest is read and dropped. */
#define CHILD_ERRORS_MAX ((size_t)64 << 10)

/* Exit status of the program, 127 when it could not be started, 128+n when killed by n.
 * `errors` then says why. The program has no terminal, none of our descriptors, and ends when
 * we end. One at a time in a process. */
int child_run(const struct child_request *request);
/* Asks the running program, if any, to end: async-signal-safe, for a handler. */
void child_stop(void);
/* The line of `errors` that says most, for a message: one that says "error" or "fatal", else the
 * last one; "no message" when there is none. */
void child_reason(const struct str *errors, char *out, size_t size);
/* 1 when the program is found in PATH or at the path. */
int child_exists(const char *program);

#endif

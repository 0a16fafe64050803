/* childexec.h - the start of a program: found, its environment and user made ready, fork and
 * execve. For child.c, which waits for the end; others need childexec_find() only. */
#ifndef MIGHOST_CHILDEXEC_H
#define MIGHOST_CHILDEXEC_H

#include <limits.h>
#include <sys/types.h>

#include "child.h"

/* What execve needs, made before fork. */
struct childexec {
    char path[PATH_MAX];
    char *const *argv;   /* borrowed */
    char *own[4], **env; /* `env`: our own entries and the given ones, which are borrowed: copies
                            of a password would have to be wiped */
    const char *cwd;
    int switch_user;
    uid_t uid;
    gid_t gid, groups[64];
    int n_groups;
    int in, out, errors; /* what becomes descriptors 0 to 2 */
};

/* 0; -1 for a relative name that PATH does not have or that is no executable file. */
int childexec_find(const char *program, char out[PATH_MAX]);
/* 0, or -1 with the reason as a line in `errors` (may be NULL). */
int childexec_prepare(struct childexec *x, const struct child_request *request, struct str *errors);
void childexec_clear(struct childexec *x);
/* The process, whose program runs already, or -1 with the reason in `errors`. */
pid_t childexec_start(const struct childexec *x, struct str *errors);

#endif

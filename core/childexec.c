/* childexec.c - from a request to a running program: fork and execve, since posix_spawn cannot
 * change the user. Between the two only async-signal-safe calls are made, all memory comes
 * from before. The program gets a session of its own (no terminal to ask for a password on,
 * one group to signal), a minimal environment and descriptors 0 to 2 only. [main] */
#include "childexec.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"

static const char *search_path(void)
{
    const char *path = getenv("PATH");
    return path && *path ? path : "/usr/local/bin:/usr/bin:/bin";
}

static int executable(const char *path)
{
    struct stat st;
    return access(path, X_OK) == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* Relative entries of PATH are left out: the working directory never chooses a program. */
int childexec_find(const char *program, char out[PATH_MAX])
{
    if (strchr(program, '/'))
        return snprintf(out, PATH_MAX, "%s", program) < PATH_MAX && executable(out) ? 0 : -1;
    for (const char *p = search_path(); *p;) {
        size_t n = strcspn(p, ":");
        int k = snprintf(out, PATH_MAX, "%.*s/%s", (int)n, p, program);
        if (*p == '/' && k < PATH_MAX && executable(out))
            return 0;
        p += n + (p[n] == ':');
    }
    return -1;
}

static int has_name(char *const *entries, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; entries && entries[i]; i++)
        if (strncmp(entries[i], name, n) == 0 && entries[i][n] == '=')
            return 1;
    return 0;
}

static void make_environment(struct childexec *x, char *const *given, const char *home)
{
    const char *const names[4] = {"PATH", "HOME", "LANG", "TZ"};
    const char *const values[4] = {search_path(), home, "C.UTF-8", "UTC"};
    size_t n = 0, n_given = 0;
    while (given && given[n_given])
        n_given++;
    x->env = arena_heap(NULL, (n_given + 5) * sizeof *x->env);
    for (size_t i = 0; i < 4; i++) {
        x->own[i] = NULL;
        if (has_name(given, names[i]))
            continue;
        size_t size = strlen(names[i]) + strlen(values[i]) + 2;
        x->own[i] = arena_heap(NULL, size);
        snprintf(x->own[i], size, "%s=%s", names[i], values[i]);
        x->env[n++] = x->own[i];
    }
    for (size_t i = 0; i < n_given; i++)
        x->env[n++] = given[i];
    x->env[n] = NULL;
}

/* 0 or -1: no such user, or more groups than we carry. */
static int find_user(const char *user, struct childexec *x, char *home, size_t size)
{
    const struct passwd *pw = getpwnam(user);
    if (!pw)
        return -1;
    x->switch_user = 1;
    x->uid = pw->pw_uid;
    x->gid = pw->pw_gid;
    x->n_groups = sizeof x->groups / sizeof *x->groups;
    snprintf(home, size, "%s", pw->pw_dir);
    return getgrouplist(user, pw->pw_gid, x->groups, &x->n_groups) < 0 ? -1 : 0;
}

int childexec_prepare(struct childexec *x, const struct child_request *request, struct str *errors)
{
    char home[PATH_MAX];
    const char *own_home = getenv("HOME"), *fault = NULL;
    memset(x, 0, sizeof *x);
    snprintf(home, sizeof home, "%s", own_home && *own_home ? own_home : "/");
    if (childexec_find(request->argv[0], x->path))
        fault = "no such program";
    else if (request->user && find_user(request->user, x, home, sizeof home))
        fault = "no such user to run it as";
    if (fault) {
        if (errors)
            str_printf(errors, "%s: %s\n", request->argv[0], fault);
        return -1;
    }
    x->cwd = request->cwd;
    if (request->user && !x->cwd)
        x->cwd = "/"; /* ours may be closed to that user */
    make_environment(x, request->env, home);
    x->argv = (char *const *)request->argv;
    return 0;
}

void childexec_clear(struct childexec *x)
{
    for (size_t i = 0; i < 4; i++)
        free(x->own[i]);
    free(x->env);
}

/* ---- between fork and execve: async-signal-safe calls only -------------------------------- */

enum stage { STAGE_SETUP = 1, STAGE_USER, STAGE_DIRECTORY, STAGE_EXEC };

struct report {
    int stage, why;
};

static void reset_signals(void)
{
    struct sigaction act = {.sa_handler = SIG_DFL};
    sigset_t none;
    for (int i = 1; i < NSIG; i++)
        sigaction(i, &act, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* 0 to 2 as asked, 3 the report (close-on-exec), nothing else. Via high numbers, because our
 * own 0 to 3 may be closed, and the pipes' ends then have those numbers. */
static int arrange_descriptors(const struct childexec *x, int report)
{
    const int from[4] = {x->in, x->out, x->errors, report};
    int high[4];
    for (int i = 0; i < 4; i++)
        if ((high[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 10)) < 0)
            return -1;
    for (int i = 0; i < 3; i++)
        if (dup2(high[i], i) < 0)
            return -1;
    if (dup3(high[3], 3, O_CLOEXEC) < 0)
        return -1;
    if (close_range(4, ~0U, 0) && errno == ENOSYS)
        for (int fd = 4; fd < 1024; fd++) /* older kernels: all of ours are close-on-exec anyway */
            close(fd);
    return 0;
}

static int become_user(const struct childexec *x)
{
    return setgroups((size_t)x->n_groups, x->groups) || setgid(x->gid) || setuid(x->uid) ? -1 : 0;
}

_Noreturn static void child_side(const struct childexec *x, int fd, pid_t parent)
{
    struct report report = {.stage = STAGE_SETUP};
    reset_signals();
    setsid();
    umask(077);
    if (arrange_descriptors(x, fd))
        goto out;
    fd = 3;
    report.stage = STAGE_USER;
    if (x->switch_user && become_user(x))
        goto out;
    report.stage = STAGE_DIRECTORY;
    if (x->cwd && chdir(x->cwd))
        goto out;
    /* After the change of user, which clears it. The parent may have died before. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(127);
    report.stage = STAGE_EXEC;
    execve(x->path, x->argv, x->env);
out:
    report.why = errno;
    if (write(fd, &report, sizeof report) < 0)
        _exit(126); /* nobody listens any more */
    _exit(127);
}

/* Waits for execve, or for the reason why it did not come to that. 0 when it did. */
static int read_report(int fd, const char *program, struct str *errors)
{
    struct report report;
    ssize_t n;
    do
        n = read(fd, &report, sizeof report);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof report)
        return 0;
    const char *const texts[] = {"cannot be prepared", "cannot change to its user",
                                 "cannot enter its directory", "cannot be started"};
    if (errors)
        str_printf(errors, "%s %s: %s\n", program, texts[report.stage - 1], strerror(report.why));
    return -1;
}

pid_t childexec_start(const struct childexec *x, struct str *errors)
{
    int report[2];
    pid_t parent = getpid(), pid = -1;
    if (pipe2(report, O_CLOEXEC) == 0) {
        pid = fork();
        if (pid == 0)
            child_side(x, report[1], parent);
        close(report[1]);
    }
    if (pid < 0) {
        if (errors)
            str_printf(errors, "%s cannot be started: %s\n", x->path, strerror(errno));
        return -1;
    }
    int failed = read_report(report[0], x->path, errors);
    close(report[0]);
    if (!failed)
        return pid;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return -1;
}

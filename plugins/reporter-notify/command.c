/*
 * command.c - the reporter "command": runs a program with the summary on its standard input. The
 * program is named with its arguments, one by one: no shell reads them. What it says is not kept;
 * its exit code is told.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../common/plural.h"
#include "common/option.h"
#include "notice.h"

#define MOST_ARGUMENTS 64

extern char **environ;

struct command {
    struct notice notice;
    char *argv[MOST_ARGUMENTS + 1];
};

/* ---- the child ------------------------------------------------------------------------ */

/* A file without a name: no pipe that fills up, none whose reader goes away. */
static int message_file(mig_str_t message)
{
    int fd = memfd_create("mighost", MFD_CLOEXEC);
    size_t done = 0;
    while (fd >= 0 && done < message.len) {
        ssize_t n = write(fd, message.data + done, message.len - done);
        if (n < 0 && errno != EINTR) {
            close(fd);
            return -1;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0)
        lseek(fd, 0, SEEK_SET);
    return fd;
}

/* In a group of its own, so that what it has begun ends with it; with the usual signals. */
static int start(const struct command *c, int input, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, usual;
    sigemptyset(&none);
    sigfillset(&usual);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&files, input, 0);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    int why = posix_spawnp(pid, c->argv[0], &files, &attributes, c->argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return why;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* 1 when it has ended; else it was killed. */
static int await(const struct command *c, pid_t pid, int *status)
{
    int64_t until = now_ms() + c->notice.seconds * 1000;
    struct timespec pause = {0, 10 * 1000 * 1000};
    pid_t got;
    while ((got = waitpid(pid, status, WNOHANG)) == 0 || (got < 0 && errno == EINTR)) {
        if (now_ms() > until || notice_stopped(&c->notice)) {
            kill(-pid, SIGKILL);
            while (waitpid(pid, status, 0) < 0 && errno == EINTR)
                continue;
            return 0;
        }
        nanosleep(&pause, NULL);
    }
    return got == pid;
}

static int32_t judge(const struct command *c, int ended, int status)
{
    const mig_host_t *host = c->notice.host;
    char text[200];
    if (!ended)
        snprintf(text, sizeof text, "the command did not end within %lld %s and was killed",
                 (long long)c->notice.seconds, plural(c->notice.seconds, "second", "seconds"));
    else if (WIFSIGNALED(status))
        snprintf(text, sizeof text, "the command was ended by signal %d", WTERMSIG(status));
    else if (WEXITSTATUS(status) == 0)
        return MIG_OK;
    else
        snprintf(text, sizeof text, "the command ended with %d", WEXITSTATUS(status));
    return host->fail(host, MIG_E_TEMPORARY, text, "try it by hand with the summary as its input");
}

static int32_t run(const struct command *c, mig_str_t message)
{
    const mig_host_t *host = c->notice.host;
    pid_t pid;
    int status = 0;
    int input = message_file(message);
    if (input < 0)
        return host->fail(host, MIG_E_IO, "no file for the summary can be made",
                          "free memory: it is kept there");
    int why = start(c, input, &pid);
    close(input);
    if (why) {
        char text[200];
        snprintf(text, sizeof text, "the command cannot be run: %s", strerror(why));
        return host->fail(host, MIG_E_IO, text, "give the path of a program");
    }
    int ended = await(c, pid, &status);
    return judge(c, ended, status);
}

/* ---- the unit ------------------------------------------------------------------------- */

static int32_t report(void *self, const mig_report_t *report)
{
    struct command *c = self;
    mig_str_t message;
    int32_t rc = notice_message(&c->notice, report, &message);
    return rc == MIG_OK ? run(c, message) : rc == MIG_END ? MIG_OK : rc;
}

/* Copies, because jansson's texts go with the list. */
static int take_words(struct command *c, const json_t *list)
{
    const mig_host_t *host = c->notice.host;
    size_t n = json_array_size(list);
    if (n == 0 || n > MOST_ARGUMENTS)
        return -1;
    for (size_t i = 0; i < n; i++) {
        const char *word = json_string_value(json_array_get(list, i));
        if (!word || (i == 0 && !*word))
            return -1;
        size_t len = strlen(word) + 1;
        c->argv[i] = memcpy(host->alloc(host, len), word, len);
    }
    c->argv[n] = NULL;
    return 0;
}

static int32_t create(const mig_host_t *host, void **self)
{
    struct command *c = host->alloc(host, sizeof *c);
    const char *words;
    *self = c;
    int32_t rc = notice_options(host, &c->notice);
    if (rc == MIG_OK)
        rc = option_keep(host, "command", &words);
    if (rc != MIG_OK)
        return rc;
    json_t *list = json_loads(words, JSON_REJECT_DUPLICATES, NULL);
    int bad = take_words(c, list);
    json_decref(list);
    return bad ? host->fail(host, MIG_E_CONFIG, "\"command\" is no list of texts",
                            "a program and its arguments: [\"/usr/bin/logger\", \"-t\", \"x\"]")
               : MIG_OK;
}

static void destroy(void *self)
{
    (void)self; /* the host owns the memory */
}

static const mig_option_t OPTIONS[] = {
    {"command", MIG_OPT_JSON, MIG_OPTF_REQUIRED, NULL, NULL,
     "A program and its arguments, as a list of texts; no shell."},
    NOTICE_OPTIONS,
};

static const mig_reporter_ops_t OPS = {sizeof OPS, 0, report};
const mig_unit_t command_unit = {
    .size = sizeof(mig_unit_t),
    .kind = MIG_REPORTER,
    .name = "command",
    .summary = "Runs a program when a run has ended, the summary on its input.",
    .options = OPTIONS,
    .create = create,
    .destroy = destroy,
    .ops = &OPS};

/* fault.c - named points at which a test can kill, stop, delay or fail the program. */
#include "fault.h"

#include <stdio.h>

#ifdef MIGHOST_FAULTS
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "output.h"

/* The whole list: a point that is not here cannot be used, one that is never passed fails the
 * crash test. */
static const char *const points[] = {
    "project.loaded",
    "plugins.loaded",
    "plan.sorted",
    "state.ready",
    "commit.sent",
    "run.before_open",
    "run.opened",
    "preflight.done",
    "staging.created",
    "chunk.read",
    "chunk.copy",
    "chunk.before_commit",
    "chunk.after_commit",
    "stage.loaded",
    "load.done",
    "check.begin",
    "check.values",
    "check.references",
    "check.done",
    "backup.before",
    "backup.done",
    "publish.begin",
    "publish.locked",
    "publish.before_images",
    "publish.table",
    "publish.sequences",
    "publish.rebuild",
    "publish.constraints",
    "publish.before_commit",
    "publish.after_commit",
    "verify.done",
    "report.begin",
    "report.done",
    "run.before_close",
    "rollback.begin",
    "rollback.checked",
    "rollback.table",
    "rollback.before_commit",
    "rollback.after_commit",
    "rehearsal.template", /* this one by rehearse.sh: a run never comes there */
};

static void list_add(const char *name)
{
    const char *path = getenv("MIGHOST_FAULT_LIST");
    int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return;
    char line[128];
    int n = snprintf(line, sizeof line, "%s\n", name);
    if (write(fd, line, (size_t)n) != n)
        abort();
    close(fd);
}

/* As work would be that a signal does not end. */
static void busy_for(long ms)
{
    struct timespec left = {ms / 1000, (ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

static int act(const char *action)
{
    if (strcmp(action, "kill") == 0)
        raise(SIGKILL);
    else if (strcmp(action, "stop") == 0)
        raise(SIGSTOP);
    else if (strcmp(action, "term") == 0)
        raise(SIGTERM);
    else if (strcmp(action, "int") == 0)
        raise(SIGINT);
    else if (strcmp(action, "hup") == 0)
        raise(SIGHUP);
    else if (strncmp(action, "sleep=", 6) == 0)
        busy_for(strtol(action + 6, NULL, 10));
    return strcmp(action, "fail") == 0;
}

int fault_point(const char *name)
{
    static long hits;
    size_t known = 0;
    while (known < sizeof points / sizeof *points && strcmp(points[known], name) != 0)
        known++;
    if (known == sizeof points / sizeof *points)
        abort();
    list_add(name);
    const char *wanted = getenv("MIGHOST_FAULT");
    size_t n = strlen(name);
    if (!wanted || strncmp(wanted, name, n) != 0 || wanted[n] != ':')
        return 0;
    if (strncmp(wanted + n, ":*:", 3) == 0)
        return act(wanted + n + 3);
    char *end;
    long nth = strtol(wanted + n + 1, &end, 10);
    if (++hits != nth || *end != ':')
        return 0;
    return act(end + 1);
}

int fault_number(const char *name, int otherwise)
{
    const char *text = getenv(name);
    return text ? (int)strtol(text, NULL, 10) : otherwise;
}

void fault_print(void)
{
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        output_line(points[i]);
}
#else
void fault_print(void)
{
}
#endif

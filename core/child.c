/* child.c - runs a program and waits for its end, while its output is read: a program never
 * waits for us, and we never wait for what outlives it. How it is started: childexec.c. [main] */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "childexec.h"
#include "log.h"
#include "waiting.h"

#define GRACE_MS 5000    /* from SIGTERM to SIGKILL */
#define DRAIN_ROUNDS 100 /* reads after the end: a full pipe, and an end to a chatty grandchild */
#define TICK_MS 50       /* how late an end is seen when a grandchild keeps a pipe open */

struct running {
    pid_t pid;
    int out, errors;            /* our ends of the pipes, -1 when closed */
    struct str *text, *message; /* where they go; may be NULL */
    int64_t deadline;           /* milliseconds, 0: none */
    int asked;                  /* SIGTERM was sent */
};

static _Atomic pid_t current; /* group that child_stop() signals, 0: none */

void child_stop(void)
{
    pid_t pid = atomic_load(&current);
    if (pid > 0)
        kill(-pid, SIGTERM);
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int child_exists(const char *program)
{
    char path[PATH_MAX];
    return childexec_find(program, path) == 0;
}

void child_reason(const struct str *errors, char *out, size_t size)
{
    const char *best = "no message";
    size_t length = strlen(best);
    for (const char *p = errors->data; *p;) {
        size_t n = strcspn(p, "\n");
        if (n)
            best = p, length = n;
        snprintf(out, size, "%.*s", (int)(length < size ? length : size - 1), best);
        if (strcasestr(out, "error") || strcasestr(out, "fatal"))
            return;
        p += n + (p[n] == '\n');
    }
    snprintf(out, size, "%.*s", (int)(length < size ? length : size - 1), best);
}

/* What does not fit is read and dropped, so that the program never waits for us. */
static void read_some(int *fd, struct str *text, size_t max)
{
    char buffer[16384];
    ssize_t n = read(*fd, buffer, sizeof buffer);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) {
        close(*fd);
        *fd = -1;
        return;
    }
    size_t room = text && text->len < max ? max - text->len : 0;
    if (text)
        str_add_n(text, buffer, (size_t)n < room ? (size_t)n : room);
}

/* 1 when something was there within `wait_ms`. */
static int pump(struct running *r, int wait_ms)
{
    struct pollfd p[2] = {{.fd = r->out, .events = POLLIN}, {.fd = r->errors, .events = POLLIN}};
    int n = poll(p, 2, wait_ms);
    if (n <= 0)
        return n < 0 && errno == EINTR;
    if (p[0].revents)
        read_some(&r->out, r->text, SIZE_MAX);
    if (p[1].revents)
        read_some(&r->errors, r->message, CHILD_ERRORS_MAX);
    return 1;
}

static void keep_deadline(struct running *r)
{
    if (!r->deadline || now_ms() < r->deadline)
        return;
    kill(-r->pid, r->asked ? SIGKILL : SIGTERM);
    if (!r->asked && r->message)
        str_add(r->message, "stopped: it took longer than allowed\n");
    r->asked = 1;
    r->deadline = now_ms() + GRACE_MS;
}

/* Until the program ends. A grandchild that keeps a pipe open is not waited for. */
static int wait_end(struct running *r)
{
    int status = 0;
    for (;;) {
        siginfo_t info = {.si_pid = 0};
        int lost = waitid(P_PID, (id_t)r->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0;
        if (info.si_pid || (lost && errno == ECHILD))
            break;
        keep_deadline(r);
        if (r->out < 0 && r->errors < 0)
            poll(NULL, 0, 2);
        else
            pump(r, TICK_MS);
    }
    for (int i = 0; i < DRAIN_ROUNDS && (r->out >= 0 || r->errors >= 0) && pump(r, 0); i++)
        ;
    /* The number is ours until it is reaped, so that child_stop never hits another's group. */
    atomic_store(&current, 0);
    while (waitpid(r->pid, &status, 0) < 0)
        if (errno != EINTR)
            return 127; /* somebody ignores SIGCHLD: how it ended is not known */
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int watched_end(struct running *r, const char *program)
{
    waiting_begin(WAITING_PROGRAM, program);
    int rc = wait_end(r);
    waiting_end();
    return rc;
}

/* NUL bytes would hide the rest of the text. */
static void mask(struct str *errors)
{
    if (!errors || !errors->len)
        return;
    for (size_t i = 0; i < errors->len; i++)
        if (!errors->data[i])
            errors->data[i] = '?';
    log_mask(errors->data);
    errors->len = strlen(errors->data);
}

static void close_if(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* The program's ends are closed here in every case; ours are in `r`. */
static int start(struct childexec *x, const struct child_request *request, struct running *r)
{
    int out[2] = {-1, -1}, errors[2] = {-1, -1};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || pipe2(errors, O_CLOEXEC) || (request->out_fd < 0 && pipe2(out, O_CLOEXEC))) {
        if (request->errors)
            str_printf(request->errors, "no pipe: %s\n", strerror(errno));
    } else {
        x->in = request->in_fd >= 0 ? request->in_fd : null;
        x->out = request->out_fd >= 0 ? request->out_fd : out[1];
        x->errors = errors[1];
        r->pid = childexec_start(x, request->errors);
        atomic_store(&current, r->pid > 0 ? r->pid : 0);
    }
    r->out = out[0];
    r->errors = errors[0];
    close_if(out[1]);
    close_if(errors[1]);
    close_if(null);
    return r->pid > 0 ? 0 : -1;
}

int child_run(const struct child_request *request)
{
    int rc = 127;
    struct childexec x;
    struct running r = {
        .pid = -1, .out = -1, .errors = -1, .text = request->out, .message = request->errors};
    if (request->timeout_seconds > 0)
        r.deadline = now_ms() + request->timeout_seconds * 1000LL;
    if (childexec_prepare(&x, request, request->errors) == 0) {
        if (start(&x, request, &r) == 0)
            rc = watched_end(&r, request->argv[0]);
        close_if(r.out);
        close_if(r.errors);
        childexec_clear(&x);
    }
    mask(request->errors);
    return rc;
}

/* serve.c - --serve: the state of runs as a page on this machine's loopback addresses, from a
 * process of its own, so that no browser can hold up a run. Listens and waits. */
#include "serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "actions.h"
#include "fault.h"
#include "output.h"
#include "signals.h"

#define CONNECTIONS 40
#define STILL_SECONDS 20      /* a connection on which nothing moves so long is closed */
#define SEND_BYTES (64 << 10) /* that a browser which reads nothing may hold */
#define TICK_MS 1000

/* ---- listening --------------------------------------------------------------------------- */

static int listen_on(int family, int port)
{
    int on = 1, bytes = SEND_BYTES;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_in v4 = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                              .sin6_port = htons((uint16_t)port),
                              .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    const struct sockaddr *address =
        family == AF_INET ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6;
    socklen_t size = family == AF_INET ? sizeof v4 : sizeof v6;
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes); /* connections inherit it */
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, address, size) == 0 && listen(fd, 16) == 0)
        return fd;
    int failure = errno;
    close(fd);
    errno = failure;
    return -1;
}

static int port_of(int fd)
{
    struct sockaddr_in address = {0};
    socklen_t size = sizeof address;
    return getsockname(fd, (struct sockaddr *)&address, &size) ? 0 : ntohs(address.sin_port);
}

static int no_port(int port, struct error *err)
{
    error_set(err, STATUS_CONFIG, "port %d cannot be listened on: %s", port, strerror(errno));
    error_fix(err, "give another one, or none: --serve takes one that is free");
    return STATUS_CONFIG;
}

/* The same port of both addresses, so that no other program has the one that "localhost" means to a
 * browser. Where there is no ::1, 127.0.0.1 is enough. */
static int listen_both(int wanted, int fds[2], int *port, struct error *err)
{
    for (int tries = 0; tries < 20; tries++) {
        fds[0] = listen_on(AF_INET, wanted);
        if (fds[0] < 0)
            return no_port(wanted, err);
        *port = port_of(fds[0]);
        fds[1] = listen_on(AF_INET6, *port);
        if (fds[1] >= 0 || errno != EADDRINUSE)
            return 0;
        close(fds[0]);
        if (wanted)
            return no_port(wanted, err);
    }
    return no_port(wanted, err);
}

static int start(struct serve *s, int wanted, struct error *err)
{
    int fds[2], port;
    if (listen_both(wanted, fds, &port, err))
        return err->code;
    if (serveguard_init(&s->guard, port))
        return error_set(err, STATUS_BUG, "the system gives no random bytes");
    for (int i = 0; i < 2; i++) {
        if (fds[i] < 0)
            continue;
        s->daemons[i] = MHD_start_daemon(
            MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, serveroutes_answer, s,
            MHD_OPTION_LISTEN_SOCKET, fds[i], MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)fault_number("MIGHOST_STILL", STILL_SECONDS),
            MHD_OPTION_END);
        if (!s->daemons[i])
            return error_set(err, STATUS_BUG, "libmicrohttpd does not start");
    }
    return 0;
}

/* ---- waiting ----------------------------------------------------------------------------- */

/* Until a browser wants something, or `most` milliseconds. */
static void wait_for(struct serve *s, int most)
{
    struct pollfd fds[2];
    for (int i = 0; i < 2; i++) {
        MHD_UNSIGNED_LONG_LONG ms;
        const union MHD_DaemonInfo *info =
            s->daemons[i] ? MHD_get_daemon_info(s->daemons[i], MHD_DAEMON_INFO_EPOLL_FD) : NULL;
        fds[i] = (struct pollfd){.fd = info ? info->epoll_fd : -1, .events = POLLIN};
        if (info && MHD_get_timeout(s->daemons[i], &ms) == MHD_YES && (int64_t)ms < most)
            most = (int)ms;
    }
    poll(fds, 2, most > 0 ? most : 0);
    for (int i = 0; i < 2; i++)
        if (s->daemons[i])
            MHD_run(s->daemons[i]);
}

static void loop(struct serve *s)
{
    int64_t due = servedoc_now_ms() + TICK_MS;
    while (!host_is_cancelled()) {
        int64_t now = servedoc_now_ms();
        if (now >= due) {
            if (serveevents_any(s))
                serveevents_tick(s);
            due = servedoc_now_ms() + TICK_MS;
        }
        wait_for(s, (int)(due > now ? due - now : 0));
    }
}

static void stop(struct serve *s)
{
    serveevents_end(s);
    for (int i = 0; i < 2; i++)
        if (s->daemons[i]) {
            MHD_run(s->daemons[i]);
            MHD_stop_daemon(s->daemons[i]);
        }
    json_decref(s->doc);
    explicit_bzero(&s->guard, sizeof s->guard);
}

/* ---- the action ---------------------------------------------------------------------------- */

static int wanted_port(const char *text, int *port, struct error *err)
{
    char *end = NULL;
    long got = text ? strtol(text, &end, 10) : 0;
    if (text && (*end || end == text || got < 1 || got > 65535)) {
        error_set(err, STATUS_USAGE, "\"%.20s\" is not a port", text);
        error_fix(err, "--serve takes a whole number from 1 to 65535, or nothing");
        return STATUS_USAGE;
    }
    *port = (int)got;
    return 0;
}

int serve_run(const struct cli *cli, struct session *x)
{
    struct serve s = {.x = x};
    int port = 0;
    int code = wanted_port(cli->argument, &port, &x->err);
    if (!code)
        code = session_target(x);
    if (!code)
        code = start(&s, port, &x->err);
    if (!code) {
        output_format("http://127.0.0.1:%d/?token=%s\n", s.guard.port, s.guard.token);
        output_line("Open it in a browser on this machine: it works once. Ctrl-C ends the page, "
                    "not the run.");
        output_flush();
        loop(&s);
    }
    stop(&s);
    if (code)
        session_report(x, "nothing was written");
    return code ? code : 0;
}

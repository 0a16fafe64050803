/* signals.c - two-step stop. The handler only sets flags, ends a child such as pg_dump, cancels
 * statements (PQcancel is safe there) and, the second time, leaves: the server undoes what is open.
 */
#include "signals.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "host.h"
#include "pg.h"
#include "status.h"
#include "surround.h"

static volatile sig_atomic_t seen, cancel_statements;

static void handle(int number)
{
    if (seen) {
        pg_cancel_all();
        _exit(signals_code());
    }
    seen = number;
    host_cancel();
    child_stop();
    if (cancel_statements)
        pg_cancel_all();
}

void signals_init(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handle;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGXFSZ, &action, NULL); /* a limit on file sizes is an error of write() */
}

static void handle_order(int number)
{
    (void)number;
    host_cancel();
}

void signals_worker(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_handler = SIG_IGN;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    action.sa_handler = handle_order;
    sigaction(SIGUSR1, &action, NULL);
    surround_keep();
}

void signals_cancel_statements(int on)
{
    cancel_statements = on;
    if (!on)
        pg_cancel_over();
    else if (seen)
        pg_cancel_all();
}

int signals_code(void)
{
    return seen == SIGINT ? STATUS_INTERRUPTED : STATUS_TERMINATED;
}

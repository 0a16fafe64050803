/* outlet.c - writes to stderr that do not wait for long. A pipe that is ready takes so much at
 * once; so do terminals and sockets. What is a file is always ready. */
#include "outlet.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#define PATIENCE_MS 1000 /* once; while the reader sleeps on, no line waits */

static volatile int is_asleep;

static int is_ready(void)
{
    struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
    int n = poll(&p, 1, is_asleep ? 0 : PATIENCE_MS);
    if (n < 0 && errno == EINTR) /* timers must not make it a wait without end */
        n = poll(&p, 1, 0);
    is_asleep = n == 0;
    return n > 0;
}

int outlet_write(const char *data, size_t n)
{
    while (n) {
        if (!is_ready())
            return 0;
        ssize_t k = write(STDERR_FILENO, data, n < PIPE_BUF ? n : PIPE_BUF);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return 0;
        data += k;
        n -= (size_t)k;
    }
    return 1;
}

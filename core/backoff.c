/* backoff.c - the pauses between tries: short at first, for a deadlock is gone at once, then
 * longer, for a server that starts again. What may be tried again at all is pg_retryable's. */
#include "backoff.h"

#include <time.h>

#include "waiting.h"

long backoff_ms(int64_t n)
{
    long ms = BACKOFF_FIRST;
    while (n-- > 0 && ms < BACKOFF_MOST)
        ms *= 2;
    return ms < BACKOFF_MOST ? ms : BACKOFF_MOST;
}

static int64_t waits;

int64_t backoff_count(void)
{
    return waits;
}

void backoff_wait(int64_t n)
{
    long ms = backoff_ms(n);
    waits++;
    waiting_begin(WAITING_RETRY, "");
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
    waiting_end();
}

/* beat.c - heartbeats in transactions of their own. */
#include "beat.h"

#include "fault.h"

#define BEAT_SECONDS 10 /* a third of the lease, see state_open.c */

void beat_begin(struct beat *b)
{
    clock_gettime(CLOCK_MONOTONIC, &b->at);
}

static double seconds_since(const struct timespec *t)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - t->tv_sec) + (double)(now.tv_nsec - t->tv_nsec) / 1e9;
}

int beat_tell(struct beat *b, struct state *s, struct error *err)
{
    struct error own = {0};
    if (s->worker || seconds_since(&b->at) < fault_number("MIGHOST_BEAT", BEAT_SECONDS))
        return 0;
    beat_begin(b);
    int code = state_begin(s, &own);
    if (!code)
        code = state_heartbeat(s, "load", &own);
    if (!code)
        code = state_commit(s, &own);
    if (code)
        pg_rollback(s->pg);
    if (code != STATUS_BUSY)
        return 0;
    *err = own;
    return code;
}

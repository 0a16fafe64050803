/*
 * pace.c - slows down at once and speeds up slowly.
 *
 * Pauses double from half a second on and are drawn from their upper half, so that clients that
 * were turned away together do not come back together.
 */
#include "pace.h"

#define FIRST_MS 500
#define GOOD_PAGES 16U /* behind each other, before more is asked for again */

void pace_begin(struct pace *p, uint32_t page_most, uint32_t parallel_most, int64_t wait_most_ms,
                uint64_t seed)
{
    *p = (struct pace){.page_most = page_most,
                       .parallel_most = parallel_most,
                       .wait_most_ms = wait_most_ms,
                       .page_size = page_most,
                       .parallel = parallel_most,
                       .random = seed | 1};
}

/* xorshift64. */
static int64_t draw(struct pace *p, int64_t most)
{
    p->random ^= p->random << 13;
    p->random ^= p->random >> 7;
    p->random ^= p->random << 17;
    return most > 0 ? (int64_t)(p->random % (uint64_t)(most + 1)) : 0;
}

int64_t pace_wait(struct pace *p, uint32_t tries, int64_t asked_ms)
{
    if (asked_ms >= 0) {
        int64_t ms = asked_ms < p->wait_most_ms ? asked_ms : p->wait_most_ms;
        return ms + draw(p, 100);
    }
    int64_t ms = FIRST_MS;
    for (uint32_t i = 0; i < tries && ms < p->wait_most_ms; i++)
        ms *= 2;
    ms = ms < p->wait_most_ms ? ms : p->wait_most_ms;
    return ms / 2 + draw(p, ms / 2);
}

void pace_good(struct pace *p)
{
    if (++p->good < GOOD_PAGES)
        return;
    p->good = 0;
    if (p->parallel < p->parallel_most)
        p->parallel++;
    p->page_size = p->page_size < p->page_most / 2 ? p->page_size * 2 : p->page_most;
}

void pace_throttled(struct pace *p, int64_t until)
{
    /* Those that were under way together are turned away together: that is one sign, not many. */
    if (until > p->not_before) {
        if (p->good && p->parallel > 1)
            p->parallel /= 2;
        p->not_before = until;
    }
    p->good = 0;
}

int pace_smaller(struct pace *p)
{
    p->good = 0;
    if (p->page_size == 1)
        return 0;
    p->page_size /= 2;
    return 1;
}

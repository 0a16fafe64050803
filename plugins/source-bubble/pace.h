/* pace.h - how fast is asked: pauses, requests at a time, things in a page. Pure: is told the time.
 */
#ifndef MIGHOST_SOURCE_BUBBLE_PACE_H
#define MIGHOST_SOURCE_BUBBLE_PACE_H

#include <stdint.h>

struct pace {
    uint32_t page_most, parallel_most;
    int64_t wait_most_ms;
    uint32_t page_size, parallel; /* now */
    uint32_t good;                /* pages one behind the other */
    int64_t not_before;           /* no request is begun earlier */
    uint64_t random;              /* never 0 */
};

void pace_begin(struct pace *p, uint32_t page_most, uint32_t parallel_most, int64_t wait_most_ms,
                uint64_t seed);
/* How long to wait before try `tries` + 1; `asked_ms`: what the server asks for, or -1. */
int64_t pace_wait(struct pace *p, uint32_t tries, int64_t asked_ms);
void pace_good(struct pace *p);
/* The server has too many requests: none is begun before `until`. */
void pace_throttled(struct pace *p, int64_t until);
/* A page was too much. 0: there is no smaller one. */
int pace_smaller(struct pace *p);

#endif

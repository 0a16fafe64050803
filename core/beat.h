/* beat.h - signs of life of a process that sends nothing for long: so that nobody takes its run for
 * dead. [main] */
#ifndef MIGHOST_BEAT_H
#define MIGHOST_BEAT_H

#include <time.h>

#include "state.h"

struct beat {
    struct timespec at; /* of the last sign */
};

void beat_begin(struct beat *b);
/* Gives one where the last is long ago; of a worker the run's own process does. STATUS_BUSY: the
 * run is another's now. Other failures show again with what is sent next, and are none here. No
 * transaction is open. */
int beat_tell(struct beat *b, struct state *s, struct error *err);

#endif

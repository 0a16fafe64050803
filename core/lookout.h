/* lookout.h - a thread that looks a few times a second at what the process waits for, and tells it
 * while the first thread cannot: that one may be in a call that never comes back. Leaf. */
#ifndef MIGHOST_LOOKOUT_H
#define MIGHOST_LOOKOUT_H

#include "waiting.h"

/* `look` is called by the thread, from now on. One at a time; nothing where no thread can be made.
 */
void lookout_start(void (*look)(void *ctx, const struct waiting *now), void *ctx);
/* Waits for a look that is under way. */
void lookout_stop(void);

/* Around fork() of a process that goes on in this program: no thread is there meanwhile. The child
 * has none until it starts one. */
void lookout_before_fork(void);
void lookout_after_fork(void);

#endif

/* outlet.h - stderr, whose reader may be asleep or gone. A full pipe and a terminal that was told
 * to pause must not stop a run: it waits a second for them, and then goes on without. Leaf. */
#ifndef MIGHOST_OUTLET_H
#define MIGHOST_OUTLET_H

#include <stddef.h>

/* 1: all of it was written. 0: it is lost, or what is behind the part that was taken. Also from
 * handlers of signals; threads take turns by a lock of their own. */
int outlet_write(const char *data, size_t n);

#endif

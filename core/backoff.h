/* backoff.h - how long to wait before a transaction is tried again. */
#ifndef MIGHOST_BACKOFF_H
#define MIGHOST_BACKOFF_H

#include <stdint.h>

#define BACKOFF_FIRST 100 /* milliseconds; each time twice as long */
#define BACKOFF_MOST 6400

/* Before the try behind failure `n`, counted from 0; in milliseconds. */
long backoff_ms(int64_t n);
/* Waits so long; a signal ends it. */
void backoff_wait(int64_t n);
/* How often this process has waited so. [main] */
int64_t backoff_count(void);

#endif

/* nearest.h - the name that somebody probably meant. */
#ifndef MIGHOST_PLUGINS_NEAREST_H
#define MIGHOST_PLUGINS_NEAREST_H

#include <stddef.h>

/* The best of a series of names: start with all zero, offer each, read `name`. */
struct nearest {
    const char *name; /* borrowed from nearest_offer(); NULL: none is near */
    size_t distance;
};

/* Takes `candidate` when it differs from `wanted` in at most a third of its letters (case
 * does not count), or in the order of its words, and is nearer than the best so far. */
void nearest_offer(struct nearest *best, const char *wanted, const char *candidate);

#endif

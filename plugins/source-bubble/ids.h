/* ids.h - a set of ids: those of one moment that were given already. */
#ifndef MIGHOST_SOURCE_BUBBLE_IDS_H
#define MIGHOST_SOURCE_BUBBLE_IDS_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

#define IDS_LONGEST 512U /* bytes of an id */

struct ids { /* all zero is an empty set */
    struct buf text;
    struct ids_slot {
        size_t at, len; /* in `text`; len 0: the slot is free */
    } * slots;          /* owned */
    size_t n, n_slots;
};

void ids_clear(struct ids *s); /* empties it; what it had is kept for the next ones */
void ids_free(struct ids *s);
/* 1: it was new, 0: it was there, -1: no memory. `len` is 1 to IDS_LONGEST. */
int ids_add(struct ids *s, const char *id, size_t len);

#endif

/* keyset.h - which pages are asked for, and which of their things are new.
 *
 * There is no snapshot to read, only lists that others change meanwhile, so no page is asked for by
 * a running offset. All things up to a moment `base` are known to be given; of the next moment,
 * `last`, those in `seen`. A page behind `base` therefore brings all that is missing, whatever was
 * deleted or made before it. Pages that are asked for ahead of that are taken only when they reach
 * back behind `last`; else they are dropped and asked for anew. Pure: no clock, no network. */
#ifndef MIGHOST_SOURCE_BUBBLE_KEYSET_H
#define MIGHOST_SOURCE_BUBBLE_KEYSET_H

#include "ids.h"
#include "moment.h"

#define KEYSET_UNKNOWN (-1) /* things that remain: the server does not say */

/* One page: things made after `above` and before `below`, from `cursor` on. */
struct keyset_request {
    int64_t above, below; /* MOMENT_NONE: no such bound */
    uint64_t cursor;
    uint32_t limit;
};

enum keyset_verdict {
    KEYSET_TAKE,     /* go through its things, then keyset_end() */
    KEYSET_ANEW,     /* drop it and all that were asked for behind it */
    KEYSET_HOLE,     /* nothing in it, though more remains: ask for it again, at last give up */
    KEYSET_FINISHED, /* nothing is behind it */
    KEYSET_STUCK,    /* the same things come again and again */
    KEYSET_TIED      /* the things of one moment cannot all be read */
};

struct keyset {
    int64_t base, last;      /* MOMENT_NONE: none yet */
    struct ids seen;         /* things of `last` that were given */
    uint64_t below;          /* things given up to `base` */
    uint64_t planned, known; /* up to where pages are asked for; how many there are to ask for */
    uint32_t largest;        /* most things of one moment so far */
    uint32_t stuck;          /* pages one behind the other that brought nothing */
    int tied;                /* the things of `last` are read alone: they fill pages */
    struct ids met;          /* of these, since their number was last another one */
    int64_t tie_total;       /* that number */
    uint64_t tie_cursor, tie_rounds;
};

void keyset_begin(struct keyset *k);
void keyset_free(struct keyset *k);
uint64_t keyset_given(const struct keyset *k);

/* The next page to ask for while `in_flight` others are under way. 1, or 0: none before another
 * page is there. */
int keyset_plan(struct keyset *k, uint32_t limit, unsigned in_flight, struct keyset_request *out);
/* All that is under way was dropped. */
void keyset_replan(struct keyset *k);
/* A page of `n` things, of which the first was made at `first`. */
enum keyset_verdict keyset_look(const struct keyset *k, const struct keyset_request *r, size_t n,
                                int64_t first, int64_t remaining);
/* The next thing of a page that is taken. 1: it is new, 0: given before, -1: no memory. */
int keyset_offer(struct keyset *k, int64_t made, const char *id, size_t len);
/* The page of `n` things, `fresh` of them new, is at its end. */
enum keyset_verdict keyset_end(struct keyset *k, const struct keyset_request *r, size_t n,
                               size_t fresh, int64_t remaining);

#endif

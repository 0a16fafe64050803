/*
 * keyset.c - pages by moment of creation.
 *
 * The API knows "greater than" and no "at or after", and promises no order among things of one
 * moment. So a search begins behind the last-but-one moment, and the things of the last one come
 * again. Positions are counted from the first thing of all, so that pages asked for behind
 * different bases can be compared.
 */
#include "keyset.h"

#define STUCK_MOST 5U
#define ROUNDS_MOST 40U /* over the things of one moment, until all were met */

void keyset_begin(struct keyset *k)
{
    ids_clear(&k->seen);
    ids_clear(&k->met);
    *k = (struct keyset){.base = MOMENT_NONE, .last = MOMENT_NONE, .seen = k->seen, .met = k->met};
}

void keyset_free(struct keyset *k)
{
    ids_free(&k->seen);
    ids_free(&k->met);
}

uint64_t keyset_given(const struct keyset *k)
{
    return k->below + k->seen.n;
}

/* Things of `last` come first behind `base`; a page that has one of an earlier moment before them
 * has all of them. */
static uint32_t overlap(const struct keyset *k)
{
    return k->largest < 1 ? 2 : k->largest + 1;
}

int keyset_plan(struct keyset *k, uint32_t limit, unsigned in_flight, struct keyset_request *out)
{
    *out = (struct keyset_request){.above = k->base, .below = MOMENT_NONE, .limit = limit};
    if (k->tied) {
        out->above = k->last - 1;
        out->below = k->last + 1;
        out->cursor = k->tie_cursor;
        return in_flight == 0;
    }
    if (in_flight) {
        if (k->planned >= k->known || overlap(k) > limit / 2 || k->planned < k->below + overlap(k))
            return 0;
        out->cursor = k->planned - overlap(k) - k->below;
    }
    k->planned = k->below + out->cursor + limit;
    return 1;
}

void keyset_replan(struct keyset *k)
{
    k->planned = 0;
}

enum keyset_verdict keyset_look(const struct keyset *k, const struct keyset_request *r, size_t n,
                                int64_t first, int64_t remaining)
{
    if (!n && remaining > 0)
        return r->cursor && !k->tied ? KEYSET_ANEW : KEYSET_HOLE;
    if (k->tied || !r->cursor)
        return KEYSET_TAKE;
    return n && k->last != MOMENT_NONE && first < k->last ? KEYSET_TAKE : KEYSET_ANEW;
}

/* All things of `last` are given. */
static void close_moment(struct keyset *k)
{
    if (k->seen.n > k->largest)
        k->largest = k->seen.n < UINT32_MAX / 2 ? (uint32_t)k->seen.n : UINT32_MAX / 2;
    k->below += k->seen.n;
    k->base = k->last;
    ids_clear(&k->seen);
}

int keyset_offer(struct keyset *k, int64_t made, const char *id, size_t len)
{
    if (made <= k->base || (k->last != MOMENT_NONE && made < k->last))
        return 0;
    if (k->last != MOMENT_NONE && made > k->last)
        close_moment(k);
    k->last = made;
    if (k->tied && ids_add(&k->met, id, len) < 0)
        return -1;
    return ids_add(&k->seen, id, len);
}

/* How many things the moment has; what it was where the server does not say. */
static int64_t tie_total(const struct keyset *k, size_t n, int64_t remaining)
{
    if (remaining >= 0)
        return (int64_t)k->tie_cursor + remaining;
    return n ? k->tie_total : (int64_t)k->tie_cursor;
}

/* All were met when as many different ones were as there are, and their number stood still
 * meanwhile: what was seen before may be gone, and would hide one that was not seen. */
static enum keyset_verdict end_of_tied(struct keyset *k, size_t n, int64_t remaining)
{
    k->tie_cursor += n;
    int64_t total = tie_total(k, n, remaining);
    if (k->tie_total >= 0 && total != k->tie_total)
        ids_clear(&k->met);
    k->tie_total = total;
    if (remaining > 0 || (remaining < 0 && n))
        return KEYSET_TAKE;
    k->tie_cursor = 0;
    if ((int64_t)k->met.n < total)
        return ++k->tie_rounds < ROUNDS_MOST ? KEYSET_TAKE : KEYSET_TIED;
    close_moment(k);
    k->last = MOMENT_NONE;
    k->tied = 0;
    /* One that fills pages would keep pages from being asked for ahead. */
    k->largest = 0;
    keyset_replan(k);
    return KEYSET_TAKE;
}

enum keyset_verdict keyset_end(struct keyset *k, const struct keyset_request *r, size_t n,
                               size_t fresh, int64_t remaining)
{
    k->stuck = fresh ? 0 : k->stuck + 1;
    if (k->tied)
        return end_of_tied(k, n, remaining);
    k->known = remaining > 0 ? keyset_given(k) + (uint64_t)remaining : 0;
    if (remaining == 0 || (remaining < 0 && !fresh))
        return KEYSET_FINISHED;
    if (k->seen.n >= r->limit / 2 + 1) {
        k->tied = 1;
        k->tie_cursor = k->tie_rounds = 0;
        k->tie_total = KEYSET_UNKNOWN;
        ids_clear(&k->met);
        k->stuck = 0;
        return KEYSET_ANEW;
    }
    return k->stuck > STUCK_MOST ? KEYSET_STUCK : KEYSET_TAKE;
}

/* ahead.h - the first pages of types that will be read next, asked for while the open one leaves
 * requests free. */
#ifndef MIGHOST_SOURCE_BUBBLE_AHEAD_H
#define MIGHOST_SOURCE_BUBBLE_AHEAD_H

#include "reader.h"

#define AHEAD_TYPES 3U /* whose pages are asked for ahead at one time */
#define AHEAD_PAGES 2U /* of each */

struct ahead_type;

struct ahead {
    const struct settings *s; /* borrowed, as the next two */
    struct transfers *net;
    struct pace *pace;
    struct ahead_type *first; /* in the order in which they were announced; owned */
};

void ahead_init(struct ahead *a, const struct settings *s, struct transfers *net,
                struct pace *pace);
void ahead_clear(struct ahead *a);
/* The type will be opened, whole and from its beginning, behind those before. 0, or -1: no memory.
 */
int ahead_announce(struct ahead *a, const char *entity);
/* Asks, as far as the limit of requests and pages allows. 0 or negative, said to the host. */
int32_t ahead_advance(struct ahead *a);
/* The reader that has begun on this type, the caller's from now on, for reader_go_on(); NULL: there
 * is none. The type is announced no more. */
struct reader *ahead_take(struct ahead *a, const char *type);

#endif

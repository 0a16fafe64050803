/* walk.h - from page to page of an API that has none of Bubble's rules. */
#ifndef MIGHOST_SOURCE_BUBBLE_WALK_H
#define MIGHOST_SOURCE_BUBBLE_WALK_H

#include "page.h"
#include "settings.h"

enum walk_paging {
    WALK_NONE,   /* one page */
    WALK_OFFSET, /* by the number of records before it */
    WALK_PAGE,   /* by its own number, from 1 */
    WALK_CURSOR, /* by what the page before says */
    WALK_LINK    /* the page before gives the whole address */
};

struct walk {
    const struct settings *s;
    enum walk_paging paging;
    char *list, *next, *parameter, *limit_parameter; /* options; owned, as all below */
    json_t *paths, *parameters;
    char *path;              /* of the open entity */
    char *mark;              /* the page that is read, as the server named it; NULL: the first */
    uint64_t before, number; /* records before it; its own number, from 1 */
};

/* From the unit's options. 0 or negative, said to the host; walk_clear() in any case. */
int32_t walk_read(struct walk *w, const struct settings *s);
void walk_clear(struct walk *w);
/* Goes before the first page of an entity. 0, or -1: no memory. */
int walk_begin(struct walk *w, const char *entity);
/* The address of the page, for curl_free(), or NULL. */
char *walk_url(const struct walk *w);
/* Behind a page. 1: there is another, 0: it was the last, -1: the next one cannot be (the same
 * again, or another server). */
int walk_on(struct walk *w, const struct page *p);

#endif

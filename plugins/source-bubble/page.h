/* page.h - the body of a list answer: its things, still as text, and how many remain. */
#ifndef MIGHOST_SOURCE_BUBBLE_PAGE_H
#define MIGHOST_SOURCE_BUBBLE_PAGE_H

#include <stdint.h>

#include "common/jsonscan.h"

struct page_thing {
    struct jsonscan_slice text, id;
    int64_t made;
};

/* Where in a body things stand: dotted paths, NULL: it has no such thing. */
struct page_form {
    const char *list; /* "": the body itself is the list */
    const char *cursor, *remaining, *next;
    int is_keyed; /* each thing has an id and a moment of creation, and they are in order */
};

struct page {
    struct page_thing *things; /* owned; slices point into the body */
    size_t n, room;
    int64_t cursor, remaining; /* -1: not said */
    char *next;                /* text or number at form.next, or NULL; owned */
};

/* NULL, or what is wrong with the body: a finished sentence. */
const char *page_parse(struct page *p, const struct page_form *form, const char *body, size_t len);
void page_free(struct page *p);

#endif

/* page.h - the body of a list answer: its things, still as text, and how many remain. */
#ifndef MIGHOST_SOURCE_BUBBLE_PAGE_H
#define MIGHOST_SOURCE_BUBBLE_PAGE_H

#include <stdint.h>

#include "common/jsonscan.h"

struct page_thing {
    struct jsonscan_slice text, id;
    int64_t made;
};

struct page {
    struct page_thing *things; /* owned; slices point into the body */
    size_t n, room;
    int64_t cursor, remaining; /* -1: not said */
};

/* NULL, or what is wrong with the body: a finished sentence. */
const char *page_parse(struct page *p, const char *body, size_t len);
void page_free(struct page *p);

#endif

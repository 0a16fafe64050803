/* redact.h - the page without what is secret in it. */
#ifndef MIGHOST_SOURCE_BUBBLE_REDACT_H
#define MIGHOST_SOURCE_BUBBLE_REDACT_H

#include "common/buf.h"
#include "page.h"
#include "settings.h"

/* Puts into `out` the page as it came, or, where its things have fields that the stages or the
 * option "secret" call so, a page of the same form that holds its things without these and nothing
 * else. Their names are added to the object `left_out`. 0, or -1: no memory. */
int redact_page(const struct settings *s, const char *entity, const struct page_form *form,
                const struct page *page, const struct buf *body, json_t *left_out, struct buf *out);

#endif

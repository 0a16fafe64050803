/* query.h - URLs of the Data API. */
#ifndef MIGHOST_SOURCE_BUBBLE_QUERY_H
#define MIGHOST_SOURCE_BUBBLE_QUERY_H

#include "keyset.h"
#include "page.h"
#include "settings.h"

#define QUERY_ID "_id"
#define QUERY_CREATED "Created Date"
#define QUERY_MODIFIED "Modified Date"

/* What is searched for in a type, whatever the page. */
struct query {
    char *type;         /* as it stands in a URL; owned */
    const char *since;  /* a field of moments, or NULL; of the two that each thing has */
    int64_t least;      /* things with less there are not wanted */
    const json_t *only; /* a list of ids, or NULL: all */
};

extern const struct page_form query_form; /* of the answers */

/* Lower case without blanks, as Bubble makes the name in the URL; NULL: no memory. */
char *query_type(const char *entity);
/* All give a text for curl_free(), or NULL: no memory. */
char *query_page(const struct settings *s, const struct query *q, const struct keyset_request *r);
char *query_total(const struct settings *s, const struct query *q);
char *query_meta(const struct settings *s);

#endif

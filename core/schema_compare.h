/* schema_compare.h - what differs between two databases, object by object. Pure. */
#ifndef MIGHOST_SCHEMA_COMPARE_H
#define MIGHOST_SCHEMA_COMPARE_H

#include "schema_read.h"
#include "str.h"

struct schema_difference {
    const struct schema_item *a, *b; /* NULL: it is not there */
    int within;                      /* part of a table that is not there: goes without saying */
};

struct schema_differences {
    struct schema_difference *items; /* in order of kind and name */
    size_t n;
    size_t told; /* without those within */
};

void schema_compare(const struct schema *a, const struct schema *b, struct arena *mem,
                    struct schema_differences *out);
/* One line for each, "a" and "b" being what the databases are called. Appended. */
void schema_compare_text(const struct schema_differences *d, const char *a, const char *b,
                         struct str *out);
/* The same as a JSON array. */
void schema_compare_json(const struct schema_differences *d, struct str *out);

#endif

/* columns.h - the names of a file's columns, and which of them are read. */
#ifndef MIGHOST_SOURCE_CSV_COLUMNS_H
#define MIGHOST_SOURCE_CSV_COLUMNS_H

#include <jansson.h>
#include <mighost/plugin.h>

struct columns {
    const mig_host_t *host; /* borrowed */
    char **names;           /* owned, in the order of the file */
    size_t n, capacity;
    uint32_t *wanted; /* owned; the column of each field that was asked for */
    uint32_t n_wanted;
    uint32_t *unread; /* owned; the columns that nobody asked for */
    uint32_t n_unread;
    uint64_t *filled; /* owned; of each of these: records with a text there */
};

void columns_init(struct columns *c, const mig_host_t *host);
void columns_clear(struct columns *c);
/* 0 or negative, said to the host; so do all below. */
int32_t columns_add(struct columns *c, const char *name, size_t len);
/* From a list of texts. */
int32_t columns_set(struct columns *c, const json_t *names, const char *entity);
/* Every column has a name of its own. */
int32_t columns_check(const struct columns *c, const char *path);
/* Finds the fields that are asked for, and names those that nobody reads in the log. */
int32_t columns_want(struct columns *c, const char *path, const char *const *fields, uint32_t n);

#endif

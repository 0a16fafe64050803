/* index.h - which part of a document holds which entity. */
#ifndef MIGHOST_SOURCE_JSON_INDEX_H
#define MIGHOST_SOURCE_JSON_INDEX_H

#include "common/input.h"
#include "common/nearest.h"

#define INDEX_ENTITIES 4096U /* most members of the object that holds the entities */
#define INDEX_NAME 1024U     /* longest name, bytes */

struct index_entry {
    char *name;        /* owned, unescaped, NUL-terminated */
    uint64_t from, to; /* bytes of the value in the file */
    char first;        /* its first byte: '[' for a list */
};

struct index {
    struct index_entry *entries; /* in the order of the file; owned */
    size_t n, capacity;
};

void index_clear(struct index *x);
/* Reads the document once, structure only. `root` is the dotted path of the object that holds
 * the entities, "" for the outermost. 0 or negative, said to the host: the structure is
 * broken, the path is not there, a name comes twice. */
int32_t index_build(struct index *x, struct input *in, const char *root);
/* The entry, or NULL with the nearest name in `near`. */
const struct index_entry *index_find(const struct index *x, const char *name, struct nearest *near);

#endif

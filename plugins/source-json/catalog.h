/* catalog.h - which file, and which part of it, holds an entity. */
#ifndef MIGHOST_SOURCE_JSON_CATALOG_H
#define MIGHOST_SOURCE_JSON_CATALOG_H

#include "common/files.h"
#include "index.h"
#include "reader.h"

struct catalog {
    const mig_host_t *host; /* borrowed */
    struct files files;
    char *format, *root; /* owned */
    struct index index;  /* of the document that is open */
    int indexed;
};

struct catalog_place {
    enum reader_form form;
    uint64_t from, to; /* bytes of the file */
};

/* From the unit's options. 0 or negative, said to the host; catalog_clear() in any case. */
int32_t catalog_init(struct catalog *c, const mig_host_t *host);
void catalog_clear(struct catalog *c);

/* `in` may stay open on the document. */
int32_t catalog_entities(struct catalog *c, struct input *in, void *ctx,
                         int32_t (*row)(void *ctx, const char *entity));
/* Opens the entity's file, unless it is open, and finds the entity in it. */
int32_t catalog_find(struct catalog *c, struct input *in, const char *entity,
                     struct catalog_place *out);

#endif

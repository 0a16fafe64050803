/* recording.h - pages that were used, kept in a directory, so that they can be read again without
 * the server: DIR/TYPE.NNNNNN.json, one a page, and DIR/TYPE.manifest with their digests. */
#ifndef MIGHOST_SOURCE_BUBBLE_RECORDING_H
#define MIGHOST_SOURCE_BUBBLE_RECORDING_H

#include "common/buf.h"
#include "page.h"
#include "settings.h"

#define RECORDING_NAME 300U
#define RECORDING_DIGEST 65U

struct recording {
    const struct settings *s;
    const char *type; /* borrowed; NULL: nothing is kept */
    int dir;          /* descriptor, -1: not begun */
    int manifest;
    int goes_on; /* behind pages of a run that was broken off */
    uint64_t pages, things;
    struct buf text; /* of a page without its secret fields */
    json_t *done;    /* types that this instance kept whole: they are not kept twice; owned */
};

void recording_init(struct recording *r, const struct settings *s);
/* From the next page on pages are kept; `goes_on`: behind those that are there. */
void recording_begin(struct recording *r, const char *type, int goes_on);
/* All 0 or negative, said to the host. */
int32_t recording_add(struct recording *r, const struct page *page, const struct buf *body);
/* The type was read whole. */
int32_t recording_finish(struct recording *r);
void recording_close(struct recording *r); /* of the one type */
void recording_clear(struct recording *r);

/* Used for both ways. */
int32_t recording_open_dir(const struct settings *s, const char *path, int make, int *out);
int recording_digest(const char *data, size_t len, char out[RECORDING_DIGEST]);
/* 0, or -1: the type is no name of a file. */
int recording_name(const char *type, const char *end, char out[RECORDING_NAME]);

#endif

/* recording.h - pages that were used, kept in a directory, so that they can be read again without
 * the server: DIR/TYPE.NNNNNN.json, one a page, and DIR/TYPE.manifest with their digests; where
 * fields are secret and there is a key, DIR/TYPE.NNNNNN.sealed, the page as it came. */
#ifndef MIGHOST_SOURCE_BUBBLE_RECORDING_H
#define MIGHOST_SOURCE_BUBBLE_RECORDING_H

#include "common/buf.h"
#include "manifest.h"
#include "page.h"

struct recording {
    const struct settings *s;
    const struct page_form *form;
    const char *entity, *type; /* borrowed; type NULL: nothing is kept */
    int dir;                   /* descriptor, -1: not begun */
    int manifest;
    int is_amended; /* pages of what changed meanwhile: those without a thing are not kept */
    uint64_t keep;  /* pages of a run that was broken off, that count */
    uint64_t pages;
    struct buf text, sealed; /* of a page without its secret fields; of the whole */
    json_t *left_out;        /* an object of their names; owned */
    json_t *done; /* types that this instance kept whole: they are not kept twice; owned */
};

void recording_init(struct recording *r, const struct settings *s, const struct page_form *form);
/* From the next page on pages are kept, behind the first `keep` of those that are there. `type`
 * names the files. */
void recording_begin(struct recording *r, const char *entity, const char *type, uint64_t keep);
/* All 0 or negative, said to the host. */
int32_t recording_add(struct recording *r, const struct page *page, const struct buf *body);
/* The type was read whole; `asked_at`: when its reading began, by the server's clock, or -1. */
int32_t recording_finish(struct recording *r, int64_t asked_at);
/* The type is kept whole: opens it for what changed meanwhile, which is added as above, in place of
 * what was so added before. `since`: when its first reading began, or -1. */
int32_t recording_amend(struct recording *r, const char *entity, const char *type, int64_t *since);
void recording_close(struct recording *r); /* of the one type */
void recording_clear(struct recording *r);

#endif

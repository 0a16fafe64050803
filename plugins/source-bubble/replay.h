/* replay.h - reads a recording in place of the server. */
#ifndef MIGHOST_SOURCE_BUBBLE_REPLAY_H
#define MIGHOST_SOURCE_BUBBLE_REPLAY_H

#include "keyset.h"
#include "manifest.h"
#include "page.h"

struct replay_part {
    FILE *manifest; /* NULL: there is no such part */
    struct buf body, sealed;
    struct page page;
    size_t at;
    uint64_t pages, last; /* number of the page that is read, and of the last one */
};

struct replay {
    const struct settings *s;
    const struct page_form *form;
    const char *dir_path, *type; /* borrowed */
    int dir;                     /* -1: closed */
    struct manifest about;
    struct replay_part first, amended; /* of keyed things: what changed while they were read */
};

void replay_init(struct replay *r, const struct settings *s, const struct page_form *form);
/* The recording of that type in a directory; fields that are asked for must be in it, or be allowed
 * to be nowhere. 0 or negative, said to the host. */
int32_t replay_begin(struct replay *r, const char *dir, const char *type, const char *const *fields,
                     uint32_t n);
/* Passes over what is before record `at` of page `number`, from 1. 0 or negative, said. */
int32_t replay_go(struct replay *r, uint64_t number, size_t at);
/* The next thing, or, with a keyset, the next that it does not know: MIG_OK, MIG_END or negative.
 */
int32_t replay_next(struct replay *r, struct keyset *k, struct jsonscan_slice *thing);
int replay_is_open(const struct replay *r);
uint64_t replay_pages(const struct replay *r); /* that were read so far */
void replay_close(struct replay *r);

#endif

/* replay.h - reads a recording in place of the server. */
#ifndef MIGHOST_SOURCE_BUBBLE_REPLAY_H
#define MIGHOST_SOURCE_BUBBLE_REPLAY_H

#include <stdio.h>

#include "keyset.h"
#include "recording.h"

struct replay {
    const struct settings *s;
    const char *type; /* borrowed */
    int dir;          /* -1: closed */
    FILE *manifest;
    struct buf body;
    struct page page;
    size_t at;
    uint64_t pages;
};

void replay_init(struct replay *r, const struct settings *s);
/* 0 or negative, said to the host: there is no recording of that type. */
int32_t replay_begin(struct replay *r, const char *type);
/* The next thing that the keyset does not know: MIG_OK, MIG_END or negative. */
int32_t replay_next(struct replay *r, struct keyset *k, struct jsonscan_slice *thing);
void replay_close(struct replay *r);

#endif

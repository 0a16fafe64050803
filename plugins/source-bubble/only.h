/* only.h - a few things by their ids, some at a time, because an address has a greatest length. */
#ifndef MIGHOST_SOURCE_BUBBLE_ONLY_H
#define MIGHOST_SOURCE_BUBBLE_ONLY_H

#include <jansson.h>
#include <mighost/plugin.h>

struct only {      /* all zero: all things are wanted */
    json_t *ids;   /* in order; owned, as the batch */
    json_t *batch; /* of them, those that are asked for now */
    size_t at;     /* behind the batch */
};

/* 0, or -1: a key is no text, or no memory. */
int only_set(struct only *o, const mig_str_t *keys, uint32_t n);
void only_clear(struct only *o);
/* The next ones; NULL: there are none left. */
const json_t *only_next(struct only *o);

#endif

/* slot.h - one list request with its repetitions, and the queue of those under way. */
#ifndef MIGHOST_SOURCE_BUBBLE_SLOT_H
#define MIGHOST_SOURCE_BUBBLE_SLOT_H

#include "answer.h"
#include "keyset.h"
#include "pace.h"
#include "page.h"

enum slot_state {
    SLOT_DUE, /* begins at `due` */
    SLOT_RUNNING,
    SLOT_READY,   /* its page is there */
    SLOT_SMALLER, /* a smaller page is to be tried */
    SLOT_FAILED   /* for good; `answer` says why */
};

struct slot {
    enum slot_state state;
    struct keyset_request want;
    int is_total; /* asks for the number of things instead */
    struct transfer transfer;
    struct page page;
    struct answer answer; /* of the last try that failed */
    uint32_t tries;
    int64_t due;
};

#define SLOT_AHEAD 4U /* pages that are asked for ahead, for each that is under way */

struct slot;

/* What is asked for, by whom: the address of a request, for curl_free(), and how pages look. */
struct slot_kind {
    char *(*url)(const void *ctx, const struct slot *slot);
    const void *ctx;
    const struct page_form *form;
    struct transfers_count *count; /* borrowed, as `ctx` */
};

/* A ring: pages are used in the order in which they were asked for. No more are under way, with
 * those of others that share `net` and `pace`, than the pace allows. */
struct slots {
    const struct settings *s;
    struct slot_kind kind;
    struct transfers *net; /* borrowed, as the pace */
    struct pace *pace;
    struct slot *all; /* owned */
    uint32_t room, first, n;
    int64_t last_good, last_look; /* when a page came, when it was looked, by transfer_now() */
};

/* 0 or negative, said to the host. */
int32_t slots_begin(struct slots *q, const struct settings *s, const struct slot_kind *kind,
                    struct transfers *net, struct pace *pace);
void slots_free(struct slots *q);
struct slot *slots_at(const struct slots *q, uint32_t i); /* the i-th in order; NULL: none */
/* Puts a request behind the others; NULL: no room. */
struct slot *slots_add(struct slots *q);
void slots_drop_first(struct slots *q);
void slots_drop_all(struct slots *q);
/* Begins what is due and takes what has come. 0 or negative, said to the host. */
int32_t slots_advance(struct slots *q);
/* Bytes of the pages that have come. */
size_t slots_held(const struct slots *q);
/* Milliseconds until one is due, `most` at the longest. */
int64_t slots_due(const struct slots *q, int64_t most);
/* The page of a slot turned out to be unusable: it is asked for again, or has failed. */
void slots_again(struct slots *q, struct slot *slot, const char *fault);

#endif

/* answer.h - what an answer means for the request: a page, another try, or the end. */
#ifndef MIGHOST_SOURCE_BUBBLE_ANSWER_H
#define MIGHOST_SOURCE_BUBBLE_ANSWER_H

#include "transfer.h"

enum answer_kind {
    ANSWER_BODY,    /* to be parsed */
    ANSWER_AGAIN,   /* the same request may be answered later */
    ANSWER_LATER,   /* so, and all others are to wait too */
    ANSWER_SMALLER, /* fewer things may come through */
    ANSWER_NEVER
};

struct answer {
    enum answer_kind kind;
    int32_t status;  /* MIG_E_*, when it stays so */
    long http;       /* status of the answer; 0: none came */
    const char *fix; /* or NULL */
    char what[400];  /* no value of a record; for a message */
};

/* The transfer is done. */
void answer_read(struct answer *a, const struct transfer *t, const struct settings *s);
/* A body that cannot be used, though it came with 200. */
void answer_bad_body(struct answer *a, const struct transfer *t, const char *fault);

#endif

/* transfer.h - requests under way, by libcurl's multi interface. Knows nothing of what is asked. */
#ifndef MIGHOST_SOURCE_BUBBLE_TRANSFER_H
#define MIGHOST_SOURCE_BUBBLE_TRANSFER_H

#include "common/buf.h"
#include "settings.h"

struct transfers_count { /* of the open entity */
    uint64_t requests, retries;
    uint64_t pages, again; /* that were used; records that came again and were dropped */
};

struct transfers { /* all that share connections */
    const struct settings *s;
    CURLM *multi;     /* NULL: nothing was asked yet */
    int epoll;        /* the one descriptor that stands for all of curl's */
    uint32_t running; /* of them, under way */
    int64_t due;      /* when curl wants to be called, by transfer_now(); -1: never */
    struct curl_slist *headers;
};

struct transfer {
    CURL *easy;
    struct buf body;
    char cause[CURL_ERROR_SIZE];
    int is_running, is_done, is_too_large;
    /* once it is done */
    CURLcode code;
    long status;
    int64_t retry_after_ms; /* -1: not said */
    int64_t asked_at;       /* by the server's clock, since 1970, not too late; -1: not known */
};

int64_t transfer_now(void); /* milliseconds of a clock that never goes back */
void transfers_init(struct transfers *ts, const struct settings *s);
/* Every transfer was freed before. */
void transfers_clear(struct transfers *ts);
/* 0 or negative, said to the host. */
int32_t transfer_start(struct transfers *ts, struct transfer *t, const char *url);
void transfer_stop(struct transfers *ts, struct transfer *t);
void transfer_free(struct transfers *ts, struct transfer *t);
/* Does what can be done without waiting. */
void transfers_advance(struct transfers *ts);
/* What to wait for, `most_ms` at the longest. */
void transfers_wait(const struct transfers *ts, int64_t most_ms, mig_wait_t *wait);
/* Follows one transfer to its end. 0 or negative, said to the host. */
int32_t transfer_finish(struct transfers *ts, struct transfer *t);
/* The host that the server sends to, for a message; for curl_free(). */
char *transfer_redirect_host(const struct transfer *t);

#endif

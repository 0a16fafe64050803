/* chunk_send.h - a chunk's way into the target, without waiting: one chunk is under way while the
 * next is filled. Only the caller's order of calls decides what waits. [main] */
#ifndef MIGHOST_CHUNK_SEND_H
#define MIGHOST_CHUNK_SEND_H

#include <time.h>

#include "chunk.h"
#include "pg_script.h"

struct chunk_send {
    struct state *s;
    const struct job *job;
    struct pg_script *script;
    struct chunk *c;  /* under way; NULL: none */
    int code;         /* PG_SCRIPT_BUSY, or how the transaction ended */
    struct error err; /* of a failure that nobody has asked for yet */
    time_t told;      /* when those who watch were last told of a wait, see feed.c */
    int lost;         /* chunks before it are gone: the stage is to be taken up anew */
    struct encode_buffer rejects, memos, repaired; /* of the chunk, encoded */
};

void chunk_send_init(struct chunk_send *x, struct state *s, const struct job *job);
void chunk_send_clear(struct chunk_send *x);
/* Begins to send a sealed chunk, which must stay as it is until chunk_send_finish(); none may be
 * under way. */
void chunk_send_begin(struct chunk_send *x, struct chunk *c);
/* Sends what can be sent now. Failures are kept for chunk_send_finish(). */
void chunk_send_advance(struct chunk_send *x);
/* What poll() may wait for; `fd` -1: for nothing. Milliseconds at most. */
int chunk_send_events(struct chunk_send *x, int *fd, short *events);
/* 1: the connection is being used. */
int chunk_send_is_busy(const struct chunk_send *x);
/* Waits until the chunk is durable: the transaction is repeated as a whole after a transient
 * failure, without the rows that the server refuses. 0 also when none is under way. Sets `lost`. */
int chunk_send_finish(struct chunk_send *x, struct error *err);

#endif

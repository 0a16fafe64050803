/* ripe.c - when a chunk with slow values is closed, and when it goes on its way. What a value is,
 * and how rows are held, is later.c's and held.c's. */
#include "ripe.h"

#include <string.h>

#include "call.h"

#define FILL_SECONDS 5  /* of reading, for one chunk */
#define BEAT_SECONDS 10 /* between signs of life while nothing is sent */

static double seconds_since(const struct timespec *t)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - t->tv_sec) + (double)(now.tv_nsec - t->tv_nsec) / 1e9;
}

void ripe_init(struct ripe *r, struct state *s, struct job *job, const struct chunk *chunks)
{
    memset(r, 0, sizeof *r);
    r->s = s;
    r->job = job;
    r->chunks = chunks;
    held_init(&r->held[0]);
    held_init(&r->held[1]);
}

void ripe_clear(struct ripe *r)
{
    held_clear(&r->held[0]);
    held_clear(&r->held[1]);
}

int ripe_start(struct ripe *r, struct job_stage *stage, struct error *err)
{
    r->stage = stage;
    r->waits = NULL;
    clock_gettime(CLOCK_MONOTONIC, &r->beat);
    r->marks = job_is_slow(stage) ? marks_load(r->s, stage, err) : NULL;
    if (err->code)
        return err->code;
    r->later = job_is_slow(stage) ? later_start(r->job, stage, r->s->worker, err) : NULL;
    return err->code;
}

void ripe_end(struct ripe *r)
{
    if (r->later)
        later_tell(r->later);
    later_end(r->later);
    r->later = NULL;
    marks_free(r->marks);
    r->marks = NULL;
    r->waits = NULL;
    held_begin(&r->held[0]);
    held_begin(&r->held[1]);
}

struct held *ripe_held(struct ripe *r, const struct chunk *c)
{
    return &r->held[c - r->chunks];
}

void ripe_begin(struct ripe *r, const struct chunk *c)
{
    held_begin(ripe_held(r, c));
    clock_gettime(CLOCK_MONOTONIC, &r->begun);
}

int32_t ripe_value(struct ripe *r, const struct chunk *c, const struct host_value *v,
                   mig_value_t *out)
{
    unsigned char mark[MARKS_BYTES];
    int32_t got = call_mark(v->transform, v->in, v->n_in, mark);
    const char *before = got == MIG_OK ? marks_find(r->marks, mark) : NULL;
    if (got < 0)
        return got;
    if (before)
        *out = (mig_value_t){before, (uint32_t)strlen(before), MIG_TEXT};
    else
        *out = held_value(ripe_held(r, c), v, r->job->host->key, got == MIG_OK ? mark : NULL);
    return MIG_OK;
}

int ripe_is_full(struct ripe *r, const struct chunk *c)
{
    return r->later && c->records &&
           (ripe_held(r, c)->n_values >= later_most(r->later) ||
            seconds_since(&r->begun) >= FILL_SECONDS);
}

int ripe_is_ready(struct ripe *r)
{
    return r->waits && held_is_ready(ripe_held(r, r->waits));
}

/* Nobody is to take the run for dead. Of a worker the run's own process tells. */
static int beat(struct ripe *r, const struct chunk_send *send, struct error *err)
{
    struct error own = {0};
    if (r->s->worker || send->c || seconds_since(&r->beat) < BEAT_SECONDS)
        return 0;
    clock_gettime(CLOCK_MONOTONIC, &r->beat);
    int code = state_begin(r->s, &own);
    if (!code)
        code = state_heartbeat(r->s, "load", &own);
    if (!code)
        code = state_commit(r->s, &own);
    if (code)
        pg_rollback(r->s->pg);
    if (code != STATUS_BUSY) /* anything else shows again when the chunk is sent */
        return 0;
    *err = own;
    return code;
}

static int await(struct ripe *r, const struct ripe_into *into, struct error *err)
{
    int code = 0;
    while (!code && !ripe_is_ready(r)) {
        int fd;
        short events;
        int ms = chunk_send_events(into->send, &fd, &events);
        later_wait(r->later, fd, events, ms < 200 ? ms : 200);
        chunk_send_advance(into->send);
        into->tell(into->ctx);
        code = beat(r, into->send, err);
    }
    return code;
}

int ripe_send(struct ripe *r, const struct ripe_into *into, struct error *err)
{
    struct chunk *c = r->waits;
    if (!c)
        return 0;
    int code = await(r, into, err);
    if (!code)
        code = chunk_send_finish(into->send, err);
    if (!code)
        code = held_settle(ripe_held(r, c), &(struct held_into){c, r->job, into->from},
                           into->rejected, err);
    r->waits = NULL;
    if (!code)
        chunk_send_begin(into->send, c);
    return code;
}

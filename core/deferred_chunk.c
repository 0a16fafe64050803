/* deferred_chunk.c - when a chunk with slow values is closed, and when it goes on its way. What a
 * value is, and how rows are held, is deferred.c's and deferred_rows.c's. */
#include "deferred_chunk.h"

#include <string.h>

#include "call.h"
#include "waiting.h"

#define FILL_SECONDS 5 /* of reading, for one chunk */

static double seconds_since(const struct timespec *t)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - t->tv_sec) + (double)(now.tv_nsec - t->tv_nsec) / 1e9;
}

void deferred_chunk_init(struct deferred_chunk *r, struct state *s, struct job *job,
                         const struct chunk *chunks)
{
    memset(r, 0, sizeof *r);
    r->s = s;
    r->job = job;
    r->chunks = chunks;
    deferred_rows_init(&r->held[0]);
    deferred_rows_init(&r->held[1]);
}

void deferred_chunk_clear(struct deferred_chunk *r)
{
    deferred_rows_clear(&r->held[0]);
    deferred_rows_clear(&r->held[1]);
}

int deferred_chunk_start(struct deferred_chunk *r, struct job_stage *stage, struct error *err)
{
    r->stage = stage;
    r->waits = NULL;
    r->known = 0;
    beat_begin(&r->beat);
    r->memo = job_is_slow(stage) ? memo_load(r->s, stage, err) : NULL;
    if (err->code)
        return err->code;
    r->values = job_is_slow(stage) ? deferred_start(r->job, stage, r->s->worker, err) : NULL;
    return err->code;
}

void deferred_chunk_end(struct deferred_chunk *r)
{
    if (r->values)
        deferred_tell(r->values, r->known);
    deferred_end(r->values);
    r->values = NULL;
    memo_free(r->memo);
    r->memo = NULL;
    r->waits = NULL;
    deferred_rows_begin(&r->held[0]);
    deferred_rows_begin(&r->held[1]);
}

struct deferred_rows *deferred_chunk_held(struct deferred_chunk *r, const struct chunk *c)
{
    return &r->held[c - r->chunks];
}

void deferred_chunk_begin(struct deferred_chunk *r, const struct chunk *c)
{
    deferred_rows_begin(deferred_chunk_held(r, c));
    clock_gettime(CLOCK_MONOTONIC, &r->begun);
}

int32_t deferred_chunk_value(struct deferred_chunk *r, struct chunk *c, const struct host_value *v,
                             mig_value_t *out)
{
    unsigned char mark[MEMO_BYTES];
    int own = 0;
    int32_t got = call_mark(v->transform, v->in, v->n_in, mark);
    const char *before = got == MIG_OK ? memo_find(r->memo, mark, &own) : NULL;
    if (got < 0)
        return got;
    if (before) {
        *out = (mig_value_t){before, (uint32_t)strlen(before), MIG_TEXT};
        r->known++;
        if (!own)
            chunk_memo(c, mark, (mig_str_t){out->data, out->len});
    } else {
        *out = deferred_rows_value(deferred_chunk_held(r, c), v, r->job->host->key,
                                   got == MIG_OK ? mark : NULL);
    }
    return MIG_OK;
}

int deferred_chunk_is_full(struct deferred_chunk *r, const struct chunk *c)
{
    return r->values && c->records &&
           (deferred_chunk_held(r, c)->n_values >= deferred_most(r->values) ||
            seconds_since(&r->begun) >= FILL_SECONDS);
}

int deferred_chunk_is_ready(struct deferred_chunk *r)
{
    return r->waits && deferred_rows_is_ready(deferred_chunk_held(r, r->waits));
}

static int await(struct deferred_chunk *r, const struct deferred_chunk_into *into,
                 struct error *err)
{
    int code = 0;
    while (!code && !deferred_chunk_is_ready(r)) {
        int fd;
        short events;
        int ms = chunk_send_events(into->send, &fd, &events);
        waiting_begin(WAITING_VALUES, r->stage->p->name);
        deferred_wait(r->values, fd, events, ms < 200 ? ms : 200);
        chunk_send_advance(into->send);
        into->tell(into->ctx);
        if (!into->send->c) /* else its transaction is open, and is a sign itself */
            code = beat_tell(&r->beat, r->s, err);
    }
    waiting_end();
    return code;
}

int deferred_chunk_send(struct deferred_chunk *r, const struct deferred_chunk_into *into,
                        struct error *err)
{
    struct chunk *c = r->waits;
    if (!c)
        return 0;
    int code = await(r, into, err);
    if (!code)
        code = chunk_send_finish(into->send, err);
    if (!code)
        code = deferred_rows_settle(deferred_chunk_held(r, c),
                                    &(struct deferred_rows_into){c, r->job, into->from},
                                    into->rejected, err);
    r->waits = NULL;
    if (!code)
        chunk_send_begin(into->send, c);
    return code;
}

/* feed.c - reading, with all waiting done. */
#include "feed.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "call.h"
#include "digest.h"
#include "highwater.h"
#include "spool.h"
#include "tell.h"
#include "waiting.h"

#define WAIT_SECONDS 2 /* a wait that is worth to be told */
#define TELL_SECONDS 5
#define KEY_BYTES ((size_t)1 << 16) /* of a source key, at most */

/* ---- opening --------------------------------------------------------------------------- */

int feed_open(const struct job_stage *st, const char *position, uint64_t passed, struct error *err)
{
    if (st->spool)
        return spool_begin(st->spool, passed, err);
    int32_t got = st->wanted ? call_only(st) : MIG_END;
    if (got == MIG_OK || got == MIG_END)
        got = call_open(st, (mig_str_t){position, strlen(position)});
    return got == MIG_OK ? 0 : host_error(st->source, got, "open", err);
}

void feed_close(const struct job_stage *st)
{
    if (!st->spool)
        call_close(st);
}

int feed_snapshot(const struct job_stage *st, char out[FEED_SNAPSHOT_SIZE], struct error *err)
{
    char hex[65];
    mig_str_t name = {NULL, 0};
    out[0] = '\0';
    if (st->spool) {
        snprintf(out, FEED_SNAPSHOT_SIZE, "%s", st->snapshot);
        return 0;
    }
    int32_t got = call_snapshot(st, &name);
    if (got != MIG_OK)
        return host_error(st->source, got, "snapshot", err);
    struct digest *d = name.len ? digest_new() : NULL;
    if (!d)
        return 0;
    digest_add(d, st->p->source, strlen(st->p->source) + 1);
    digest_add(d, name.data, name.len);
    digest_hex(d, hex);
    digest_free(d);
    snprintf(out, FEED_SNAPSHOT_SIZE, "%.16s", hex);
    return 0;
}

/* ---- one record ------------------------------------------------------------------------ */

/* Waits for the source, or for the target that takes a chunk meanwhile. */
static void wait_for(const mig_wait_t *wait, struct chunk_send *send)
{
    struct pollfd fds[9];
    uint32_t n = wait->n_fds > 8 ? 8 : wait->n_fds;
    for (uint32_t i = 0; i < n; i++)
        fds[i] =
            (struct pollfd){.fd = wait->fds[i],
                            .events = (short)((wait->events[i] & MIG_WAIT_READ ? POLLIN : 0) |
                                              (wait->events[i] & MIG_WAIT_WRITE ? POLLOUT : 0))};
    int ms = wait->timeout_ms > 60000 ? 60000 : (int)wait->timeout_ms;
    fds[n] = (struct pollfd){.fd = -1};
    if (send) {
        int most = chunk_send_events(send, &fds[n].fd, &fds[n].events);
        ms = most < ms ? most : ms;
    }
    poll(fds, n + 1, ms);
    if (send)
        chunk_send_advance(send);
}

int feed_key(const struct job_stage *st, const mig_record_t *record, struct str *key)
{
    str_reset(key);
    for (size_t i = 0; i < st->p->n_key; i++) {
        const mig_value_t *v = &record->values[st->key_index[i]];
        if (v->kind == MIG_ABSENT || v->kind == MIG_NULL || !v->len)
            return 0;
        if (i)
            str_add_char(key, FEED_KEY_SEPARATOR);
        str_add_n(key, v->data, v->len);
    }
    return !key->failed && str_utf8_ok(key->data, key->len);
}

static int is_wanted(const struct job_stage *st, const mig_record_t *record, int32_t got,
                     struct str *key)
{
    if (got == MIG_OK && highwater_below(st, record))
        return 0;
    if (!st->wanted || got < 0 || got == MIG_END)
        return 1;
    if (got != MIG_OK || !feed_key(st, record, key))
        str_reset(key);
    return keyset_has(st->wanted, key->len ? key->data : "", key->len);
}

/* What was set aside, with the outcome that it had then. */
static int32_t from_spool(const struct job_stage *st, mig_record_t *record)
{
    struct host *host = st->source->host;
    struct error err = {0};
    int32_t got = spool_next(st->spool, record, &host->outcome, &err);
    if (got >= 0)
        return got;
    if (!host->failure.code)
        host->failure = err;
    return MIG_E_IO;
}

/* A source that has given nothing for a while, an API that asks to be left alone for instance: told
 * to those who watch once a while, when the connection to the target has nothing else to do. */
static void say_waiting(const struct job_stage *st, struct chunk_send *send)
{
    char what[450];
    struct waiting w;
    struct timespec now;
    waiting_get(&w);
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (w.seconds < WAIT_SECONDS || now.tv_sec - send->told < TELL_SECONDS ||
        chunk_send_is_busy(send))
        return;
    send->told = now.tv_sec;
    snprintf(what, sizeof what, "source %s%s%s", st->p->source, w.said[0] ? ": " : "", w.said);
    tell_waits(send->s, what);
    waiting_again(&w, st->p->source);
}

int32_t feed_next(const struct job_stage *st, mig_record_t *record, struct chunk_send *send,
                  struct str *key)
{
    for (int waited = 0;;) {
        mig_wait_t wait = {.size = sizeof wait, .timeout_ms = 1000};
        int32_t got = st->spool ? from_spool(st, record) : call_next(st, record, &wait);
        if (waited && got != MIG_WAIT)
            waiting_end();
        if (got != MIG_WAIT && is_wanted(st, record, got, key))
            return got;
        waited = got == MIG_WAIT;
        if (waited) {
            waiting_begin(WAITING_SOURCE, st->p->source);
            if (send)
                say_waiting(st, send);
            wait_for(&wait, send);
        } else {
            host_record_done(st->source->host);
        }
        if (host_is_cancelled())
            return MIG_E_CANCELLED;
    }
}

int32_t feed_next_alone(const struct job_stage *st, mig_record_t *record)
{
    struct str key;
    str_init(&key, KEY_BYTES);
    int32_t got = feed_next(st, record, NULL, &key);
    str_clear(&key);
    return got;
}

mig_str_t feed_raw(const struct job_stage *st)
{
    return st->spool ? spool_raw(st->spool) : call_raw(st);
}

mig_str_t feed_position(const struct job_stage *st)
{
    return st->spool ? (mig_str_t){NULL, 0} : call_position(st);
}

int64_t feed_progress(const struct job_stage *st)
{
    return st->spool ? spool_progress(st->spool) : call_progress(st);
}

/*
 * slot.c - tries a request until there is a page, or no hope.
 *
 * More pages are asked for ahead than are under way at a time, so that one that has to be asked for
 * again does not hold up the others. Each request has its own tries; how long nothing good may come
 * at all is counted for all of them together, because a server that turns many away at once would
 * use up the tries of each.
 */
#include "slot.h"

#include <stdlib.h>

#include "common/say.h"

int32_t slots_begin(struct slots *q, const struct settings *s, const struct slot_kind *kind,
                    struct transfers *net, struct pace *pace)
{
    *q = (struct slots){.s = s,
                        .kind = *kind,
                        .net = net,
                        .pace = pace,
                        .room = SLOT_AHEAD * s->parallel,
                        .last_good = transfer_now(),
                        .last_look = transfer_now()};
    q->all = calloc(q->room, sizeof *q->all);
    return q->all ? MIG_OK : say_fail(s->host, MIG_E_NOMEM, NULL, "no memory for requests");
}

void slots_free(struct slots *q)
{
    for (uint32_t i = 0; q->all && i < q->room; i++) {
        transfer_free(q->net, &q->all[i].transfer);
        page_free(&q->all[i].page);
    }
    free(q->all);
    q->all = NULL;
    q->n = 0;
}

struct slot *slots_at(const struct slots *q, uint32_t i)
{
    return i < q->n ? &q->all[(q->first + i) % q->room] : NULL;
}

struct slot *slots_add(struct slots *q)
{
    if (q->n == q->room)
        return NULL;
    q->n++;
    struct slot *slot = slots_at(q, q->n - 1);
    slot->state = SLOT_DUE;
    slot->tries = 0;
    slot->due = 0;
    slot->is_total = 0;
    slot->transfer.body.len = 0;
    return slot;
}

void slots_drop_first(struct slots *q)
{
    transfer_stop(q->net, &slots_at(q, 0)->transfer);
    q->first = (q->first + 1) % q->room;
    q->n--;
}

void slots_drop_all(struct slots *q)
{
    while (q->n)
        slots_drop_first(q);
}

/* ---- one request -------------------------------------------------------------------------- */

static int32_t begin(struct slots *q, struct slot *slot)
{
    char *url = q->kind.url(q->kind.ctx, slot);
    q->kind.count->requests++;
    int32_t status = transfer_start(q->net, &slot->transfer, url);
    curl_free(url);
    slot->state = SLOT_RUNNING;
    return status;
}

/* The answer was no page: what now? */
static void try_again(struct slots *q, struct slot *slot)
{
    int64_t now = transfer_now();
    const struct answer *a = &slot->answer;
    if (a->kind == ANSWER_SMALLER && !slot->is_total && slot->want.limit > 1) {
        slot->state = SLOT_SMALLER;
        return;
    }
    int spent = a->kind != ANSWER_LATER && slot->tries >= q->s->retries;
    spent |= slot->transfer.is_too_large; /* of one thing: it will not shrink */
    if (a->kind == ANSWER_NEVER || spent || now - q->last_good > q->s->give_up_ms) {
        slot->state = SLOT_FAILED;
        return;
    }
    q->kind.count->retries++;
    slot->due = now + pace_wait(q->pace, slot->tries++, slot->transfer.retry_after_ms);
    slot->state = SLOT_DUE;
    if (a->kind == ANSWER_LATER)
        pace_throttled(q->pace, slot->due);
    say_log(q->s->host, MIG_LOG_DEBUG, "%s; asked for again in %lld ms", a->what,
            (long long)(slot->due - now));
}

void slots_again(struct slots *q, struct slot *slot, const char *fault)
{
    answer_bad_body(&slot->answer, &slot->transfer, fault);
    slot->transfer.retry_after_ms = -1;
    try_again(q, slot);
}

static void take(struct slots *q, struct slot *slot)
{
    answer_read(&slot->answer, &slot->transfer, q->s);
    if (slot->answer.kind != ANSWER_BODY) {
        try_again(q, slot);
        return;
    }
    const struct buf *body = &slot->transfer.body;
    const char *fault =
        page_parse(&slot->page, q->kind.form, body->data ? body->data : "", body->len);
    if (fault) {
        slots_again(q, slot, fault);
        return;
    }
    q->last_good = transfer_now();
    pace_good(q->pace);
    slot->state = SLOT_READY;
}

int32_t slots_advance(struct slots *q)
{
    int32_t status = MIG_OK;
    transfers_advance(q->net);
    int64_t now = transfer_now();
    /* While nobody looked, nothing could come. */
    if (now - q->last_look > 10 * 1000)
        q->last_good += now - q->last_look;
    q->last_look = now;
    for (uint32_t i = 0; i < q->n && status == MIG_OK; i++) {
        struct slot *slot = slots_at(q, i);
        if (slot->state == SLOT_RUNNING && slot->transfer.is_done)
            take(q, slot);
        if (slot->state == SLOT_DUE && slot->due <= now && q->pace->not_before <= now &&
            q->net->running < q->pace->parallel)
            status = begin(q, slot);
    }
    return status;
}

size_t slots_held(const struct slots *q)
{
    size_t held = 0;
    for (uint32_t i = 0; i < q->n; i++)
        held += slots_at(q, i)->transfer.body.len;
    return held;
}

int64_t slots_due(const struct slots *q, int64_t most)
{
    int64_t now = transfer_now();
    if (q->net->running >= q->pace->parallel)
        return most;
    for (uint32_t i = 0; i < q->n; i++) {
        const struct slot *slot = slots_at(q, i);
        int64_t due = slot->due > q->pace->not_before ? slot->due : q->pace->not_before;
        if (slot->state == SLOT_DUE && due - now < most)
            most = due - now;
    }
    return most > 0 ? most : 0;
}

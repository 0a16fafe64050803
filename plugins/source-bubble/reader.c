/*
 * reader.c - ties the order of things (keyset) to requests (slots).
 *
 * Pages are used strictly one after the other, while the next ones are under way. At the end the
 * number of things is asked for once more: fewer read than there are is never taken for all.
 */
#include "reader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../common/plural.h"
#include "common/say.h"
#include "types.h"

#define WAIT_MS 1000
#define ROUNDS_MOST 3U /* at the end, for things that were made meanwhile */

struct reader *reader_new(const struct settings *s, struct transfers *net, struct pace *pace)
{
    struct reader *r = malloc(sizeof *r);
    if (!r)
        return NULL;
    *r = (struct reader){.s = s, .net = net, .pace = pace, .state = READER_ENDED};
    return r;
}

void reader_stop(struct reader *r)
{
    slots_free(&r->slots);
    r->state = READER_ENDED;
}

void reader_free(struct reader *r)
{
    if (!r)
        return;
    reader_stop(r);
    keyset_free(&r->keyset);
    free(r);
}

static char *address(const void *ctx, const struct slot *slot)
{
    const struct reader *r = ctx;
    return slot->is_total ? query_total(r->s, r->q) : query_page(r->s, r->q, &slot->want);
}

int32_t reader_begin_ahead(struct reader *r, const char *entity, const struct query *q)
{
    reader_stop(r);
    r->entity = entity;
    r->q = q;
    r->state = READER_PAGES;
    r->begun = transfer_now();
    r->asked_at = -1;
    r->first_total = r->total = KEYSET_UNKNOWN;
    r->repeats = r->pages = r->rounds = 0;
    r->is_open = 0;
    r->ahead = SLOT_AHEAD;
    keyset_begin(&r->keyset);
    r->count = (struct transfers_count){.requests = 0};
    const struct slot_kind kind = {address, r, &query_form, &r->count};
    return slots_begin(&r->slots, r->s, &kind, r->net, r->pace);
}

int32_t reader_begin(struct reader *r, const char *entity, const struct query *q)
{
    pace_begin(r->pace, r->s->page_size, r->s->parallel, r->s->wait_most_ms,
               (uint64_t)transfer_now() * 2654435761U);
    return reader_begin_ahead(r, entity, q);
}

void reader_go_on(struct reader *r, const char *entity, const struct query *q)
{
    r->entity = entity;
    r->q = q;
    r->begun = r->slots.last_good = transfer_now();
}

/* ---- when it cannot go on ------------------------------------------------------------------ */

static int32_t failed(struct reader *r, const struct slot *slot)
{
    const struct answer *a = &slot->answer;
    char types[300] = "";
    r->state = READER_ENDED;
    if (slot->transfer.code == CURLE_OK && slot->transfer.status == 404)
        types_suggest(r->s, r->q->type, types, sizeof types);
    return say_fail(
        r->s->host, a->status, a->fix,
        "type \"%s\" of %s (%s): %s%s; %" PRIu64 " %s read, this request was tried %u times",
        r->entity, r->s->server, r->s->version, a->what, types, keyset_given(&r->keyset),
        plural(keyset_given(&r->keyset), "thing was", "things were"), slot->tries + 1);
}

static int32_t unreadable(struct reader *r, const char *what)
{
    r->state = READER_ENDED;
    return say_fail(r->s->host, MIG_E_SOURCE, "run again when nobody writes to the application",
                    "type \"%s\" of %s: %s; %" PRIu64 " %s read, %" PRId64
                    " remain by the server's count",
                    r->entity, r->s->server, what, keyset_given(&r->keyset),
                    plural(keyset_given(&r->keyset), "thing was", "things were"),
                    r->total < 0 ? 0 : r->total - (int64_t)keyset_given(&r->keyset));
}

/* Fewer things are asked for in a page; what is under way is larger and is dropped. */
static int32_t smaller(struct reader *r, struct slot *slot)
{
    if (r->pace->page_size >= slot->want.limit && !pace_smaller(r->pace))
        return failed(r, slot);
    say_log(r->s->host, MIG_LOG_WARNING, "\"%s\": %s; asking for %u %s in a page", r->entity,
            slot->answer.what, r->pace->page_size, plural(r->pace->page_size, "thing", "things"));
    slots_drop_all(&r->slots);
    keyset_replan(&r->keyset);
    return MIG_OK;
}

static int32_t time_is_up(struct reader *r)
{
    if (!r->s->time_limit_ms || transfer_now() - r->begun <= r->s->time_limit_ms)
        return MIG_OK;
    r->state = READER_ENDED;
    return say_fail(r->s->host, MIG_E_TEMPORARY, "run the same command again: it goes on from here",
                    "type \"%s\": the option \"time_limit\" is over, with %" PRIu64 " %s read",
                    r->entity, keyset_given(&r->keyset),
                    plural(keyset_given(&r->keyset), "thing", "things"));
}

/* ---- pages --------------------------------------------------------------------------------- */

/* As many pages as may be asked for ahead; those that wait to be used are held in memory. */
static void plan(struct reader *r)
{
    struct keyset_request want;
    while (r->slots.n < r->ahead * r->pace->parallel &&
           (!r->slots.n || slots_held(&r->slots) < r->s->page_limit) &&
           keyset_plan(&r->keyset, r->pace->page_size, r->slots.n, &want))
        slots_add(&r->slots)->want = want;
}

int32_t reader_fetch(struct reader *r, uint32_t pages)
{
    struct keyset_request want;
    while (r->slots.n < pages && r->slots.n < r->slots.room &&
           slots_held(&r->slots) < r->s->page_limit &&
           keyset_plan(&r->keyset, r->pace->page_size, r->slots.n, &want))
        slots_add(&r->slots)->want = want;
    return slots_advance(&r->slots);
}

int reader_is_waiting(const struct reader *r)
{
    for (uint32_t i = 0; i < r->slots.n; i++)
        if (slots_at(&r->slots, i)->state == SLOT_DUE)
            return 0;
    return 1;
}

static void drop_all(struct reader *r)
{
    slots_drop_all(&r->slots);
    keyset_replan(&r->keyset);
    r->is_open = 0;
}

static int32_t finish_pages(struct reader *r)
{
    drop_all(r);
    r->state = READER_TOTAL;
    /* One page that held all was one moment. */
    if (r->pages == 1 && r->first_total >= 0)
        r->state = READER_ENDED;
    return MIG_OK;
}

static int32_t follow(struct reader *r, enum keyset_verdict verdict)
{
    switch (verdict) {
    case KEYSET_FINISHED:
        return finish_pages(r);
    case KEYSET_ANEW:
        drop_all(r);
        r->ahead = 1;
        return MIG_OK;
    case KEYSET_STUCK:
        return unreadable(r, "the server gives the same things again and again");
    case KEYSET_TIED:
        return unreadable(r, "the things that were made in one moment never come all at once");
    default:
        return MIG_OK;
    }
}

/* A page that has come, before its things are gone through. */
static int32_t look(struct reader *r, struct slot *slot)
{
    const struct page *p = &slot->page;
    enum keyset_verdict v = keyset_look(&r->keyset, &slot->want, p->n,
                                        p->n ? p->things[0].made : MOMENT_NONE, p->remaining);
    if (v == KEYSET_HOLE) {
        slots_again(&r->slots, slot,
                    r->keyset.tied ? "more things were made in one moment than can be reached"
                                   : "the page is empty, though more things remain");
        return MIG_OK;
    }
    if (v != KEYSET_TAKE)
        return follow(r, v);
    r->is_open = 1;
    r->at = r->fresh = 0;
    r->count.pages++;
    if (!r->pages++)
        r->asked_at = slot->transfer.asked_at;
    r->ahead += r->ahead < SLOT_AHEAD;
    return r->recording ? recording_add(r->recording, p, &slot->transfer.body) : MIG_OK;
}

static int32_t close_page(struct reader *r, struct slot *slot)
{
    const struct page *p = &slot->page;
    uint64_t before = keyset_given(&r->keyset);
    int whole = slot->want.below == MOMENT_NONE;
    if (whole && p->remaining >= 0)
        r->total = (int64_t)before + p->remaining;
    if (r->first_total < 0 && r->pages == 1)
        r->first_total = r->total;
    if (r->pages == 1 && p->remaining < 0)
        say_log(r->s->host, MIG_LOG_WARNING,
                "\"%s\": the server does not say how many things there are, so that what was read "
                "cannot be compared with it",
                r->entity);
    enum keyset_verdict v = keyset_end(&r->keyset, &slot->want, p->n, r->fresh, p->remaining);
    slots_drop_first(&r->slots);
    r->is_open = 0;
    return follow(r, v);
}

/* MIG_OK: *thing is set, or the page is at its end and data is NULL. */
static int32_t take_thing(struct reader *r, struct slot *slot, struct jsonscan_slice *thing)
{
    const struct page *p = &slot->page;
    thing->data = NULL;
    while (r->at < p->n) {
        const struct page_thing *t = &p->things[r->at++];
        int is_new = keyset_offer(&r->keyset, t->made, t->id.data, t->id.len);
        if (is_new < 0)
            return say_fail(r->s->host, MIG_E_NOMEM, NULL, "no memory for the ids of a moment");
        if (is_new) {
            r->fresh++;
            *thing = t->text;
            return MIG_OK;
        }
        r->count.again++;
        r->repeats += r->at > 1 && t[-1].id.len == t->id.len &&
                      memcmp(t[-1].id.data, t->id.data, t->id.len) == 0;
    }
    return close_page(r, slot);
}

/* ---- the end ------------------------------------------------------------------------------- */

static void tell_changes(const struct reader *r, int64_t total)
{
    int64_t given = (int64_t)keyset_given(&r->keyset);
    if (r->repeats)
        say_log(r->s->host, MIG_LOG_WARNING,
                "\"%s\": %" PRIu64 " %s stood twice in a page and were taken once", r->entity,
                r->repeats, plural(r->repeats, "thing", "things"));
    if (total != given || (r->first_total >= 0 && r->first_total != given))
        say_log(r->s->host, MIG_LOG_WARNING,
                "\"%s\": the source changed while it was read: %" PRId64 " %s before, %" PRId64
                " read, %" PRId64 " after",
                r->entity, r->first_total, plural(r->first_total, "thing", "things"), given, total);
}

/* The number of things has come. */
static int32_t compare(struct reader *r, struct slot *slot)
{
    const struct page *p = &slot->page;
    int64_t given = (int64_t)keyset_given(&r->keyset);
    int64_t total = p->remaining < 0
                        ? KEYSET_UNKNOWN
                        : (p->cursor > 0 ? p->cursor : 0) + (int64_t)p->n + p->remaining;
    drop_all(r);
    if (total > given) {
        r->total = total;
        if (r->rounds++ == ROUNDS_MOST)
            return unreadable(r, "the server has more things than it gives out");
        r->state = READER_PAGES;
        return MIG_OK;
    }
    if (total != KEYSET_UNKNOWN)
        tell_changes(r, total);
    r->state = READER_ENDED;
    return MIG_OK;
}

/* ---- all together -------------------------------------------------------------------------- */

static void plan_total(struct reader *r)
{
    struct slot *slot = r->slots.n ? NULL : slots_add(&r->slots);
    if (slot)
        slot->is_total = 1;
}

/* Goes on until a thing is there, the end, or something to wait for. */
static int32_t step(struct reader *r, struct jsonscan_slice *thing)
{
    struct slot *slot = slots_at(&r->slots, 0);
    if (r->is_open)
        return take_thing(r, slot, thing);
    r->state == READER_TOTAL ? plan_total(r) : plan(r);
    int32_t status = slots_advance(&r->slots);
    slot = slots_at(&r->slots, 0);
    if (status != MIG_OK || !slot)
        return status;
    if (slot->state == SLOT_FAILED)
        return failed(r, slot);
    if (slot->state == SLOT_SMALLER)
        return smaller(r, slot);
    if (slot->state != SLOT_READY)
        return MIG_WAIT;
    return slot->is_total ? compare(r, slot) : look(r, slot);
}

int32_t reader_next(struct reader *r, struct jsonscan_slice *thing, mig_wait_t *wait)
{
    int32_t status = time_is_up(r);
    thing->data = NULL;
    while (status == MIG_OK && !thing->data && r->state != READER_ENDED)
        status = step(r, thing);
    if (status == MIG_WAIT)
        transfers_wait(r->net, slots_due(&r->slots, WAIT_MS), wait);
    if (status == MIG_OK && !thing->data && r->recording)
        status = recording_finish(r->recording, r->asked_at);
    return status == MIG_OK && !thing->data ? MIG_END : status;
}

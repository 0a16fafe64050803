/*
 * written.c - searches a type once more, by the date of the last change: to list what it finds,
 * when the run is over, so that a server that does not answer is not waited for long; or to keep
 * it.
 */
#include "written.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "common/say.h"

static int32_t wait_for(const struct settings *s, const mig_wait_t *wait)
{
    struct pollfd fd = {.fd = wait->n_fds ? wait->fds[0] : -1, .events = POLLIN};
    poll(&fd, 1, wait->timeout_ms < 500 ? (int)wait->timeout_ms : 500);
    return s->host->cancelled(s->host)
               ? say_fail(s->host, MIG_E_CANCELLED, NULL, "reading was stopped")
               : MIG_OK;
}

/* What is done with each thing that is found. */
struct finding {
    const struct settings *s;
    uint64_t n, most;
    json_t *known; /* id -> when it was changed */
    void *ctx;
    int32_t (*row)(void *ctx, int32_t removed, mig_str_t key); /* NULL: they become known */
};

static int text_at(const struct jsonscan_slice *thing, const char *name, mig_str_t *out)
{
    struct jsonscan_slice raw;
    if (!jsonscan_path(thing->data, thing->len, name, strlen(name), &raw) || raw.len < 2)
        return -1;
    *out = (mig_str_t){raw.data + 1, raw.len - 2};
    return 0;
}

static int32_t take(struct finding *f, const struct jsonscan_slice *thing)
{
    mig_str_t id, changed;
    int32_t status = MIG_OK;
    if (text_at(thing, QUERY_ID, &id) != 0 || text_at(thing, QUERY_MODIFIED, &changed) != 0)
        return MIG_OK;
    json_t *key = json_stringn(id.data, id.len), *now = json_stringn(changed.data, changed.len);
    json_t *before = json_object_get(f->known, json_string_value(key));
    if (!f->row && json_object_set(f->known, json_string_value(key), now) != 0)
        status = say_fail(f->s->host, MIG_E_NOMEM, NULL, "no memory for ids");
    else if (f->row && !(before && json_equal(before, now)))
        status = f->row(f->ctx, 0, id);
    f->n += !before;
    json_decref(key);
    json_decref(now);
    return status;
}

static int32_t go_through(struct reader *r, struct finding *f)
{
    int32_t status = MIG_OK;
    while (status == MIG_OK && f->n <= f->most) {
        struct jsonscan_slice thing;
        mig_wait_t wait = {.size = sizeof wait};
        status = reader_next(r, &thing, &wait);
        if (status == MIG_WAIT)
            status = wait_for(f->s, &wait);
        else if (status == MIG_OK)
            status = take(f, &thing);
    }
    return status == MIG_END ? MIG_OK : status;
}

static int32_t search(struct finding *f, struct recording *to, const char *entity, int64_t since,
                      int64_t *asked_at)
{
    struct transfers net;
    struct pace pace;
    struct query q = {.type = query_type(entity), .since = QUERY_MODIFIED, .least = since};
    transfers_init(&net, f->s);
    struct reader *r = reader_new(f->s, &net, &pace);
    int32_t status = r && q.type ? reader_begin(r, entity, &q)
                                 : say_fail(f->s->host, MIG_E_NOMEM, NULL, "no memory for a type");
    if (status == MIG_OK) {
        r->recording = to;
        status = go_through(r, f);
        *asked_at = r->asked_at;
    }
    reader_free(r);
    transfers_clear(&net);
    free(q.type);
    return status;
}

int32_t written_keep(const struct settings *s, struct recording *to, const char *entity,
                     int64_t since, json_t *known, int64_t *asked_at)
{
    struct finding f = {.s = s, .most = UINT64_MAX - 1, .known = known};
    return search(&f, to, entity, since, asked_at);
}

int32_t written_find(const struct settings *s, const char *entity, int64_t since,
                     const json_t *known, void *ctx,
                     int32_t (*row)(void *ctx, int32_t removed, mig_str_t key))
{
    struct settings hasty = *s; /* borrows all of it */
    struct finding f = {
        .s = &hasty, .most = WRITTEN_MOST, .known = (json_t *)known, .ctx = ctx, .row = row};
    int64_t asked_at;
    hasty.retries = hasty.retries < 2 ? hasty.retries : 2;
    hasty.give_up_ms = 20 * 1000;
    hasty.time_limit_ms = 60 * 1000;
    return search(&f, NULL, entity, since, &asked_at);
}

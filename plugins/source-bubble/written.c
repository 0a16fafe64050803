/*
 * written.c - searches a type once more, by the date of the last change. The run is over by then,
 * so a server that does not answer is not waited for long.
 */
#include "written.h"

#include <poll.h>
#include <stdlib.h>

#include "common/say.h"

static int32_t wait_for(const struct settings *s, const mig_wait_t *wait)
{
    struct pollfd fd = {.fd = wait->n_fds ? wait->fds[0] : -1, .events = POLLIN};
    poll(&fd, 1, wait->timeout_ms < 500 ? (int)wait->timeout_ms : 500);
    return s->host->cancelled(s->host)
               ? say_fail(s->host, MIG_E_CANCELLED, NULL, "reading was stopped")
               : MIG_OK;
}

static int32_t tell(const struct jsonscan_slice *thing, void *ctx,
                    int32_t (*row)(void *ctx, int32_t removed, mig_str_t key))
{
    struct jsonscan_slice id;
    if (!jsonscan_path(thing->data, thing->len, QUERY_ID, sizeof QUERY_ID - 1, &id) || id.len < 2)
        return MIG_OK;
    return row(ctx, 0, (mig_str_t){id.data + 1, id.len - 2});
}

static int32_t all(struct reader *r, const struct settings *s, void *ctx,
                   int32_t (*row)(void *ctx, int32_t removed, mig_str_t key))
{
    int32_t status = MIG_OK;
    for (unsigned n = 0; status == MIG_OK && n <= WRITTEN_MOST;) {
        struct jsonscan_slice thing;
        mig_wait_t wait = {.size = sizeof wait};
        status = reader_next(r, &thing, &wait);
        if (status == MIG_WAIT) {
            status = wait_for(s, &wait);
        } else if (status == MIG_OK) {
            status = tell(&thing, ctx, row);
            n++;
        }
    }
    return status == MIG_END ? MIG_OK : status;
}

int32_t written_find(const struct settings *s, const char *entity, int64_t since, void *ctx,
                     int32_t (*row)(void *ctx, int32_t removed, mig_str_t key))
{
    struct settings hasty = *s; /* borrows all of it */
    struct transfers net;
    struct pace pace;
    struct query q = {.type = query_type(entity), .since = QUERY_MODIFIED, .least = since};
    hasty.retries = hasty.retries < 2 ? hasty.retries : 2;
    hasty.give_up_ms = 20 * 1000;
    hasty.time_limit_ms = 60 * 1000;
    transfers_init(&net, &hasty);
    struct reader *r = reader_new(&hasty, &net, &pace);
    int32_t status = r && q.type ? reader_begin(r, entity, &q)
                                 : say_fail(s->host, MIG_E_NOMEM, NULL, "no memory for a type");
    if (status == MIG_OK)
        status = all(r, s, ctx, row);
    reader_free(r);
    transfers_clear(&net);
    free(q.type);
    return status;
}

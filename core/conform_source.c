/* conform_source.c - what is tried of sources: entities read to their end, twice, again and again
 * from their beginning, from where a position says, and with a run that is being stopped. In the
 * child process of a trial. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "conform.h"
#include "plural.h"
#include "trial.h"

#define MAX_ENTITIES 8U
#define MAX_RECORDS 20000U

static const char *const fields[] = {"id", "name", "a field that nobody has", ""};
#define N_FIELDS 4U

struct entities {
    char names[MAX_ENTITIES][128];
    uint32_t n;
};

static const mig_source_ops_t *ops_of(const struct conform *c)
{
    return c->unit->ops;
}

static int32_t recording(const mig_host_t *h, mig_recording_t *out)
{
    (void)h;
    *out = (mig_recording_t){.size = out->size, .mode = MIG_RECORDING_NONE, .key_name = "TEST_KEY"};
    return MIG_OK;
}

static int32_t is_secret(const mig_host_t *h, const char *entity, mig_str_t field)
{
    (void)h;
    (void)entity;
    (void)field;
    return 0;
}

static int32_t keep_entity(void *ctx, const char *entity)
{
    struct entities *e = ctx;
    if (!entity)
        trial_fault("give names", "gave an entity without a name in %s", trial_where());
    else if (e->n < MAX_ENTITIES)
        snprintf(e->names[e->n++], sizeof e->names[0], "%s", entity);
    return MIG_OK;
}

/* 0: made, and it answers. */
static int ready(struct conform *c, struct entities *e)
{
    c->m.host.recording = recording;
    c->m.host.is_secret = is_secret;
    e->n = 0;
    if (conform_create(c) != MIG_OK)
        return 1;
    trial_enter("ping", "");
    int32_t got = ops_of(c)->ping(c->self);
    trial_leave();
    if (got < 0 && c->m.n_failed)
        trial_remark("ping() says: %s", c->m.text);
    if (conform_outcome(c, got, 0) != MIG_OK)
        return 1;
    trial_enter("entities", "");
    got = ops_of(c)->entities(c->self, e, keep_entity);
    trial_leave();
    return conform_outcome(c, got, 0) != MIG_OK;
}

static int open_entity(struct conform *c, const char *entity, mig_str_t position)
{
    static const char *const key[] = {"id"};
    trial_enter("open", position.len ? "a position that it gave" : "");
    int32_t got = ops_of(c)->open(c->self, entity, fields, N_FIELDS, key, 1, position);
    trial_leave();
    return conform_outcome(c, got, 0) != MIG_OK;
}

static void close_entity(struct conform *c)
{
    trial_enter("close", "");
    int32_t got = ops_of(c)->close(c->self);
    trial_leave();
    conform_outcome(c, got, 0);
}

/* What the host's loop does, one socket after the other. */
static void wait_as_told(const mig_wait_t *w)
{
    struct pollfd p[8];
    if (w->n_fds > 8) {
        trial_fault("wait for at most 8", "waits for %u descriptors in %s", w->n_fds,
                    trial_where());
        return;
    }
    for (uint32_t i = 0; i < w->n_fds; i++)
        p[i] = (struct pollfd){w->fds[i],
                               (short)((w->events[i] & MIG_WAIT_READ ? POLLIN : 0) |
                                       (w->events[i] & MIG_WAIT_WRITE ? POLLOUT : 0)),
                               0};
    poll(p, w->n_fds, w->timeout_ms > 1000 ? 1000 : (int)w->timeout_ms);
}

static void look_at_record(struct conform *c, const mig_record_t *r, uint64_t *sum)
{
    mig_str_t raw = {NULL, 0};
    if (r->n_values != N_FIELDS || !r->values) {
        trial_fault("give one value for each field that open() named",
                    "gave %u %s for %u fields in %s", r->n_values,
                    plural(r->n_values, "value", "values"), N_FIELDS, trial_where());
        return;
    }
    for (uint32_t i = 0; i < N_FIELDS; i++) {
        conform_value(&r->values[i], MIG_JSON);
        *sum = *sum * 31 + r->values[i].kind;
        for (uint32_t k = 0;
             r->values[i].kind > MIG_NULL && r->values[i].data && k < r->values[i].len; k++)
            *sum = *sum * 31 + (unsigned char)r->values[i].data[k];
    }
    trial_enter("raw", "");
    int32_t got = ops_of(c)->raw(c->self, &raw);
    trial_leave();
    if (got == MIG_OK && raw.len && !raw.data)
        trial_fault("set data", "gave a text without data in %s", trial_where());
    conform_outcome(c, got, 0);
}

/* Reads up to `most` records; gives how many. */
static uint64_t read_on(struct conform *c, uint64_t most, uint64_t *sum)
{
    uint64_t n = 0;
    double until = trial_clock() + 2;
    while (n < most && trial_clock() < until) {
        mig_record_t r = {.size = sizeof r};
        mig_wait_t w = {.size = sizeof w};
        trial_enter("next", "");
        int32_t got = ops_of(c)->next(c->self, &r, &w);
        trial_leave();
        if (got == MIG_WAIT)
            wait_as_told(&w);
        if (got == MIG_OK)
            look_at_record(c, &r, sum);
        got = conform_outcome(c, got, 1U << MIG_END | 1U << MIG_WAIT | 1U << MIG_REJECT);
        if (got < 0 || got == MIG_END)
            break;
        n += got != MIG_WAIT;
    }
    return n;
}

static void identity_of(struct conform *c, const char *entity, char *out, size_t size)
{
    mig_str_t text = {NULL, 0};
    trial_enter("identity", "");
    int32_t got = ops_of(c)->identity(c->self, entity, &text);
    trial_leave();
    if (got == MIG_OK && text.len && !text.data)
        trial_fault("set data", "gave a text without data in %s", trial_where());
    else
        snprintf(out, size, "%.*s", (int)text.len, text.len ? text.data : "");
    conform_outcome(c, got, 0);
}

static void goes_on(struct conform *c, const char *entity)
{
    mig_str_t at = {NULL, 0};
    char kept[512];
    uint64_t sum = 0;
    if (!MIG_HAS(ops_of(c), position) || open_entity(c, entity, (mig_str_t){"", 0}))
        return;
    if (read_on(c, 1, &sum) == 1) {
        trial_enter("position", "");
        int32_t got = ops_of(c)->position(c->self, &at);
        trial_leave();
        if (at.len >= sizeof kept)
            at.len = 0;
        memcpy(kept, at.len ? at.data : "", at.len);
        conform_outcome(c, got, 0);
    }
    close_entity(c);
    if (at.len && !open_entity(c, entity, (mig_str_t){kept, at.len})) {
        read_on(c, 10, &sum);
        close_entity(c);
    }
}

static void reading(struct conform *c)
{
    static struct entities e;
    if (ready(c, &e))
        return;
    for (uint32_t i = 0; i < e.n; i++) {
        char before[512] = "", after[512] = "";
        uint64_t sums[2] = {0, 0}, n[2] = {0, 0};
        for (int k = 0; k < 2; k++) {
            identity_of(c, e.names[i], k ? after : before, sizeof before);
            if (open_entity(c, e.names[i], (mig_str_t){"", 0}))
                continue;
            n[k] = read_on(c, MAX_RECORDS, &sums[k]);
            close_entity(c);
        }
        if (before[0] && strcmp(before, after) == 0 && n[0] < MAX_RECORDS &&
            (n[0] != n[1] || sums[0] != sums[1]))
            trial_fault(
                "give the same records in the same order, or another identity()",
                "gave other records when an entity was read again, with the same identity()");
        goes_on(c, e.names[i]);
    }
    conform_destroy(c);
}

static void again(struct conform *c)
{
    static struct entities e;
    struct conform_growth g;
    uint64_t sum = 0;
    if (ready(c, &e))
        return;
    if (!open_entity(c, "no such entity", (mig_str_t){"", 0})) {
        read_on(c, 1, &sum);
        close_entity(c);
    }
    for (int k = 0; k < 2 && e.n; k++) {
        if (k)
            conform_grow_begin(&g);
        for (uint32_t i = 0; k ? conform_grow_on(&g, 200) : i < 10; i++) {
            if (open_entity(c, e.names[0], (mig_str_t){"", 0}))
                return;
            read_on(c, 2, &sum);
            close_entity(c);
        }
    }
    if (e.n)
        conform_grow_end(&g, "times open() and close()");
    conform_destroy(c);
}

static void stopped(struct conform *c)
{
    static struct entities e;
    uint64_t sum = 0;
    if (ready(c, &e))
        return;
    c->m.cancelled = 1;
    if (e.n && !open_entity(c, e.names[0], (mig_str_t){"", 0})) {
        read_on(c, 1000, &sum);
        close_entity(c);
    }
    conform_destroy(c);
}

const struct conform_try conform_source[] = {{reading}, {again}, {stopped}, {NULL}};

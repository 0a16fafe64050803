/* conform_common.c - what trials of all kinds of units share: instances, outcomes, growth. In the
 * child process of a trial; everything that is found goes to trial_fault(). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conform.h"
#include "plural.h"
#include "trial.h"

/* Of a processor, so that a busy machine finds the same; and for a unit that only waits. */
#define GROWTH_WORK 1.0
#define GROWTH_SECONDS 10.0

int32_t conform_create(struct conform *c)
{
    c->self = NULL;
    trial_enter("create", "");
    int32_t got = c->unit->create(&c->m.host, &c->self);
    trial_leave();
    if (got < 0 && c->m.n_failed)
        trial_remark("create() says: %s", c->m.text);
    size_t failed = c->m.n_failed;
    if (got > 0 || got < MIG_E_IO)
        trial_fault("return MIG_OK or a MIG_E_*",
                    "create() answered %d, which is none of its outcomes", got);
    else if (got < 0 && !failed)
        trial_fault("return host->fail(host, ...)", "create() answered %d and did not say why",
                    got);
    mockhost_lasts(&c->m);
    mockhost_forget(&c->m);
    return got;
}

void conform_destroy(struct conform *c)
{
    trial_enter("destroy", "");
    c->unit->destroy(c->self);
    trial_leave();
    c->self = NULL;
    mockhost_clear(&c->m);
}

int32_t conform_outcome(struct conform *c, int32_t got, unsigned may)
{
    if (got < MIG_E_IO || got > MIG_LATER || (got > 0 && !(may >> got & 1)))
        trial_fault("return one of those that plugin.h names there",
                    "answered %d in %s, which is none of its outcomes", got, trial_where());
    else if (got < 0 && c->m.n_failed == 0)
        trial_fault("return host->fail(host, ...)", "answered %d in %s and did not say why", got,
                    trial_where());
    else if (got == MIG_REJECT && c->m.n_rejects == 0 && !c->was_refused)
        trial_fault("return host->reject(host, ...)",
                    "answered MIG_REJECT in %s and did not say why", trial_where());
    else if (got == MIG_SKIP && c->m.n_skips == 0)
        trial_fault("return host->skip(host, ...)", "answered MIG_SKIP in %s and did not say why",
                    trial_where());
    mockhost_forget(&c->m);
    return got;
}

void conform_value(const mig_value_t *v, uint32_t last_kind)
{
    if (v->kind > last_kind)
        trial_fault("set kind to one of MIG_ABSENT ... MIG_JSON",
                    "gave a value of unknown kind %u in %s", v->kind, trial_where());
    else if (v->kind > MIG_NULL && v->len && !v->data)
        trial_fault("set data, or the kind MIG_NULL", "gave a value without data in %s",
                    trial_where());
    else if (v->kind == MIG_BOOL && !(v->len == 4 && memcmp(v->data, "true", 4) == 0) &&
             !(v->len == 5 && memcmp(v->data, "false", 5) == 0))
        trial_fault("write true or false", "gave a boolean that is neither in %s", trial_where());
}

int conform_refuses(struct conform *c, const char *name)
{
    if (!c->refused || strcmp(c->refused, name) != 0)
        return 0;
    c->was_refused = 1;
    if (c->refusal < 0)
        c->m.host.fail(&c->m.host, c->refusal, "the test lets this service fail", NULL);
    return 1;
}

int conform_handed_on(struct conform *c, int32_t got)
{
    if (!c->was_refused || (c->refusal < 0 ? got < 0 : got == c->refusal))
        return 0;
    trial_fault("return what the service gave", "answered %d in %s though host->%s() gave %d", got,
                trial_where(), c->refused, c->refusal);
    return 1;
}

#define WARM_UP 20
#define LEAST_LOSS                                                                                 \
    16 /* bytes a call: malloc() takes 32 at least, and every other call may lose                  \
        */

void conform_grow_begin(struct conform_growth *g)
{
    *g = (struct conform_growth){.memory = trial_memory(),
                                 .descriptors = trial_descriptors(),
                                 .threads = trial_threads(),
                                 .until = trial_clock() + GROWTH_SECONDS,
                                 .worked_until = trial_work() + GROWTH_WORK};
}

int conform_grow_on(struct conform_growth *g, uint64_t most)
{
    if (g->n == most ||
        (g->n > WARM_UP && (trial_work() > g->worked_until || trial_clock() > g->until)))
        return 0;
    /* What the first calls take once and keep (a zone's data, a stream's buffer) is no loss. */
    if (g->n == WARM_UP)
        g->memory = trial_memory();
    g->n++;
    return 1;
}

void conform_grow_end(const struct conform_growth *g, const char *what)
{
    size_t memory = trial_memory(), n = g->n ? (size_t)g->n : 1;
    size_t looked_at = n > WARM_UP ? n - WARM_UP : n;
    unsigned descriptors = trial_descriptors(), threads = trial_threads();
    if (threads > g->threads && threads - g->threads >= n / 2)
        trial_fault("join them in destroy()", "leaves threads running: %u after %zu %s",
                    threads - g->threads, n, what);
    else if (memory > g->memory && (memory - g->memory) / looked_at >= LEAST_LOSS)
        trial_fault("free what it allocates, or use host->alloc()",
                    "loses memory: %zu %s with each of %zu %s", (memory - g->memory) / looked_at,
                    plural((memory - g->memory) / looked_at, "byte", "bytes"), n, what);
    if (descriptors > g->descriptors && descriptors - g->descriptors >= n / 2)
        trial_fault("close them", "leaves descriptors open: %u after %zu %s",
                    descriptors - g->descriptors, n, what);
}

/* ---- inputs ----------------------------------------------------------------------------- */

#define MEGABYTE ((size_t)1 << 20)

static const struct {
    const char *name;
    uint32_t kind;
    const char *data;
    size_t len; /* 0: strlen */
} plain[] = {
    {"an absent value", MIG_ABSENT, "", 0},
    {"NULL", MIG_NULL, "", 0},
    {"an empty text", MIG_TEXT, "", 0},
    {"a text of one letter", MIG_TEXT, "x", 0},
    {"a text", MIG_TEXT, "Hello, World 2", 0},
    {"a text of other scripts", MIG_TEXT, "\xc3\x84\xce\xa9 \xd0\x96\xe4\xb8\xad \xf0\x9f\x98\x80",
     0},
    {"a text of digits", MIG_TEXT, "0042", 0},
    {"a text like a date", MIG_TEXT, "2024-02-29T12:00:00Z", 0},
    {"a text like an address", MIG_TEXT, "  Anna.Berg@Example.org ", 0},
    {"a text with a NUL byte", MIG_TEXT, "a\0b", 3},
    {"a text that is not UTF-8", MIG_TEXT, "a\xff\xc0\x80z", 0},
    {"a text that ends in half a letter", MIG_TEXT, "gr\xc3", 0},
    {"a number", MIG_NUMBER, "12.50", 0},
    {"a number without end", MIG_NUMBER, "-1e400", 0},
    {"a boolean", MIG_BOOL, "true", 0},
    {"a JSON object", MIG_JSON, "{\"a\":1,\"b\":{\"c\":[null]}}", 0},
    {"a JSON array", MIG_JSON, "[1,\"two\",null]", 0},
};

/* Filled with `letter`, with walls. */
static mig_value_t large(uint32_t kind, char letter, const char *begin, const char *end)
{
    char *text = malloc(MEGABYTE);
    if (!text)
        abort();
    memset(text, letter, MEGABYTE);
    memcpy(text, begin, strlen(begin));
    memcpy(text + MEGABYTE - strlen(end), end, strlen(end));
    const char *copy = trial_guarded(text, MEGABYTE);
    free(text);
    return (mig_value_t){copy, (uint32_t)MEGABYTE, kind};
}

const struct conform_input *conform_inputs(void)
{
    static struct conform_input inputs[CONFORM_INPUTS];
    size_t n = 0;
    if (inputs[0].name)
        return inputs;
    for (; n < sizeof plain / sizeof *plain; n++) {
        size_t len = plain[n].len ? plain[n].len : strlen(plain[n].data);
        const char *data = plain[n].kind > MIG_NULL ? trial_guarded(plain[n].data, len) : NULL;
        inputs[n] = (struct conform_input){plain[n].name, {data, (uint32_t)len, plain[n].kind}};
    }
    inputs[n++] = (struct conform_input){"a text of 1 MB", large(MIG_TEXT, 'a', "b", "c")};
    inputs[n++] = (struct conform_input){"a number of 1 MB", large(MIG_NUMBER, '7', "1", "2")};
    inputs[n++] = (struct conform_input){"a JSON text of 1 MB", large(MIG_JSON, 'x', "[\"", "\"]")};
    return inputs;
}

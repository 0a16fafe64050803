/* conform_transform.c - what is tried of transforms: all kinds of values, the same twice, very
 * often, and in several threads where they say that they can. In the child process of a trial. */
#include <pthread.h>
#include <string.h>

#include "conform.h"
#include "trial.h"

#define THREADS 4U
#define ROUNDS 200U
#define INPUTS 17U /* those that are not large */

struct result { /* enough of it to compare */
    int32_t status;
    uint32_t kind, len;
    uint64_t sum;
};

static const mig_transform_ops_t *ops_of(const struct conform *c)
{
    return c->unit->ops;
}

static uint64_t sum_of(const char *data, size_t n)
{
    uint64_t sum = 14695981039346656037U;
    for (size_t i = 0; i < n; i++)
        sum = (sum ^ (unsigned char)data[i]) * 1099511628211U;
    return sum;
}

static struct result result_of(int32_t status, const mig_value_t *out)
{
    int has = status == MIG_OK && out->kind > MIG_NULL && (out->data || !out->len);
    return (struct result){status, status == MIG_OK ? out->kind : 0, has ? out->len : 0,
                           has ? sum_of(out->data, out->len) : 0};
}

static int same(const struct result *a, const struct result *b)
{
    return a->status == b->status && a->kind == b->kind && a->len == b->len && a->sum == b->sum;
}

static struct result apply(struct conform *c, const char *name, const mig_value_t *in, uint32_t n)
{
    mig_value_t out = {NULL, 0, MIG_ABSENT};
    trial_enter("apply", name);
    int32_t got = ops_of(c)->apply(c->self, in, n, &out);
    trial_leave();
    if (got == MIG_OK)
        conform_value(&out, MIG_JSON);
    const struct result r = result_of(got, &out);
    conform_outcome(c, got, 1U << MIG_REJECT);
    return r;
}

static void beside(struct conform *c, const struct conform_input *in)
{
    const mig_transform_ops_t *ops = ops_of(c);
    unsigned char marks[2][32] = {{0}};
    mig_value_t out = {NULL, 0, MIG_ABSENT};
    if (MIG_HAS(ops, quick)) {
        trial_enter("quick", in->name);
        int32_t got = ops->quick(c->self, &in->value, 1, &out);
        trial_leave();
        if (got == MIG_OK)
            conform_value(&out, MIG_JSON);
        if (conform_outcome(c, got, 1U << MIG_REJECT | 1U << MIG_LATER) != MIG_LATER)
            return;
    }
    for (int i = 0; MIG_HAS(ops, mark) && i < 2; i++) {
        trial_enter("mark", in->name);
        int32_t got = ops->mark(c->self, &in->value, 1, marks[i]);
        trial_leave();
        if (conform_outcome(c, got, 1U << MIG_END) == MIG_OK && i &&
            memcmp(marks[0], marks[1], 32) != 0)
            trial_fault("make it from the input and the key alone",
                        "gave two marks of one value in %s", trial_where());
    }
    if (MIG_HAS(ops, opens)) {
        const mig_value_t stored = {"x", 1, MIG_TEXT};
        trial_enter("opens", in->name);
        int32_t got = ops->opens(c->self, &in->value, &stored);
        trial_leave();
        conform_outcome(c, got, 1U << MIG_END);
    }
}

/* Forth and back, so that no call has the same one before it twice. */
static void values(struct conform *c)
{
    struct result first[CONFORM_INPUTS];
    const struct conform_input *in = conform_inputs();
    int pure = (ops_of(c)->flags & MIG_TRANSFORM_PURE) != 0;
    if (conform_create(c) != MIG_OK)
        return;
    for (uint32_t i = 0; i < CONFORM_INPUTS; i++)
        first[i] = apply(c, in[i].name, &in[i].value, 1);
    for (uint32_t i = CONFORM_INPUTS; pure && i-- > 0;) {
        const struct result again = apply(c, in[i].name, &in[i].value, 1);
        if (!same(&again, &first[i]))
            trial_fault(
                "let it depend on input, options and place() only, or leave out MIG_TRANSFORM_PURE",
                "is not pure: it gives another result the second time in %s", trial_where());
    }
    for (uint32_t i = 0; i < CONFORM_INPUTS; i++)
        beside(c, &in[i]);
    conform_destroy(c);
}

static void several(struct conform *c)
{
    const struct conform_input *in = conform_inputs();
    mig_value_t list[3];
    if (conform_create(c) != MIG_OK)
        return;
    for (uint32_t n = 2; n <= 3; n++)
        for (uint32_t i = 0; i < CONFORM_INPUTS; i++) {
            for (uint32_t k = 0; k < n; k++)
                list[k] = in[(i + k * 3) % CONFORM_INPUTS].value;
            apply(c, n == 2 ? "two values" : "three values", list, n);
        }
    conform_destroy(c);
}

static void often(struct conform *c)
{
    const struct conform_input *in = conform_inputs();
    struct conform_growth g;
    if (conform_create(c) != MIG_OK)
        return;
    for (uint32_t i = 0; i < INPUTS; i++)
        apply(c, in[i].name, &in[i].value, 1);
    conform_grow_begin(&g);
    while (conform_grow_on(&g, CONFORM_OFTEN))
        apply(c, in[g.n % INPUTS].name, &in[g.n % INPUTS].value, 1);
    conform_grow_end(&g, "calls of apply()");
    conform_destroy(c);
}

/* ---- threads ---------------------------------------------------------------------------- */

struct worker {
    struct conform c; /* an instance of its own */
    const struct result *due;
    double until;
    uint32_t first;   /* input: threads in step would never meet with different values */
    uint32_t differs; /* the first input of another result, from 1; 0: none */
    pthread_t thread;
};

static _Atomic uint32_t done; /* workers that have made all their rounds */

/* Whoever is done goes on for as long as another is not: so they meet, whenever each gets a
 * processor. */
static void *work(void *ctx)
{
    struct worker *w = ctx;
    const struct conform_input *in = conform_inputs();
    for (uint32_t k = 0; trial_clock() < w->until; k++) {
        if (k == ROUNDS * INPUTS)
            done++;
        if (done == THREADS)
            break;
        uint32_t i = (w->first + k) % INPUTS;
        mig_value_t out = {NULL, 0, MIG_ABSENT};
        int32_t got = ops_of(&w->c)->apply(w->c.self, &in[i].value, 1, &out);
        const struct result r = result_of(got, &out);
        if (!same(&r, &w->due[i]) && !w->differs)
            w->differs = i + 1;
        mockhost_forget(&w->c.m);
        trial_alive();
    }
    return NULL;
}

static void threads(struct conform *c)
{
    static struct worker workers[THREADS];
    static struct result due[CONFORM_INPUTS];
    const struct conform_input *in = conform_inputs();
    const uint32_t both = MIG_TRANSFORM_PURE | MIG_TRANSFORM_SLOW;
    if ((ops_of(c)->flags & both) != both || conform_create(c) != MIG_OK)
        return;
    for (uint32_t i = 0; i < INPUTS; i++)
        due[i] = apply(c, in[i].name, &in[i].value, 1);
    for (uint32_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){
            .c = *c, .due = due, .until = trial_clock() + 2, .first = i * INPUTS / THREADS};
        workers[i].c.m.host.impl = &workers[i].c;
        workers[i].c.m.memory = workers[i].c.m.lasting = NULL;
        if (conform_create(&workers[i].c) != MIG_OK)
            return;
    }
    trial_enter("apply", "four threads, an instance each");
    uint32_t begun = 0;
    while (begun < THREADS &&
           pthread_create(&workers[begun].thread, NULL, work, &workers[begun]) == 0)
        begun++;
    for (uint32_t i = 0; i < begun; i++)
        pthread_join(workers[i].thread, NULL);
    trial_leave();
    for (uint32_t i = 0; i < begun; i++)
        if (workers[i].differs)
            trial_fault(
                "share nothing between instances, or put a lock around it",
                "is not safe for threads: instances in several give another result in apply() "
                "with %s",
                in[workers[i].differs - 1].name);
    for (uint32_t i = 0; i < THREADS; i++)
        conform_destroy(&workers[i].c);
    conform_destroy(c);
}

const struct conform_try conform_transform[] = {{values}, {several}, {often}, {threads}, {NULL}};

/*
 * test_bubble_keyset.c - the order of pages against a list that changes under the reader.
 *
 * A list of things stands for the server: each page is cut out of it as it is at that moment, in a
 * new order among things of one moment, while things are deleted and made in between. Whatever
 * happens, a thing that was there all the time is given once, and none is given twice.
 */
#include "source-bubble/keyset.h"
#include "unit.h"

#include <stdlib.h>

#define MOST 3000U
#define UNDER_WAY 4U

struct thing {
    int64_t made;
    unsigned number, order;
    int is_deleted, given, was_there;
};

struct server {
    struct thing things[MOST];
    unsigned n, short_pages, deletes, creates; /* percent of the requests */
    unsigned long random;
};

struct answer {
    struct keyset_request want;
    struct thing *things[128];
    size_t n;
    int64_t remaining;
};

static unsigned draw(struct server *s, unsigned below)
{
    s->random = s->random * 6364136223846793005UL + 1442695040888963407UL;
    return (unsigned)(s->random >> 33) % below;
}

static void fill(struct server *s, unsigned n, unsigned most_tied)
{
    int64_t made = 1000;
    for (s->n = 0; s->n < n;) {
        unsigned tied = 1 + (draw(s, 4) == 0 ? draw(s, most_tied) : 0);
        for (; tied > 0 && s->n < n; tied--, s->n++)
            s->things[s->n] = (struct thing){.made = made, .number = s->n, .was_there = 1};
        made += 1 + draw(s, 3);
    }
}

static int by_order(const void *a, const void *b)
{
    const struct thing *x = *(struct thing *const *)a, *y = *(struct thing *const *)b;
    if (x->made != y->made)
        return x->made < y->made ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static void change(struct server *s)
{
    if (draw(s, 100) < s->deletes)
        s->things[draw(s, s->n)].is_deleted = 1;
    if (draw(s, 100) < s->creates && s->n < MOST) {
        s->things[s->n] =
            (struct thing){.made = s->things[s->n - 1].made + draw(s, 2), .number = s->n};
        s->n++;
    }
}

static void reply(struct server *s, struct answer *a)
{
    static struct thing *found[MOST];
    size_t n = 0;
    for (unsigned i = 0; i < s->n; i++) {
        struct thing *t = &s->things[i];
        t->order = draw(s, 1000000);
        if (!t->is_deleted && t->made > a->want.above &&
            (a->want.below == MOMENT_NONE || t->made < a->want.below))
            found[n++] = t;
    }
    qsort(found, n, sizeof *found, by_order);
    size_t limit = a->want.limit;
    if (limit > 1 && draw(s, 100) < s->short_pages)
        limit = 1 + draw(s, (unsigned)limit - 1);
    a->n = 0;
    for (size_t i = a->want.cursor; i < n && a->n < limit; i++)
        a->things[a->n++] = found[i];
    a->remaining = n > a->want.cursor + a->n ? (int64_t)(n - a->want.cursor - a->n) : 0;
}

static enum keyset_verdict use(struct keyset *k, const struct answer *a)
{
    size_t fresh = 0;
    enum keyset_verdict v =
        keyset_look(k, &a->want, a->n, a->n ? a->things[0]->made : MOMENT_NONE, a->remaining);
    if (v != KEYSET_TAKE)
        return v;
    for (size_t i = 0; i < a->n; i++) {
        char id[16];
        int len = snprintf(id, sizeof id, "%u", a->things[i]->number);
        if (keyset_offer(k, a->things[i]->made, id, (size_t)len) == 1) {
            a->things[i]->given++;
            fresh++;
        }
    }
    return keyset_end(k, &a->want, a->n, fresh, a->remaining);
}

/* Reads all of it, with several pages under way; how many were asked for. */
static unsigned read_all(struct server *s, struct keyset *k, uint32_t limit)
{
    static struct answer queue[UNDER_WAY];
    unsigned n = 0, asked = 0;
    keyset_begin(k);
    for (;;) {
        struct keyset_request want;
        while (n < UNDER_WAY && keyset_plan(k, limit, n, &want)) {
            queue[n].want = want;
            reply(s, &queue[n++]);
            change(s);
            asked++;
        }
        if (!n || asked > 20 * MOST)
            return 0;
        struct answer first = queue[0];
        enum keyset_verdict v = use(k, &first);
        memmove(queue, queue + 1, --n * sizeof *queue);
        if (v == KEYSET_FINISHED)
            return asked;
        if (v == KEYSET_STUCK || v == KEYSET_TIED || v == KEYSET_HOLE)
            return 0;
        if (v == KEYSET_ANEW) {
            n = 0;
            keyset_replan(k);
        }
    }
}

static void check(const struct server *s)
{
    unsigned lost = 0, twice = 0;
    for (unsigned i = 0; i < s->n; i++) {
        const struct thing *t = &s->things[i];
        lost += t->was_there && !t->is_deleted && !t->given;
        twice += t->given > 1;
    }
    CU_ASSERT_EQUAL(lost, 0);
    CU_ASSERT_EQUAL(twice, 0);
}

static struct server server;
static struct keyset keyset;

static void all_once_from_a_list_that_stands_still(void)
{
    for (unsigned seed = 1; seed < 60; seed++) {
        server = (struct server){.random = seed};
        fill(&server, 1 + draw(&server, 700), 1 + seed % 40);
        unsigned asked = read_all(&server, &keyset, 1 + seed % 100);
        CU_ASSERT(asked > 0);
        CU_ASSERT_EQUAL(keyset_given(&keyset), server.n);
        check(&server);
    }
}

static void all_once_while_things_come_and_go(void)
{
    for (unsigned seed = 1; seed < 600; seed++) {
        server = (struct server){.random = seed,
                                 .deletes = seed % 90,
                                 .creates = seed % 3 * 20,
                                 .short_pages = seed % 5 * 8};
        fill(&server, 500 + draw(&server, 500), 1 + seed % 60);
        CU_ASSERT(read_all(&server, &keyset, 10 + seed % 90) > 0);
        check(&server);
    }
}

static void pages_under_way_cost_next_to_nothing(void)
{
    server = (struct server){.random = 7};
    fill(&server, 2500, 1);
    unsigned asked = read_all(&server, &keyset, 100);
    CU_ASSERT(asked >= 25 && asked <= 28);
    check(&server);
}

static void empty_pages_are_told_from_the_end(void)
{
    struct keyset_request want;
    keyset_begin(&keyset);
    CU_ASSERT_EQUAL(keyset_plan(&keyset, 100, 0, &want), 1);
    CU_ASSERT_EQUAL(want.above, MOMENT_NONE);
    CU_ASSERT_EQUAL(keyset_look(&keyset, &want, 0, MOMENT_NONE, 40), KEYSET_HOLE);
    CU_ASSERT_EQUAL(keyset_look(&keyset, &want, 0, MOMENT_NONE, 0), KEYSET_TAKE);
    CU_ASSERT_EQUAL(keyset_end(&keyset, &want, 0, 0, 0), KEYSET_FINISHED);
}

static void same_page_again_and_again_is_noticed(void)
{
    struct keyset_request want;
    enum keyset_verdict v = KEYSET_TAKE;
    unsigned pages = 0;
    keyset_begin(&keyset);
    for (; v == KEYSET_TAKE && pages < 100; pages++) {
        CU_ASSERT_EQUAL(keyset_plan(&keyset, 100, 0, &want), 1);
        size_t fresh = (size_t)keyset_offer(&keyset, 5, "a", 1);
        fresh += (size_t)keyset_offer(&keyset, 6, "b", 1);
        v = keyset_end(&keyset, &want, 2, fresh, 10);
    }
    CU_ASSERT_EQUAL(v, KEYSET_STUCK);
    CU_ASSERT(pages < 10);
}

static void without_a_total_it_ends_with_nothing_new(void)
{
    struct keyset_request want;
    keyset_begin(&keyset);
    CU_ASSERT_EQUAL(keyset_plan(&keyset, 2, 0, &want), 1);
    CU_ASSERT_EQUAL(keyset_offer(&keyset, 5, "a", 1), 1);
    CU_ASSERT_EQUAL(keyset_end(&keyset, &want, 1, 1, KEYSET_UNKNOWN), KEYSET_TAKE);
    CU_ASSERT_EQUAL(keyset_plan(&keyset, 2, 1, &want), 0);
    CU_ASSERT_EQUAL(keyset_plan(&keyset, 2, 0, &want), 1);
    CU_ASSERT_EQUAL(keyset_offer(&keyset, 5, "a", 1), 0);
    CU_ASSERT_EQUAL(keyset_end(&keyset, &want, 1, 0, KEYSET_UNKNOWN), KEYSET_FINISHED);
}

static const struct unit_case cases[] = {
    {"all_once_from_a_list_that_stands_still", all_once_from_a_list_that_stands_still},
    {"all_once_while_things_come_and_go", all_once_while_things_come_and_go},
    {"pages_under_way_cost_next_to_nothing", pages_under_way_cost_next_to_nothing},
    {"empty_pages_are_told_from_the_end", empty_pages_are_told_from_the_end},
    {"same_page_again_and_again_is_noticed", same_page_again_and_again_is_noticed},
    {"without_a_total_it_ends_with_nothing_new", without_a_total_it_ends_with_nothing_new},
};

int main(int argc, char **argv)
{
    int status = UNIT_MAIN("bubble_keyset", cases, argc, argv);
    keyset_free(&keyset);
    return status;
}

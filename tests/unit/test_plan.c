/* test_plan.c - order and faults of plans; random graphs against what an order must be. */
#include "plan.h"

#include <stdint.h>
#include <stdlib.h>

#include "unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A plan with its faults, freed at once. */
struct solved {
    struct arena *mem;
    struct plan_result result;
    struct faults faults;
    int status;
};

static struct solved solve(const struct plan_node *nodes, size_t n, const char *const *also,
                           size_t n_also)
{
    struct solved s = {.mem = arena_new()};
    s.status = plan_resolve(nodes, n, also, n_also, s.mem, &s.result, &s.faults);
    return s;
}

static void done(struct solved *s)
{
    faults_clear(&s->faults);
    arena_free(s->mem);
}

/* The features in order, as one text: "a b c". */
static const char *order_text(const struct plan_node *nodes, const struct solved *s)
{
    const char *text = "";
    for (size_t i = 0; i < s->result.n; i++)
        text =
            arena_printf(s->mem, "%s%s%s", text, i ? " " : "", nodes[s->result.order[i]].feature);
    return text;
}

static void check_fault(const struct solved *s, size_t i, const char *what, const char *why,
                        const char *fix)
{
    CU_ASSERT_FATAL(i < s->faults.n);
    CU_ASSERT_EQUAL(s->faults.items[i].code, STATUS_PLUGIN);
    CU_ASSERT_STRING_EQUAL(s->faults.items[i].what, what);
    CU_ASSERT_STRING_EQUAL(s->faults.items[i].why, why);
    CU_ASSERT_STRING_EQUAL(s->faults.items[i].fix, fix);
}

static void nothing_gives_nothing(void)
{
    struct solved s = solve(NULL, 0, NULL, 0);
    CU_ASSERT_EQUAL(s.status, STATUS_OK);
    CU_ASSERT_EQUAL(s.result.n, 0);
    done(&s);
}

static void list_order_stays_where_needs_allow_it(void)
{
    static const struct plan_need d_needs[] = {{"s:z", 1, "project"}};
    static const struct plan_need a_needs[] = {{"s:z", 1, "project"}, {"s:m", 1, "project"}};
    const struct plan_node nodes[] = {
        {"s:d", 1, d_needs, 1}, {"s:b", 1, NULL, 0},   {"s:a", 1, a_needs, 2},
        {"s:m", 1, NULL, 0},    {"s:off", 0, NULL, 0}, {"s:z", 1, NULL, 0},
    };
    struct solved s = solve(nodes, COUNT(nodes), NULL, 0);
    CU_ASSERT_EQUAL(s.status, STATUS_OK);
    CU_ASSERT_STRING_EQUAL(order_text(nodes, &s), "s:b s:m s:z s:d s:a");
    CU_ASSERT_EQUAL(s.result.n_dropped, 0);
    done(&s);
}

static void needs_on_oneself_are_ignored(void)
{
    static const struct plan_need needs[] = {{"s:a", 1, "foreign key to itself"}};
    const struct plan_node nodes[] = {{"s:a", 1, needs, 1}};
    struct solved s = solve(nodes, 1, NULL, 0);
    CU_ASSERT_EQUAL(s.status, STATUS_OK);
    CU_ASSERT_EQUAL(s.result.n, 1);
    done(&s);
}

static void also_meets_needs_sorted_or_not(void)
{
    static const char *const also[] = {"transform:lower", "transform:email"};
    static const struct plan_need needs[] = {{"transform:email", 1, "project"},
                                             {"transform:lower", 1, "project"}};
    const struct plan_node nodes[] = {{"s:a", 1, needs, 2}};
    struct solved s = solve(nodes, 1, also, 2);
    CU_ASSERT_EQUAL(s.status, STATUS_OK);
    CU_ASSERT_EQUAL(s.result.n, 1);
    done(&s);
}

static void all_faults_come_at_once(void)
{
    static const char *const also[] = {"transform:text.trim"};
    static const struct plan_need needs[] = {
        {"stage:clases", 1, "project"}, {"stage:rooms", 1, "plugin org.x"},
        {"stage:rooms", 0, "project"},  {"transform:email", 1, "project"},
        {"secret:key", 1, "project"},   {"stage:nobody", 0, "project"}};
    const struct plan_node nodes[] = {{"stage:plans", 1, needs, COUNT(needs)},
                                      {"stage:classes", 1, NULL, 0},
                                      {"stage:rooms", 0, NULL, 0},
                                      {"stage:classes", 1, NULL, 0},
                                      {"stage:classes", 0, NULL, 0}};
    struct solved s = solve(nodes, COUNT(nodes), also, 1);
    CU_ASSERT_EQUAL(s.status, STATUS_PLUGIN);
    CU_ASSERT_EQUAL(s.result.n, 0);
    CU_ASSERT_EQUAL_FATAL(s.faults.n, 5);
    check_fault(&s, 0, "stage:classes is there twice",
                "who needs it could not say which of the two is meant",
                "rename or remove one of them");
    check_fault(&s, 1, "stage:plans needs stage:clases, which nobody provides",
                "the need comes from: project", "did you mean stage:classes?");
    check_fault(&s, 2, "stage:plans needs stage:rooms, which is disabled",
                "the need comes from: plugin org.x",
                "enable stage:rooms, add --with-dependencies, or leave out stage:plans too");
    check_fault(&s, 3, "stage:plans needs transform:email, which nobody provides",
                "the need comes from: project",
                "there are: text.trim; correct the name or remove the need");
    check_fault(&s, 4, "stage:plans needs secret:key, which nobody provides",
                "the need comes from: project",
                "nothing of this kind is there; correct the name or remove the need");
    done(&s);
}

static void disabled_nodes_need_nothing(void)
{
    static const struct plan_need needs[] = {{"s:nobody", 1, "project"}};
    const struct plan_node nodes[] = {{"s:off", 0, needs, 1}, {"s:a", 1, NULL, 0}};
    struct solved s = solve(nodes, 2, NULL, 0);
    CU_ASSERT_EQUAL(s.status, STATUS_OK);
    CU_ASSERT_STRING_EQUAL(order_text(nodes, &s), "s:a");
    done(&s);
}

static void cycle_is_reported_as_a_path(void)
{
    static const struct plan_need a[] = {{"s:b", 1, "project"}};
    static const struct plan_need b[] = {{"s:c", 1, "foreign key b_c"}};
    static const struct plan_need c[] = {{"s:a", 1, "plugin org.x"}, {"s:free", 1, "project"}};
    const struct plan_node nodes[] = {
        {"s:free", 1, NULL, 0}, {"s:a", 1, a, 1}, {"s:b", 1, b, 1}, {"s:c", 1, c, 2}};
    struct solved s = solve(nodes, 4, NULL, 0);
    CU_ASSERT_EQUAL(s.status, STATUS_PLUGIN);
    CU_ASSERT_EQUAL_FATAL(s.faults.n, 1);
    check_fault(&s, 0, "cycle of needs: s:a -> s:b -> s:c -> s:a",
                "s:a needs s:b (project); s:b needs s:c (foreign key b_c); s:c needs s:a (plugin "
                "org.x)",
                "take out one of these needs, make it order-only (\"after:\"), or disable one of "
                "them");
    done(&s);
}

static void each_cycle_is_reported_once(void)
{
    /* Two cycles share the edge a -> b; a third is apart. */
    static const struct plan_need a[] = {{"s:b", 1, "p"}};
    static const struct plan_need b[] = {{"s:a", 1, "p"}, {"s:c", 1, "p"}};
    static const struct plan_need c[] = {{"s:a", 1, "p"}};
    static const struct plan_need x[] = {{"s:y", 1, "p"}};
    static const struct plan_need y[] = {{"s:x", 1, "p"}};
    const struct plan_node nodes[] = {
        {"s:a", 1, a, 1}, {"s:b", 1, b, 2}, {"s:c", 1, c, 1}, {"s:x", 1, x, 1}, {"s:y", 1, y, 1}};
    struct solved s = solve(nodes, 5, NULL, 0);
    CU_ASSERT_EQUAL_FATAL(s.faults.n, 3);
    CU_ASSERT_STRING_EQUAL(s.faults.items[0].what, "cycle of needs: s:a -> s:b -> s:a");
    CU_ASSERT_STRING_EQUAL(s.faults.items[1].what, "cycle of needs: s:a -> s:b -> s:c -> s:a");
    CU_ASSERT_STRING_EQUAL(s.faults.items[2].what, "cycle of needs: s:x -> s:y -> s:x");
    done(&s);
}

static void long_cycle_is_shortened_in_its_middle(void)
{
    enum { N = 40 };
    struct plan_node nodes[N];
    struct plan_need needs[N];
    char names[N][8];
    for (int i = 0; i < N; i++) {
        snprintf(names[i], sizeof names[i], "s:%d", i);
        needs[i] = (struct plan_need){names[i == N - 1 ? 0 : i + 1], 1, "p"};
        nodes[i] = (struct plan_node){names[i], 1, &needs[i], 1};
    }
    for (int i = 0; i < N; i++)
        needs[i].feature = names[(i + 1) % N];
    struct solved s = solve(nodes, N, NULL, 0);
    CU_ASSERT_EQUAL_FATAL(s.faults.n, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(s.faults.items[0].what, "s:0 -> s:1 -> s:2"));
    CU_ASSERT_PTR_NOT_NULL(strstr(s.faults.items[0].what, "s:15 -> ... (24 more) -> s:0"));
    done(&s);
}

static void order_only_needs_give_way(void)
{
    static const struct plan_need a[] = {{"s:b", 0, "project"}};
    static const struct plan_need b[] = {{"s:a", 1, "foreign key"}};
    static const struct plan_need c[] = {{"s:d", 0, "project"}};
    const struct plan_node nodes[] = {
        {"s:b", 1, b, 1}, {"s:a", 1, a, 1}, {"s:c", 1, c, 1}, {"s:d", 1, NULL, 0}};
    struct solved s = solve(nodes, 4, NULL, 0);
    CU_ASSERT_EQUAL(s.status, STATUS_OK);
    CU_ASSERT_STRING_EQUAL(order_text(nodes, &s), "s:a s:b s:d s:c");
    CU_ASSERT_EQUAL_FATAL(s.result.n_dropped, 1);
    CU_ASSERT_STRING_EQUAL(s.result.dropped[0], "s:a after s:b (project)");
    done(&s);
}

/* ---- random graphs -------------------------------------------------------------------- */

#define MAX_NODES 30

struct random_plan {
    size_t n;
    char names[MAX_NODES][8];
    struct plan_node nodes[MAX_NODES];
    struct plan_need needs[MAX_NODES][MAX_NODES];
};

static uint32_t seed;

static uint32_t random_below(uint32_t n)
{
    seed = seed * 1664525U + 1013904223U;
    return (seed >> 8) % n;
}

/* Without `cycles` every need points to a node of smaller rank in a hidden order. */
static void make_random(struct random_plan *p, int cycles)
{
    size_t rank[MAX_NODES];
    p->n = 1 + random_below(MAX_NODES);
    for (size_t i = 0; i < p->n; i++) {
        size_t j = random_below((uint32_t)i + 1);
        rank[i] = rank[j];
        rank[j] = i;
        snprintf(p->names[i], sizeof p->names[i], "s:%zu", i);
    }
    for (size_t i = 0; i < p->n; i++) {
        size_t n_needs = 0;
        for (size_t j = 0; j < p->n; j++)
            if (random_below(6) == 0 && (cycles || rank[j] < rank[i]))
                p->needs[i][n_needs++] =
                    (struct plan_need){p->names[j], random_below(3) != 0, "random"};
        p->nodes[i] = (struct plan_node){p->names[i], 1, p->needs[i], n_needs};
    }
}

static size_t index_of(const char *feature)
{
    return strtoul(feature + 2, NULL, 10);
}

/* Does node i have an unplaced need? `dropped` needs count only where hard. */
static int ready(const struct random_plan *p, size_t i, const char *placed, int hard_only)
{
    for (size_t k = 0; k < p->nodes[i].n_needs; k++) {
        const struct plan_need *need = &p->nodes[i].needs[k];
        if (index_of(need->feature) != i && !placed[index_of(need->feature)] &&
            (need->hard || !hard_only))
            return 0;
    }
    return 1;
}

/* The order holds each node once, behind its needs, and no earlier node was ready then. */
static int order_is_right(const struct random_plan *p, const struct plan_result *result)
{
    char placed[MAX_NODES] = {0};
    int hard_only = result->n_dropped > 0;
    if (result->n != p->n)
        return 0;
    for (size_t k = 0; k < p->n; k++) {
        size_t node = result->order[k];
        if (placed[node] || !ready(p, node, placed, hard_only))
            return 0;
        for (size_t earlier = 0; earlier < node; earlier++)
            if (!placed[earlier] && ready(p, earlier, placed, 0))
                return 0;
        placed[node] = 1;
    }
    return 1;
}

static void random_graphs_without_cycles_are_ordered(void)
{
    static struct random_plan p;
    size_t wrong = 0;
    for (seed = 1; seed < 2000;) {
        uint32_t next = seed + 1;
        make_random(&p, 0);
        struct solved s = solve(p.nodes, p.n, NULL, 0);
        wrong += s.status != STATUS_OK || s.result.n_dropped != 0 || !order_is_right(&p, &s.result);
        done(&s);
        seed = next;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

/* Is there a cycle of hard needs? By taking away nodes that are ready, until none is. */
static int has_hard_cycle(const struct random_plan *p)
{
    char placed[MAX_NODES] = {0};
    size_t n = 0;
    for (int again = 1; again;) {
        again = 0;
        for (size_t i = 0; i < p->n; i++) {
            if (placed[i] || !ready(p, i, placed, 1))
                continue;
            placed[i] = 1;
            again = 1;
            n++;
        }
    }
    return n < p->n;
}

static void random_graphs_fail_only_by_hard_cycles(void)
{
    static struct random_plan p;
    size_t wrong = 0, cyclic = 0, softened = 0;
    for (seed = 1; seed < 2000;) {
        uint32_t next = seed + 1;
        make_random(&p, 1);
        struct solved s = solve(p.nodes, p.n, NULL, 0);
        int cycle = has_hard_cycle(&p);
        cyclic += cycle != 0;
        softened += s.result.n_dropped > 0;
        wrong += cycle ? s.status != STATUS_PLUGIN || s.faults.n == 0
                       : s.status != STATUS_OK || !order_is_right(&p, &s.result);
        done(&s);
        seed = next;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    /* Both ways were gone. */
    CU_ASSERT(cyclic > 100);
    CU_ASSERT(softened > 20);
}

static const struct unit_case cases[] = {
    {"nothing_gives_nothing", nothing_gives_nothing},
    {"list_order_stays_where_needs_allow_it", list_order_stays_where_needs_allow_it},
    {"needs_on_oneself_are_ignored", needs_on_oneself_are_ignored},
    {"also_meets_needs_sorted_or_not", also_meets_needs_sorted_or_not},
    {"all_faults_come_at_once", all_faults_come_at_once},
    {"disabled_nodes_need_nothing", disabled_nodes_need_nothing},
    {"cycle_is_reported_as_a_path", cycle_is_reported_as_a_path},
    {"each_cycle_is_reported_once", each_cycle_is_reported_once},
    {"long_cycle_is_shortened_in_its_middle", long_cycle_is_shortened_in_its_middle},
    {"order_only_needs_give_way", order_only_needs_give_way},
    {"random_graphs_without_cycles_are_ordered", random_graphs_without_cycles_are_ordered},
    {"random_graphs_fail_only_by_hard_cycles", random_graphs_fail_only_by_hard_cycles},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("plan", cases, argc, argv);
}

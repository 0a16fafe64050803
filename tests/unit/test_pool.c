/* test_pool.c - every task is done once, by any number of threads; at the end none is begun. */
#include "pool.h"

#include <unistd.h>

#include "unit.h"

#define TASKS 500

struct counted {
    struct pool_task task;
    atomic_int times;
};

static struct counted list[TASKS];
static atomic_int threads_seen;

static void count(void *ctx, size_t thread, struct pool_task *task)
{
    (void)ctx;
    atomic_fetch_or(&threads_seen, 1 << thread);
    atomic_fetch_add(&((struct counted *)task)->times, 1);
}

static void all_are_done_once(void)
{
    for (size_t n = 1; n <= 4; n += 3) {
        struct error err = {0};
        atomic_size_t left = TASKS;
        struct pool *p = pool_start(n, count, NULL, &err);
        CU_ASSERT_PTR_NOT_NULL_FATAL(p);
        CU_ASSERT_EQUAL(pool_threads(p), n);
        atomic_store(&threads_seen, 0);
        for (size_t i = 0; i < TASKS; i++) {
            atomic_store(&list[i].times, 0);
            list[i].task.left = &left;
            pool_add(p, &list[i].task);
        }
        for (int i = 0; atomic_load(&left) && i < 5000; i++)
            usleep(1000);
        CU_ASSERT_EQUAL(atomic_load(&left), 0);
        CU_ASSERT_EQUAL(pool_done(p), TASKS);
        pool_seen(p);
        pool_end(p);
        for (size_t i = 0; i < TASKS; i++)
            CU_ASSERT_EQUAL(atomic_load(&list[i].times), 1);
        CU_ASSERT(atomic_load(&threads_seen) < 1 << n);
    }
}

static void doze(void *ctx, size_t thread, struct pool_task *task)
{
    usleep(20000);
    count(ctx, thread, task);
}

static void end_drops_what_was_not_begun(void)
{
    struct error err = {0};
    atomic_size_t left = TASKS;
    struct pool *p = pool_start(2, doze, NULL, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    for (size_t i = 0; i < TASKS; i++) {
        list[i].task.left = &left;
        pool_add(p, &list[i].task);
    }
    pool_end(p);
    CU_ASSERT(atomic_load(&left) >= TASKS - 10);
}

static const struct unit_case cases[] = {
    {"all_are_done_once", all_are_done_once},
    {"end_drops_what_was_not_begun", end_drops_what_was_not_begun},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("pool", cases, argc, argv);
}

/* test_backoff.c - pauses grow to a limit and stay there. */
#include "backoff.h"
#include "unit.h"

static void pauses_grow_to_a_limit(void)
{
    static const long expected[] = {100, 200, 400, 800, 1600, 3200, 6400, 6400, 6400};
    for (int64_t n = 0; n < (int64_t)(sizeof expected / sizeof *expected); n++)
        CU_ASSERT_EQUAL(backoff_ms(n), expected[n]);
    CU_ASSERT_EQUAL(backoff_ms(INT64_MAX), BACKOFF_MOST);
}

static const struct unit_case cases[] = {{"pauses_grow_to_a_limit", pauses_grow_to_a_limit}};

int main(int argc, char **argv)
{
    return UNIT_MAIN("backoff", cases, argc, argv);
}

/* unit.h - the main function of a CUnit program.
 *
 *     static const struct unit_case cases[] = {{"cycle_fails", cycle_fails}, ...};
 *     int main(int argc, char **argv)
 *     {
 *         return UNIT_MAIN("plan", cases, argc, argv);
 *     }
 *
 * Without an argument all cases run, with one only the case of that name; a name that is not
 * there ends with 2. CUnit reports success even when cases fail, so the result is made from
 * its counters. */
#ifndef MIGHOST_TESTS_UNIT_H
#define MIGHOST_TESTS_UNIT_H

#include <CUnit/Basic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct unit_case {
    const char *name;
    void (*run)(void);
};

static int unit_add(const char *suite_name, const struct unit_case *cases, size_t n,
                    const char *only)
{
    CU_pSuite suite = CU_add_suite(suite_name, NULL, NULL);
    if (!suite)
        return 1;
    size_t added = 0;
    for (size_t i = 0; i < n; i++) {
        if (only && strcmp(only, cases[i].name) != 0)
            continue;
        if (!CU_add_test(suite, cases[i].name, cases[i].run))
            return 1;
        added++;
    }
    if (added > 0)
        return 0;
    printf("no case named %s; there are:\n", only ? only : "anything");
    for (size_t i = 0; i < n; i++)
        printf("    %s\n", cases[i].name);
    return 2;
}

static int unit_main(const char *suite_name, const struct unit_case *cases, size_t n, int argc,
                     char **argv)
{
    if (argc > 2) {
        printf("usage: %s [case]\n", argv[0]);
        return 2;
    }
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    int status = unit_add(suite_name, cases, n, argc == 2 ? argv[1] : NULL);
    if (status == 0) {
        CU_basic_set_mode(CU_BRM_VERBOSE);
        if (CU_basic_run_tests() != CUE_SUCCESS || CU_get_number_of_failures() != 0)
            status = 1;
    }
    CU_cleanup_registry();
    return status;
}

#define UNIT_MAIN(suite_name, cases, argc, argv)                                                   \
    unit_main(suite_name, cases, sizeof(cases) / sizeof((cases)[0]), argc, argv)

#endif

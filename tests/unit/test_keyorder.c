/* test_keyorder.c - what counts as ascending, and what range is kept of it. */
#include <string.h>

#include "keyorder.h"
#include "unit.h"

static void has_range(const char *const *keys, const char *range)
{
    struct keyorder o = {0};
    char text[64];
    for (size_t i = 0; keys[i]; i++)
        keyorder_key(&o, keys[i], strlen(keys[i]));
    keyorder_sql(&o, text);
    CU_ASSERT_STRING_EQUAL(text, range);
}

static void ascending_numbers_have_a_range(void)
{
    has_range((const char *[]){NULL}, "'empty'");
    has_range((const char *[]){"0", NULL}, "'[0,0]'");
    has_range((const char *[]){"3", "4", "10", NULL}, "'[3,10]'");
    has_range((const char *[]){"999999999999999999", NULL},
              "'[999999999999999999,999999999999999999]'");
}

static void anything_else_has_none(void)
{
    static const char *const second[] = {"4",
                                         "3",
                                         "05",
                                         "+5",
                                         "5.0",
                                         " 5",
                                         "5 ",
                                         "5a",
                                         "-5",
                                         "0x10",
                                         "",
                                         "a",
                                         "1000000000000000000"};
    for (size_t i = 0; i < sizeof second / sizeof *second; i++)
        has_range((const char *[]){"4", second[i], NULL}, "NULL");
    has_range((const char *[]){"4", "3", "5", NULL}, "NULL");
}

static void each_record_has_one_row_with_its_own_key(void)
{
    struct keyorder o = {0};
    keyorder_row(&o, 1, 1);
    keyorder_row(&o, 2, 1);
    CU_ASSERT_FALSE(o.broken);
    keyorder_row(&o, 2, 1);
    CU_ASSERT_TRUE(o.broken);
    struct keyorder other = {0};
    keyorder_row(&other, 1, 0);
    CU_ASSERT_TRUE(other.broken);
}

static const struct unit_case cases[] = {
    {"ascending_numbers_have_a_range", ascending_numbers_have_a_range},
    {"anything_else_has_none", anything_else_has_none},
    {"each_record_has_one_row_with_its_own_key", each_record_has_one_row_with_its_own_key},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("keyorder", cases, argc, argv);
}

/* test_keyset.c - what was added is found, nothing else is, whatever the bytes and the number. */
#include <stdio.h>
#include <string.h>

#include "keyset.h"
#include "unit.h"

static void empty_set_has_nothing(void)
{
    struct keyset *k = keyset_new();
    CU_ASSERT_EQUAL(keyset_size(k), 0);
    CU_ASSERT_FALSE(keyset_has(k, "", 0));
    CU_ASSERT_FALSE(keyset_has(k, "a", 1));
    keyset_free(k);
    keyset_free(NULL);
}

static void any_bytes_are_told_apart(void)
{
    static const struct {
        const char *text;
        size_t n;
    } keys[] = {{"", 0},
                {"a", 1},
                {"a\0", 2},
                {"a\0b", 3},
                {"a\x1f", 2},
                {"a\x1f"
                 "b",
                 3},
                {"\xff\xfe", 2},
                {"A", 1}};
    struct keyset *k = keyset_new();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        CU_ASSERT_FALSE(keyset_has(k, keys[i].text, keys[i].n));
        keyset_add(k, keys[i].text, keys[i].n);
        CU_ASSERT_TRUE(keyset_has(k, keys[i].text, keys[i].n));
        CU_ASSERT_EQUAL(keyset_size(k), i + 1);
    }
    CU_ASSERT_FALSE(keyset_has(k, "a\0c", 3));
    keyset_free(k);
}

static void a_key_counts_once(void)
{
    struct keyset *k = keyset_new();
    for (int i = 0; i < 100; i++)
        keyset_add(k, "again", 5);
    CU_ASSERT_EQUAL(keyset_size(k), 1);
    keyset_free(k);
}

static void what_was_added_is_a_copy(void)
{
    char text[] = "first";
    struct keyset *k = keyset_new();
    keyset_add(k, text, 5);
    memcpy(text, "other", 5);
    CU_ASSERT_TRUE(keyset_has(k, "first", 5));
    CU_ASSERT_FALSE(keyset_has(k, "other", 5));
    keyset_free(k);
}

static void many_keys_are_found_while_it_grows(void)
{
    char text[32];
    struct keyset *k = keyset_new();
    int wrong = 0;
    for (int i = 0; i < 100000; i++) {
        int n = snprintf(text, sizeof text, "key-%d", 2 * i);
        keyset_add(k, text, (size_t)n);
        n = snprintf(text, sizeof text, "key-%d", 2 * (i / 2));
        wrong += !keyset_has(k, text, (size_t)n);
    }
    for (int i = 0; i < 200000; i++) {
        int n = snprintf(text, sizeof text, "key-%d", i);
        wrong += keyset_has(k, text, (size_t)n) != (i % 2 == 0);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(keyset_size(k), 100000);
    keyset_free(k);
}

static const struct unit_case cases[] = {
    {"empty_set_has_nothing", empty_set_has_nothing},
    {"any_bytes_are_told_apart", any_bytes_are_told_apart},
    {"a_key_counts_once", a_key_counts_once},
    {"what_was_added_is_a_copy", what_was_added_is_a_copy},
    {"many_keys_are_found_while_it_grows", many_keys_are_found_while_it_grows},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("keyset", cases, argc, argv);
}

/* test_token.c - keys that are not known yet are told from all other values, and found in them. */
#include "token.h"

#include <string.h>

#include "unit.h"

static char mark[TOKEN_MARK_SIZE];

static mig_value_t text(const char *s, uint32_t kind)
{
    return (mig_value_t){s, (uint32_t)strlen(s), kind};
}

static void holds_stage_and_key(void)
{
    struct arena *mem = arena_new();
    mig_value_t key = text("a:b\x1f"
                           "c",
                           MIG_TEXT),
                empty = {NULL, 0, MIG_TEXT};
    mig_value_t v = token_make(mem, mark, "people", &key);
    mig_str_t is = token_text(&v);
    CU_ASSERT_EQUAL(v.kind, MIG_KEY);
    CU_ASSERT(is.len == 12 && memcmp(is.data,
                                     "people:a:b\x1f"
                                     "c",
                                     12) == 0);
    CU_ASSERT(token_is_of(&v, "people"));
    CU_ASSERT_FALSE(token_is_of(&v, "peopl"));
    CU_ASSERT_FALSE(token_is_of(&v, "people-of-another-stage"));
    v = token_make(mem, mark, "p", &empty);
    CU_ASSERT(token_text(&v).len == 2);
    CU_ASSERT(token_is_of(&v, "p"));
    arena_free(mem);
}

static void is_found_inside(void)
{
    struct arena *mem = arena_new();
    char json[200], other[TOKEN_MARK_SIZE];
    mig_value_t key = text("7", MIG_NUMBER);
    mig_value_t v = token_make(mem, mark, "people", &key);
    CU_ASSERT(token_inside(&v, mark));
    snprintf(json, sizeof json, "{\"owner\":\"%.*s\"}", (int)v.len, v.data);
    mig_value_t in = text(json, MIG_JSON), none = {NULL, 0, MIG_NULL};
    CU_ASSERT(token_inside(&in, mark));
    in.len -= 50; /* the mark is cut */
    CU_ASSERT_FALSE(token_inside(&in, mark));
    CU_ASSERT_FALSE(token_inside(&none, mark));
    token_mark(other);
    CU_ASSERT_STRING_NOT_EQUAL(other, mark);
    CU_ASSERT_EQUAL(strlen(other), TOKEN_MARK_SIZE - 1);
    CU_ASSERT_FALSE(token_inside(&v, other));
    arena_free(mem);
}

static const struct unit_case cases[] = {
    {"holds_stage_and_key", holds_stage_and_key},
    {"is_found_inside", is_found_inside},
};

int main(int argc, char **argv)
{
    token_mark(mark);
    return UNIT_MAIN("token", cases, argc, argv);
}

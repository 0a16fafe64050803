/*
 * test_jsonscan.c - the structural scanner and the JSON strings of plugins/common.
 *
 * The scanner is compared with itself on every way to cut a text in two: a stream must give
 * what the whole text gives.
 */
#include "common/jsonscan.h"
#include "common/jsontext.h"
#include "unit.h"

#include <jansson.h>
#include <stdlib.h>

/* Texts that are followed by a comma, which ends the value. */
static const char *const values[] = {
    "{\"a\": [1, {\"b\": \"x,]}\"}], \"c\": \"\\\"\"}",
    "[[[]], {}, \"\\\\\", \"\\\\\\\"\", \"{\"]",
    "\"text with \\u0022 and \\\\\"",
    "-12.50e+3",
    "  {\"\": null } garbage ",
};

static void value_ends_at_the_comma_wherever_it_is_cut(void)
{
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char text[128];
        size_t n = strlen(values[i]);
        snprintf(text, sizeof text, "%s,1", values[i]);
        for (size_t cut = 0; cut <= n; cut++) {
            struct jsonscan s;
            size_t used, more;
            jsonscan_begin(&s);
            CU_ASSERT_EQUAL(jsonscan_feed(&s, text, cut, &used), JSONSCAN_MORE);
            CU_ASSERT_EQUAL(used, cut);
            CU_ASSERT_EQUAL(jsonscan_feed(&s, text + cut, n + 2 - cut, &more), JSONSCAN_END);
            CU_ASSERT_EQUAL(cut + more, n);
            CU_ASSERT(jsonscan_closed(&s));
        }
    }
}

static void wrong_bracket_is_broken(void)
{
    struct jsonscan s;
    size_t used;
    jsonscan_begin(&s);
    CU_ASSERT_EQUAL(jsonscan_feed(&s, "{\"a\": [1}", 9, &used), JSONSCAN_BROKEN);
    CU_ASSERT_EQUAL(used, 8);
}

static void depth_over_the_limit_is_counted(void)
{
    size_t n = 3 * JSONSCAN_DEPTH, used;
    char *text = malloc(2 * n + 1);
    struct jsonscan s;
    memset(text, '[', n);
    memset(text + n, ']', n);
    text[2 * n] = ']';
    jsonscan_begin(&s);
    CU_ASSERT_EQUAL(jsonscan_feed(&s, text, 2 * n + 1, &used), JSONSCAN_END);
    CU_ASSERT_EQUAL(used, 2 * n);
    CU_ASSERT_EQUAL(s.nodes, n);
    free(text);
}

/* "key=value;" for each member, then how the walk ended. */
static void walk(const char *text, char *out, size_t room)
{
    struct jsonscan_walk w;
    struct jsonscan_member m;
    int more;
    size_t n = 0;
    jsonscan_walk(&w, text, strlen(text));
    while ((more = jsonscan_next(&w, &m)) == 1)
        n += (size_t)snprintf(out + n, room - n, "%.*s=%.*s;", (int)m.key.len, m.key.data,
                              (int)m.value.len, m.value.data);
    if (more == 0)
        snprintf(out + n, room - n, "%s", w.at);
    else
        snprintf(out + n, room - n, "broken");
}

static void members_are_given_raw(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"{}rest", "rest"},
        {"{ } ", " "},
        {"{\"a\":1,\"b\" : \"x\\\"y\" , \"c\":[1, 2 ] ,\"d\":{\"e\":{}}}",
         "a=1;b=\"x\\\"y\";c=[1, 2 ];d={\"e\":{}};"},
        {"{\"a\\u0041\":1.50}", "a\\u0041=1.50;"},
        {"{\"a\":1", "a=1;broken"},
        {"{\"a\":1,}", "a=1;broken"},
        {"{,}", "broken"},
        {"{\"a\"}", "broken"},
        {"{\"a\":}", "broken"},
        {"{\"a\":1 \"b\":2}", "a=1;broken"},
        {"{\"a\":[1}", "broken"},
        {"[1]", "broken"},
        {"", "broken"},
        {"{", "broken"},
        {"{\"a", "broken"},
        {"{\"a\":\"b", "broken"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[256];
        walk(cases[i].text, out, sizeof out);
        CU_ASSERT_STRING_EQUAL(out, cases[i].expected);
    }
}

static void paths_lead_to_values(void)
{
    static const char text[] =
        " {\"address\": {\"city\": \"K\\u00f6ln\", \"lines\": [ \"a\", {\"x\": 0.10} ,[]]}, "
        "\"\\u00fcber\": true, \"e\": []}";
    static const struct {
        const char *path, *expected; /* NULL: not there */
    } cases[] = {
        {"address.city", "\"K\\u00f6ln\""},
        {"address.lines.0", "\"a\""},
        {"address.lines.1.x", "0.10"},
        {"address.lines.2", "[]"},
        {"address.lines.3", NULL},
        {"address.lines.-1", NULL},
        {"address.lines.99999999999999999999", NULL},
        {"address.lines.1.x.y", NULL},
        {"address.town", NULL},
        {"\xc3\xbc"
         "ber",
         "true"},
        {"e", "[]"},
        {"e.0", NULL},
        {"", NULL},
        {"address.", NULL},
        {".address", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jsonscan_slice out = {0};
        const char *path = cases[i].path, *expected = cases[i].expected;
        int found = jsonscan_path(text, sizeof text - 1, path, strlen(path), &out);
        CU_ASSERT_EQUAL(found, expected != NULL);
        if (found && expected) {
            CU_ASSERT_EQUAL(out.len, strlen(expected));
            CU_ASSERT_EQUAL(memcmp(out.data, expected, out.len), 0);
        }
    }
}

static void strings_are_unescaped(void)
{
    static const struct {
        const char *in, *expected; /* NULL: refused */
    } cases[] = {
        {"plain", "plain"},
        {"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t"},
        {"\\u0041\\u00e9\\u20AC", "A\xc3\xa9\xe2\x82\xac"},
        {"\\ud83d\\ude00!", "\xf0\x9f\x98\x80!"},
        {"\\ud83d", NULL},
        {"\\ud83dx", NULL},
        {"\\ud83d\\u0041", NULL},
        {"\\ude00", NULL},
        {"\\u12", NULL},
        {"\\u12g4", NULL},
        {"\\x", NULL},
        {"\\", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[64];
        const char *in = cases[i].in, *expected = cases[i].expected;
        size_t n = jsontext_unescape(in, strlen(in), out);
        CU_ASSERT_EQUAL(n, expected ? strlen(expected) : JSONTEXT_BAD);
        if (expected && n == strlen(expected)) {
            CU_ASSERT_EQUAL(memcmp(out, expected, n), 0);
            CU_ASSERT(jsontext_equal(in, strlen(in), expected, n));
            CU_ASSERT(n == 0 || !jsontext_equal(in, strlen(in), expected, n - 1));
        }
    }
}

/* Whatever the bytes are, the quoted text is JSON that jansson reads. */
static void quoted_text_is_always_valid(void)
{
    static const char *const texts[] = {
        "plain",        "a\"b\\c\n\x01\x7f", "\xff\xc3(\xe2\x82",
        "\xed\xa0\x80", "\xc0\xaf",          "\xf0\x9f\x98\x80",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct buf out;
        buf_init(&out, 1024);
        CU_ASSERT_EQUAL(jsontext_quote(&out, texts[i], strlen(texts[i])), 0);
        json_t *json = json_loadb(out.data, out.len, JSON_DECODE_ANY, NULL);
        CU_ASSERT_PTR_NOT_NULL(json);
        if (json && i != 2 && i != 3 && i != 4)
            CU_ASSERT_STRING_EQUAL(json_string_value(json), texts[i]);
        json_decref(json);
        buf_clear(&out);
    }
}

static void buffer_keeps_its_maximum(void)
{
    struct buf b;
    buf_init(&b, 300);
    CU_ASSERT_EQUAL(buf_add_text(&b, "abc"), 0);
    CU_ASSERT_EQUAL(buf_reserve(&b, 301), -1);
    CU_ASSERT_EQUAL(buf_reserve(&b, 300), 0);
    CU_ASSERT_EQUAL(b.capacity, 300);
    CU_ASSERT_EQUAL(b.len, 3);
    CU_ASSERT_EQUAL(memcmp(b.data, "abc", 3), 0);
    buf_clear(&b);
}

static const struct unit_case cases[] = {
    {"value_ends_at_the_comma_wherever_it_is_cut", value_ends_at_the_comma_wherever_it_is_cut},
    {"wrong_bracket_is_broken", wrong_bracket_is_broken},
    {"depth_over_the_limit_is_counted", depth_over_the_limit_is_counted},
    {"members_are_given_raw", members_are_given_raw},
    {"paths_lead_to_values", paths_lead_to_values},
    {"strings_are_unescaped", strings_are_unescaped},
    {"quoted_text_is_always_valid", quoted_text_is_always_valid},
    {"buffer_keeps_its_maximum", buffer_keeps_its_maximum},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("jsonscan", cases, argc, argv);
}

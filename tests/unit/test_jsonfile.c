/* test_jsonfile.c - JSON text as a tree with places. */
#include "jsonfile.h"

#include <stdlib.h>

#include "unit.h"

static struct arena *mem;
static struct faults faults;
static struct jsonfile file;

static int parse_n(const char *text, size_t n)
{
    arena_free(mem);
    mem = arena_new();
    faults_clear(&faults);
    return jsonfile_parse(&file, "p.json", text, n, mem, &faults);
}

static int parse(const char *text)
{
    return parse_n(text, strlen(text));
}

static const char *first_fault(void)
{
    return faults.n ? faults.items[0].what : "";
}

static void is_at(const char *place, size_t line, size_t column)
{
    size_t l, c;
    jsonfile_where(&file, place, &l, &c);
    CU_ASSERT_EQUAL(l, line);
    CU_ASSERT_EQUAL(c, column);
}

static void places_are_told(void)
{
    CU_ASSERT_EQUAL_FATAL(parse("{\n  \"ä\": 1, \"b\":\n [true, \"x\"]}"), 0);
    const struct jsonfile_node *b = jsonfile_get(file.root, "b");
    CU_ASSERT_PTR_NOT_NULL_FATAL(b);
    is_at(b->place, 2, 11); /* the column counts characters, not bytes */
    is_at(b->raw, 3, 2);
    is_at(b->first->next->raw, 3, 9);
    CU_ASSERT_EQUAL(b->n, 2);
    CU_ASSERT_STRING_EQUAL(b->first->next->text, "x");
    CU_ASSERT_PTR_NULL(jsonfile_get(file.root, "c"));
    CU_ASSERT_PTR_NULL(jsonfile_get(b, "0"));
}

static void mark_is_accepted(void)
{
    CU_ASSERT_EQUAL_FATAL(parse("\xef\xbb\xbf{\"a\": 1}"), 0);
    is_at(jsonfile_get(file.root, "a")->place, 1, 2);
    CU_ASSERT_TRUE(jsonfile_blank("\xef\xbb\xbf \n\t", 6));
    CU_ASSERT_TRUE(jsonfile_blank("", 0));
    CU_ASSERT_FALSE(jsonfile_blank(" {", 2));
    CU_ASSERT_FALSE(jsonfile_blank("\0", 1));
}

static void bad_bytes_have_a_place(void)
{
    CU_ASSERT_NOT_EQUAL(parse("{\n \"\xc3\xa9\xff\": 1}"), 0);
    CU_ASSERT_STRING_EQUAL(first_fault(), "p.json:2:4: byte 0xff is not UTF-8");
    CU_ASSERT_NOT_EQUAL(parse("[\"\xed\xa0\x80\"]"), 0); /* a surrogate */
    CU_ASSERT_STRING_EQUAL(first_fault(), "p.json:1:3: byte 0xed is not UTF-8");
    CU_ASSERT_NOT_EQUAL(parse("[\"\xc3"), 0); /* cut short */
    CU_ASSERT_STRING_EQUAL(first_fault(), "p.json:1:3: byte 0xc3 is not UTF-8");
    CU_ASSERT_NOT_EQUAL(parse_n("[1,\0]", 5), 0);
    CU_ASSERT_STRING_EQUAL(first_fault(), "p.json:1:4: NUL byte (0x00)");
    CU_ASSERT_EQUAL(faults.items[0].code, STATUS_CONFIG);
}

static void syntax_faults_do_not_quote(void)
{
    static const struct {
        const char *text, *where;
    } cases[] = {{"{\"a\": s3cr3t}", "p.json:1:7: "},
                 {"{\"a\": \"s3cr3t\n\"}", "p.json:1:"},
                 {"{\"a\": 1 \"s3cr3t\": 2}", "p.json:1:9: "},
                 {"{\"a\": 1", "p.json:1:8: "},
                 {"{}\n s3cr3t", "p.json:2:2: "},
                 {"[\"\\u0000\"]", "p.json:1:"},
                 {"[1e999]", "p.json:1:"},
                 {"[99999999999999999999]", "p.json:1:"},
                 {"[NaN]", "p.json:1:2: "},
                 {"[\"\\ud800\"]", "p.json:1:"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CU_ASSERT_NOT_EQUAL(parse(cases[i].text), 0);
        CU_ASSERT_EQUAL(faults.n, 1);
        CU_ASSERT_PTR_NULL(strstr(first_fault(), "s3cr3t"));
        CU_ASSERT_EQUAL(strncmp(first_fault(), cases[i].where, strlen(cases[i].where)), 0);
    }
}

static void duplicates_name_both_lines(void)
{
    CU_ASSERT_NOT_EQUAL(parse("{\"a\": 1,\n \"b\": {\"c\": 1,\n  \"c\": 2},\n \"\\u0061\": 3}"), 0);
    CU_ASSERT_EQUAL_FATAL(faults.n, 2);
    CU_ASSERT_STRING_EQUAL(faults.items[0].what,
                           "p.json:3:3: key \"c\" is given twice, first in line 2 column 8");
    CU_ASSERT_STRING_EQUAL(faults.items[1].what,
                           "p.json:4:2: key \"a\" is given twice, first in line 1 column 2");
    CU_ASSERT_PTR_NOT_NULL(file.root);
    CU_ASSERT_EQUAL(parse("[{\"a\": 1}, {\"a\": 1}]"), 0);
}

static const char *to_quotes(void *ctx, const struct jsonfile_node *node)
{
    (void)ctx;
    return strcmp(node->text, "x") == 0 ? "a\"}, \n\xc3\xa9" : NULL;
}

static void compact_keeps_order_and_digits(void)
{
    struct str out;
    str_init(&out, 0);
    CU_ASSERT_EQUAL_FATAL(parse("{ \"z\" : 1.10 , \"a\" : [ 1e5 , -0, 0.1000000000000000055 ],"
                                " \"k\\n\": \"\\u00e9\", \"n\": null, \"e\": {}, \"l\": [ ]}"),
                          0);
    jsonfile_compact(&out, file.root, NULL, NULL);
    CU_ASSERT_STRING_EQUAL(out.data, "{\"z\":1.10,\"a\":[1e5,-0,0.1000000000000000055],"
                                     "\"k\\n\":\"\\u00e9\",\"n\":null,\"e\":{},\"l\":[]}");
    str_reset(&out);
    CU_ASSERT_EQUAL_FATAL(parse("{\"a\": \"x\", \"b\": \"y\"}"), 0);
    jsonfile_compact(&out, file.root, to_quotes, NULL);
    CU_ASSERT_STRING_EQUAL(out.data, "{\"a\":\"a\\\"}, \\n\xc3\xa9\",\"b\":\"y\"}");
    str_clear(&out);
}

static void integers_are_digits(void)
{
    static const char *const texts[] = {"0", "-12", "1e9", "1.0", "-0.5", "\"1\"", "true"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        CU_ASSERT_EQUAL_FATAL(parse(texts[i]), 0);
        CU_ASSERT_EQUAL(jsonfile_is_integer(file.root), i < 2);
    }
}

static void depth_and_number_of_faults_are_bounded(void)
{
    size_t n = 100000;
    char *text = malloc(n * 8);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    memset(text, '[', n);
    CU_ASSERT_NOT_EQUAL(parse_n(text, n), 0);
    char *p = text;
    *p++ = '{';
    for (size_t i = 0; i < n; i++, p += 6)
        memcpy(p, "\"a\":1,", 6);
    p[-1] = '}';
    CU_ASSERT_NOT_EQUAL(parse_n(text, (size_t)(p - text)), 0);
    CU_ASSERT_EQUAL(faults.n, JSONFILE_MAX_FAULTS);
    free(text);
}

int main(int argc, char **argv)
{
    static const struct unit_case cases[] = {
        {"places_are_told", places_are_told},
        {"mark_is_accepted", mark_is_accepted},
        {"bad_bytes_have_a_place", bad_bytes_have_a_place},
        {"syntax_faults_do_not_quote", syntax_faults_do_not_quote},
        {"duplicates_name_both_lines", duplicates_name_both_lines},
        {"compact_keeps_order_and_digits", compact_keeps_order_and_digits},
        {"integers_are_digits", integers_are_digits},
        {"depth_and_number_of_faults_are_bounded", depth_and_number_of_faults_are_bounded},
    };
    int status = UNIT_MAIN("jsonfile", cases, argc, argv);
    arena_free(mem);
    faults_clear(&faults);
    return status;
}

/*
 * test_source_csv.c - the source "csv" through the ABI: what it gives. What it refuses is in
 * test_source_csv_faults.c.
 */
#include <jansson.h>
#include <stdlib.h>

#include "csvtest.h"
#include "unit.h"

static struct mockhost m;
static struct sourcetest t;

static void header_names_the_fields(void)
{
    csvtest_read(TEXT("a,b,c\n1,2,3\n4,5,6"), NULL, NULL, "c a c", "t:3|t:1|t:3\nt:6|t:4|t:6\n");
    csvtest_read(TEXT("\"a \"\"x\"\"\",\"b\nc\"\r\n1,2\r\n"), NULL, NULL, "b\nc", "t:2\n");
    csvtest_read(TEXT("\n\na\n1\n"), NULL, NULL, "a", "t:1\n");
}

static void columns_stand_in_for_a_header(void)
{
    struct mockhost_option options[] = {{"files", "{\"x\": \"x.csv\"}"},
                                        {"dir", sourcetest_dir()},
                                        {"columns", "{\"x\": [\"a\", \"b\"]}"},
                                        {"header", "false"},
                                        {NULL, NULL}};
    sourcetest_file("x.csv", "1,2\n3,4\n", 8);
    for (int header = 0; header < 2; header++) {
        options[3].value = header ? "true" : "false";
        plugintest_start(&m, "source-csv", MIG_SOURCE, "csv", options);
        sourcetest_read(&m, "x", "b a", NULL, &t);
        CU_ASSERT_STRING_EQUAL(t.text, header ? "t:4|t:3\n" : "t:2|t:1\nt:4|t:3\n");
        plugintest_stop(&m);
    }
}

static void empty_fields_are_null_by_option(void)
{
    csvtest_read(TEXT("a,b\n,\"\"\n"), NULL, NULL, "a b", "N|t:\n");
    csvtest_read(TEXT("a,b\n,\"\"\n"), "empty_is_null", "unquoted", "a b", "N|t:\n");
    csvtest_read(TEXT("a,b\n,\"\"\n"), "empty_is_null", "always", "a b", "N|N\n");
    csvtest_read(TEXT("a,b\n,\"\"\n"), "empty_is_null", "never", "a b", "t:|t:\n");
}

static void quotes_and_line_breaks_are_text(void)
{
    csvtest_read(TEXT("a,b\n\"x \"\"y\"\", z\",\"1\r\n2\n3\"\n"), NULL, NULL, "a b",
                 "t:x \"y\", z|t:1\r\n2\n3\n");
}

static void blank_lines_are_records_of_one_column_only(void)
{
    csvtest_read(TEXT("a,b\n\n1,2\n\r\n\n3,4\n\n"), NULL, NULL, "a b", "t:1|t:2\nt:3|t:4\n");
    csvtest_read(TEXT("a\n1\n\n\"\"\n2\n"), NULL, NULL, "a", "t:1\nN\nt:\nt:2\n");
}

static void delimiter_and_quote_are_options(void)
{
    csvtest_read(TEXT("a\tb\n\"1\t2\"\t3\n"), "delimiter", "\t", "a b", "t:1\t2|t:3\n");
    csvtest_read(TEXT("a,b\n\"1,2\"\n"), "quote", "", "a b", "t:\"1|t:2\"\n");
}

/* One table in all encodings: "a" has a letter of two, three and four bytes. */
static void encodings_are_told_by_their_mark_or_option(void)
{
    static const char expected[] = "t:\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80|t:2\n";
    csvtest_read(TEXT("a,b\n\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80,2\n"), NULL, NULL, "a b",
                 expected);
    csvtest_read(TEXT("\xef\xbb\xbf"
                      "a,b\n\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80,2\n"),
                 NULL, NULL, "a b", expected);
    csvtest_read(TEXT("\xff\xfe"
                      "a\0,\0b\0\n\0\xe9\0\xac\x20\x3d\xd8\x00\xde,\0"
                      "2\0\n\0"),
                 NULL, NULL, "a b", expected);
    csvtest_read(TEXT("\xfe\xff\0a\0,\0b\0\n\0\xe9\x20\xac\xd8\x3d\xde\x00\0,\0"
                      "2\0\n"),
                 NULL, NULL, "a b", expected);
    csvtest_read(TEXT("\0a\0\n\0x\0\n"), "encoding", "utf-16be", "a", "t:x\n");
    csvtest_read(TEXT("a\n\xe9\x80\n"), "encoding", "latin1", "a", "t:\xc3\xa9\xc2\x80\n");
    csvtest_read(TEXT("a\n\xe9\x80\n"), "encoding", "windows-1252", "a",
                 "t:\xc3\xa9\xe2\x82\xac\n");
}

/* Records that lie across the end of a piece, at every byte, in an encoding that is converted and
 * in one that is not. */
static void records_survive_every_cut(void)
{
    static const char tail[] = "\n\"\xc3\xa9\"\"\r\n\",b\r\n";
    size_t piece = (size_t)128 << 10, n = sizeof tail - 1;
    char *text = malloc(piece + 4 * n), expected[256];
    for (int latin = 0; latin < 2; latin++)
        for (size_t before = piece - 2 * n; before <= piece; before++) {
            memset(text, 'y', before);
            memcpy(text, "a,b\n,", 5);
            stpcpy(stpcpy(text + before, tail), tail);
            csvtest_start(&m, text, strlen(text), "encoding", latin ? "latin1" : "utf-8");
            sourcetest_read(&m, "x", "a", NULL, &t);
            snprintf(expected, sizeof expected, "N\nt:%1$s\"\r\n\nt:%1$s\"\r\n\n",
                     latin ? "\xc3\x83\xc2\xa9" : "\xc3\xa9");
            CU_ASSERT_STRING_EQUAL(t.text, expected);
            plugintest_stop(&m);
        }
    free(text);
}

static size_t read_half(const char *text, size_t len, const char *encoding, int records,
                        char position[128])
{
    const char *field = "a";
    mig_str_t at;
    csvtest_start(&m, text, len, "encoding", encoding);
    sourcetest_ops(&m)->open(m.self, "x", &field, 1, NULL, 0, (mig_str_t){"", 0});
    memset(&t, 0, sizeof t);
    for (int i = 0; i < records; i++)
        sourcetest_next(&m, &t);
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->position(m.self, &at), MIG_OK);
    memcpy(position, at.data, at.len);
    position[at.len] = '\0';
    plugintest_stop(&m);
    return t.len;
}

/* Stops behind each record in turn, and at the end, and goes on with a new instance. */
static void position_goes_on_behind_a_record(void)
{
    static const char text[] = "a,b\n1,\n\n2,\"\n\"\n3\n4,\r\n\xe9,x",
                      utf8[] = "t:1\nt:2\n!too_few_fields\nt:4\n!bad_encoding\n",
                      latin[] = "t:1\nt:2\n!too_few_fields\nt:4\nt:\xc3\xa9\n";
    for (int k = 0; k < 12; k++) {
        const char *encoding = k < 6 ? "utf-8" : "latin1", *expected = k < 6 ? utf8 : latin;
        char position[128];
        size_t half = read_half(text, sizeof text - 1, encoding, k % 6 + 1, position);
        csvtest_start(&m, text, sizeof text - 1, "encoding", encoding);
        sourcetest_read_from(&m, "x", "a", NULL, (mig_str_t){position, strlen(position)}, &t);
        CU_ASSERT_EQUAL(t.status, MIG_END);
        CU_ASSERT_STRING_EQUAL(t.text, expected + half);
        CU_ASSERT(k % 6 > 1 || strstr(m.rejects[0].text, "record 3 at line 6:") != NULL);
        plugintest_stop(&m);
    }
}

/* Over several pieces, where a place is in the middle of one. */
static void position_goes_on_in_a_large_file(void)
{
    size_t n = 60000, len = 4;
    char *text = malloc(16 * n + 16), position[128];
    memcpy(text, "a\0\n\0", 4);
    for (size_t i = 0; i < n; i++) {
        char line[16];
        int k = snprintf(line, sizeof line, "%05zu\n", i);
        for (int j = 0; j < k; j++) {
            text[len++] = line[j];
            text[len++] = '\0';
        }
    }
    for (int at = 1; at <= 50000; at += 7001) {
        read_half(text, len, "utf-16le", at, position);
        csvtest_start(&m, text, len, "encoding", "utf-16le");
        sourcetest_read_from(&m, "x", "a", NULL, (mig_str_t){position, strlen(position)}, &t);
        CU_ASSERT_EQUAL(t.records, n - (size_t)at);
        char expected[16];
        snprintf(expected, sizeof expected, "t:%05d\n", at);
        CU_ASSERT_EQUAL(strncmp(t.text, expected, strlen(expected)), 0);
        plugintest_stop(&m);
    }
    free(text);
}

static void raw_gives_the_record_as_read(void)
{
    static const char *const expected[] = {"{\"a\":\"1\",\"b\\\"\":null}",
                                           "{\"a\":\"x\\\"\",\"b\\\"\":\"\"}", "\"2\"",
                                           "\"\xef\xbf\xbd,\\\"3\\\"\""};
    const char *field = "a";
    mig_str_t raw;
    csvtest_start(&m, TEXT("a,\"b\"\"\"\n1,\n\"x\"\"\",\"\"\n2\n\xff,\"3\"\n"), NULL, NULL);
    sourcetest_ops(&m)->open(m.self, "x", &field, 1, NULL, 0, (mig_str_t){"", 0});
    for (int i = 0; i < 4; i++) {
        sourcetest_next(&m, &t);
        CU_ASSERT_EQUAL(sourcetest_ops(&m)->raw(m.self, &raw), MIG_OK);
        CU_ASSERT_EQUAL(raw.len, strlen(expected[i]));
        CU_ASSERT_EQUAL(memcmp(raw.data, expected[i], raw.len), 0);
        json_t *json = json_loadb(raw.data, raw.len, JSON_DECODE_ANY, NULL);
        CU_ASSERT_PTR_NOT_NULL(json);
        json_decref(json);
    }
    plugintest_stop(&m);
}

static void values_stay_behind_raw(void)
{
    static const char *const fields[] = {"b", "a"};
    mig_record_t rec = {.size = sizeof rec};
    mig_wait_t wait = {.size = sizeof wait};
    mig_str_t raw;
    csvtest_start(&m, TEXT("a,b\n\"\"\"x\"\"\",\"\"\"longer\"\"\"\n"), NULL, NULL);
    sourcetest_ops(&m)->open(m.self, "x", fields, 2, NULL, 0, (mig_str_t){"", 0});
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->next(m.self, &rec, &wait), MIG_OK);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(sourcetest_ops(&m)->raw(m.self, &raw), MIG_OK);
        CU_ASSERT_EQUAL(strncmp(raw.data, "{\"a\":\"\\\"x\\\"\"", 12), 0);
        CU_ASSERT_EQUAL(strncmp(rec.values[0].data, "\"longer\"", 8), 0);
        CU_ASSERT_EQUAL(strncmp(rec.values[1].data, "\"x\"", 3), 0);
    }
    plugintest_stop(&m);
}

static void column_nobody_reads_is_logged(void)
{
    csvtest_start(&m, TEXT("a,extra\n1,2\n"), NULL, NULL);
    sourcetest_read(&m, "x", "a", NULL, &t);
    CU_ASSERT(mockhost_logged(&m, MIG_LOG_DEBUG, "\"extra\""));
    CU_ASSERT_EQUAL(m.n_logs, 1);
    plugintest_stop(&m);
}

static void progress_ends_with_all(void)
{
    csvtest_start(&m, TEXT("a\n1\n2\n"), NULL, NULL);
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->progress(m.self), -1);
    const char *field = "a";
    sourcetest_ops(&m)->open(m.self, "x", &field, 1, NULL, 0, (mig_str_t){"", 0});
    while (sourcetest_next(&m, &t) == MIG_OK)
        ;
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->progress(m.self), 1000000);
    plugintest_stop(&m);
}

#define CASE(function) #function, function
static const struct unit_case cases[] = {
    {CASE(header_names_the_fields)},
    {CASE(columns_stand_in_for_a_header)},
    {CASE(empty_fields_are_null_by_option)},
    {CASE(quotes_and_line_breaks_are_text)},
    {CASE(blank_lines_are_records_of_one_column_only)},
    {CASE(delimiter_and_quote_are_options)},
    {CASE(encodings_are_told_by_their_mark_or_option)},
    {CASE(records_survive_every_cut)},
    {CASE(position_goes_on_behind_a_record)},
    {CASE(position_goes_on_in_a_large_file)},
    {CASE(raw_gives_the_record_as_read)},
    {CASE(values_stay_behind_raw)},
    {CASE(column_nobody_reads_is_logged)},
    {CASE(progress_ends_with_all)},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("source_csv", cases, argc, argv);
}

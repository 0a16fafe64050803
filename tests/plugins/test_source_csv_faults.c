/*
 * test_source_csv_faults.c - the source "csv" through the ABI: what it refuses, and that a bad
 * record costs no other.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "csvtest.h"
#include "unit.h"

static struct mockhost m;
static struct sourcetest t;

/* Between two good ones, each bad record is refused and costs no other. */
static const struct {
    const char *record;
    size_t len;
    const char *code;
} bad_records[] = {
    {TEXT("x"), "too_few_fields"},
    {TEXT("x,y,z"), "too_many_fields"},
    {TEXT("x,y,"), "too_many_fields"},
    {TEXT("x\"y,z"), "bad_quote"},
    {TEXT("\"x\" ,z"), "bad_quote"},
    {TEXT("\"x\"y\",z"), "bad_quote"},
    {TEXT("\"x\ny\"\"\""), "too_few_fields"},
    {TEXT("x\xff,y"), "bad_encoding"},
    {TEXT("\xc0\xaf,y"), "bad_encoding"},
    {TEXT("\xed\xa0\x80,y"), "bad_encoding"},
    {TEXT("x\0,y"), "bad_encoding"},
};

static void bad_record_costs_no_other(void)
{
    for (size_t i = 0; i < sizeof bad_records / sizeof *bad_records; i++) {
        char content[128] = "a,b\n1,\n", expected[64];
        size_t n = strlen(content);
        memcpy(content + n, bad_records[i].record, bad_records[i].len);
        n += bad_records[i].len;
        memcpy(content + n, "\n2,\n", 4);
        csvtest_start(&m, content, n + 4, NULL, NULL);
        sourcetest_read(&m, "x", "a", NULL, &t);
        snprintf(expected, sizeof expected, "t:1\n!%s\nt:2\n", bad_records[i].code);
        CU_ASSERT_STRING_EQUAL(t.text, expected);
        CU_ASSERT_PTR_NOT_NULL(strstr(m.rejects[0].text, "record 2 at line 3: "));
        plugintest_stop(&m);
    }
}

static void reasons_count_fields_and_hold_no_value(void)
{
    csvtest_start(&m, TEXT("a,b\ncanary\ncanary,canary,canary\ncan\"ary,\n"), NULL, NULL);
    sourcetest_read(&m, "x", "a", NULL, &t);
    CU_ASSERT_STRING_EQUAL(m.rejects[0].text, "record 1 at line 2: it has 1 fields and not 2");
    CU_ASSERT_STRING_EQUAL(m.rejects[1].text, "record 2 at line 3: it has 3 fields and not 2");
    for (size_t i = 0; i < m.n_rejects; i++)
        CU_ASSERT_PTR_NULL(strstr(m.rejects[i].text, "canary"));
    plugintest_stop(&m);
}

static void bytes_outside_of_an_encoding_are_refused(void)
{
    csvtest_read(TEXT("a\n\x81\nb\n"), "encoding", "windows-1252", "a", "!bad_encoding\nt:b\n");
    /* Half of a surrogate pair, and a character that the file cuts. */
    csvtest_read(TEXT("\xff\xfe"
                      "a\0\n\0\x00\xd8x\0\n\0b\0\n\0"),
                 NULL, NULL, "a", "!bad_encoding\nt:b\n");
    csvtest_read(TEXT("\xff\xfe"
                      "a\0\n\0b\0\n\0c"),
                 NULL, NULL, "a", "t:b\n!bad_encoding\n");
    csvtest_read(TEXT("a\nb\n\xc3"), NULL, NULL, "a", "t:b\n!bad_encoding\n");
}

static void broken_file_ends_the_read(void)
{
    static const int32_t source = MIG_E_SOURCE;
    csvtest_fails("", 0, NULL, NULL, source, "is empty");
    csvtest_fails(TEXT("\xef\xbb\xbf"), NULL, NULL, source, "is empty");
    csvtest_fails(TEXT("\n\r\n"), NULL, NULL, source, "is empty");
    csvtest_fails(TEXT("a,b\n"), NULL, NULL, source, "has no record");
    csvtest_fails(TEXT("a,b"), NULL, NULL, source, "has no record");
    csvtest_fails(TEXT("b,a,b\n1,2,3\n"), NULL, NULL, source,
                  "more than one column is named \"b\"");
    csvtest_fails(TEXT("a,,c\n1,2,3\n"), NULL, NULL, source, "column 2 has no name");
    csvtest_fails(TEXT("b,A\n1,2\n"), NULL, NULL, source, "did you mean \"A\"");
    csvtest_fails(TEXT("a;b\n1;2\n"), NULL, NULL, source, "has no column \"a\"");
    csvtest_fails(TEXT("a,b\n1,2\n3,\"4\n5,6\n"), NULL, NULL, source,
                  "line 3: a quote that opens here is never closed");
    csvtest_fails(TEXT("a,b\n\"1\n\n\",\"2\n3,4\n"), NULL, NULL, source,
                  "line 4: a quote that opens here");
    csvtest_fails(TEXT("a,\"b\n1,2\n"), NULL, NULL, source, "line 1: a quote that opens here");
    csvtest_fails(TEXT("a\"\n1\n"), NULL, NULL, source, "line 1, the header: a quote");
    csvtest_fails(TEXT("a\xff\n1\n"), NULL, NULL, source, "line 1, the header: a byte");
    csvtest_fails(TEXT("a\0\n\0001\0\n\0"), NULL, NULL, source, "the header: a byte is zero");
    csvtest_fails(TEXT("\xff\xfe"
                       "a\0\n\0"),
                  "encoding", "latin1", source, "byte order mark of utf-16le");
    csvtest_fails(TEXT("a\n1\n\xff\n"), "bad_bytes", "fail", source, "line 3: a byte is not valid");
}

static void empty_set_needs_the_option(void)
{
    csvtest_read(TEXT("a,b\n\n"), "allow_empty", "true", "a", "");
    csvtest_fails("", 0, "allow_empty", "true", MIG_E_SOURCE, "is empty");
}

/* A record of `size` bytes between two small ones; of quoted lines, or of plain text. */
static char *with_long_record(size_t size, int quoted)
{
    char *text = malloc(size + 64), *p = stpcpy(text, "a,b\n1,\n");
    memset(p, 'y', size);
    if (quoted) {
        p[0] = p[size - 2] = '"';
        memset(p + 1, '\n', size - 3);
    }
    p[size - 1] = ',';
    stpcpy(p + size, "\n2,\n");
    return text;
}

/* Of records inside one piece and of those that fill several. */
static void record_limit_is_exact(void)
{
    static const struct {
        size_t bytes;
        const char *text;
    } limits[] = {{2000, "2000"}, {400000, "400000"}};
    for (int i = 0; i < 4; i++)
        for (int over = -1; over <= 1; over++) {
            char *text = with_long_record((size_t)((int)limits[i / 2].bytes + over), i & 1);
            csvtest_start(&m, text, strlen(text), "record_limit", limits[i / 2].text);
            sourcetest_read(&m, "x", "b", NULL, &t);
            CU_ASSERT_STRING_EQUAL(t.text, over > 0 ? "N\n!too_long\nN\n" : "N\nN\nN\n");
            plugintest_stop(&m);
            free(text);
        }
}

static long peak_kb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* The file is written by pieces, so that only the source could hold 200 MB. */
static void huge_field_takes_no_memory(void)
{
    static char piece[1 << 20];
    const char *path = csvtest_start(&m, TEXT("a,b\n1,\""), "record_limit", "100000");
    memset(piece, ',', sizeof piece);
    int fd = open(path, O_WRONLY | O_APPEND);
    for (int i = 0; i < 200; i++)
        CU_ASSERT_EQUAL(write(fd, piece, sizeof piece), (ssize_t)sizeof piece);
    CU_ASSERT_EQUAL(write(fd, "\"\n2,\n", 5), 5);
    close(fd);
    long before = peak_kb();
    sourcetest_read(&m, "x", "a", NULL, &t);
    CU_ASSERT_STRING_EQUAL(t.text, "!too_long\nt:2\n");
    CU_ASSERT(peak_kb() - before < 4000);
    plugintest_stop(&m);
}

static void many_fields_take_no_memory(void)
{
    static char text[2000000];
    memset(text, ',', sizeof text);
    memcpy(text, "a\n", 2);
    memcpy(text + sizeof text - 3, "\n2\n", 3);
    csvtest_read(text, sizeof text, NULL, NULL, "a", "!too_many_fields\nt:2\n");
    text[1] = ',';
    csvtest_fails(text, sizeof text, NULL, NULL, MIG_E_SOURCE, "the header: it is too long");
}

static void change_while_reading_is_found(void)
{
    size_t n = 400000;
    char *text = malloc(n);
    const char *field = "a";
    memset(text, '\n', n);
    memcpy(text, "a\n", 2);
    const char *path = csvtest_start(&m, text, n, NULL, NULL);
    sourcetest_ops(&m)->open(m.self, "x", &field, 1, NULL, 0, (mig_str_t){"", 0});
    CU_ASSERT_EQUAL(sourcetest_next(&m, &t), MIG_OK);
    CU_ASSERT_EQUAL(truncate(path, 300000), 0);
    int32_t status;
    while ((status = sourcetest_next(&m, &t)) == MIG_OK)
        ;
    CU_ASSERT_EQUAL(status, MIG_E_SOURCE);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.text, "changed while it was read"));
    plugintest_stop(&m);
    free(text);
}

static void options_are_checked(void)
{
    static const struct mockhost_option bad[] = {
        {"delimiter", ""},     {"delimiter", ",,"},    {"delimiter", "\n"}, {"delimiter", "\""},
        {"quote", "\xc3\xa9"}, {"columns", "[\"a\"]"}, {"file", NULL},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mockhost_option options[] = {{"file", "x.csv"}, bad[i], {NULL, NULL}};
        struct mockhost_option *first = bad[i].value ? options : options + 2;
        CU_ASSERT_EQUAL(plugintest_start(&m, "source-csv", MIG_SOURCE, "csv", first), MIG_E_CONFIG);
        plugintest_stop(&m);
    }
    csvtest_fails(TEXT("1\n"), "header", "false", MIG_E_CONFIG, "no names for entity \"x\"");
    csvtest_fails(TEXT("1\n"), "columns", "{\"x\": [1]}", MIG_E_CONFIG, "list of names");
    csvtest_fails(TEXT("1\n"), "columns", "{\"x\": [\"a\", \"b\"]}", MIG_E_SOURCE,
                  "another number of fields");
}

#define CASE(function) #function, function
static const struct unit_case cases[] = {
    {CASE(bad_record_costs_no_other)},
    {CASE(reasons_count_fields_and_hold_no_value)},
    {CASE(bytes_outside_of_an_encoding_are_refused)},
    {CASE(broken_file_ends_the_read)},
    {CASE(empty_set_needs_the_option)},
    {CASE(record_limit_is_exact)},
    {CASE(huge_field_takes_no_memory)},
    {CASE(many_fields_take_no_memory)},
    {CASE(change_while_reading_is_found)},
    {CASE(options_are_checked)},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("source_csv_faults", cases, argc, argv);
}

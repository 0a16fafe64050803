/*
 * test_source_json_faults.c - the source "json" through the ABI: what it refuses, and that a bad
 * record costs no other.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jsontest.h"
#include "unit.h"

static struct mockhost m;
static struct sourcetest t;

/* Between two good ones, each bad record is refused and costs no other. */
static const struct {
    const char *record, *code;
} bad_records[] = {
    {"{\"a\": 1} x", "trailing_garbage"},
    {"{\"a\": 1} {\"a\": 2}", "trailing_garbage"},
    {"{\"a\": 1, \"b\": 2, \"a\": 1}", "duplicate_field"},
    {"{\"a\": 1, \"\\u0061\": 1}", "duplicate_field"},
    {"{\"a\": {\"b\": 1, \"b\": 2}}", "duplicate_field"},
    {"{\"a\": NaN}", "bad_json"},
    {"{\"a\": 1e999}", "bad_number"},
    {"{\"a\": 01}", "bad_json"},
    {"{\"a\": +1}", "bad_json"},
    {"{\"a\": .5}", "bad_json"},
    {"{\"a\": \"\\ud800\"}", "bad_unicode"},
    {"{\"a\": \"\\ude00\"}", "bad_unicode"},
    {"{\"a\": \"\xff\"}", "bad_utf8"},
    {"{\"a\": \"\xc0\xaf\"}", "bad_utf8"},
    {"{\"a\": \"\\x\"}", "bad_json"},
    {"{\"a\": \"tab\there\"}", "bad_json"},
    {"{\"b\\u0000\": 1}", "bad_field"},
    {"{a: 1}", "bad_json"},
    {"{'a': 1}", "bad_json"},
    {"{\"a\": 1,}", "bad_json"},
    {"{\"a\": tru}", "bad_json"},
    {"{\"a\": 1 /* c */}", "bad_json"},
    {"7", "not_an_object"},
    {"\"text\"", "not_an_object"},
    {"null", "not_an_object"},
    {"[{\"a\": 1}]", "not_an_object"},
};

static void read_bad(const char *name, const char *content, const char *code)
{
    char expected[128];
    snprintf(expected, sizeof expected, "n:1\n!%s\nn:2\n", code);
    jsontest_start(&m, name, content, NULL, NULL);
    sourcetest_read(&m, "x", "a", NULL, &t);
    CU_ASSERT_EQUAL(t.status, MIG_END);
    CU_ASSERT_STRING_EQUAL(t.text, expected);
    CU_ASSERT_PTR_NULL(m.rejects[0].field);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.rejects[0].text, "record 2 at byte "));
    plugintest_stop(&m);
}

static void bad_record_costs_no_other(void)
{
    for (size_t i = 0; i < sizeof bad_records / sizeof *bad_records; i++) {
        char content[256];
        snprintf(content, sizeof content, "[{\"a\":1}, %s ,{\"a\":2}]", bad_records[i].record);
        read_bad("x.json", content, bad_records[i].code);
        snprintf(content, sizeof content, "{\"a\":1}\n%s\n{\"a\":2}\n", bad_records[i].record);
        read_bad("x.ndjson", content, bad_records[i].code);
    }
    read_bad("x.json", "[{\"a\":1},,{\"a\":2}]", "bad_json");
    read_bad("x.ndjson", "{\"a\":1}\n{\"a\": [\n{\"a\":2}\n", "bad_json");
}

/* jansson alone would take it. */
static void zero_byte_is_refused(void)
{
    static const char content[] = "[{\"a\":1}, {\"a\": 5\0 }, {\"a\":2}]";
    const char *path = jsontest_start(&m, "x.json", "", NULL, NULL);
    CU_ASSERT_STRING_EQUAL(path, sourcetest_file("x.json", content, sizeof content - 1));
    sourcetest_read(&m, "x", "a", NULL, &t);
    CU_ASSERT_STRING_EQUAL(t.text, "n:1\n!bad_json\nn:2\n");
    plugintest_stop(&m);
}

static void reasons_hold_no_value(void)
{
    jsontest_start(&m, "x.json",
                   "[{\"a\": \"canary\" canary}, {\"canary\": 1, \"canary\": 2}, canary]", NULL,
                   NULL);
    sourcetest_read(&m, "x", "a", NULL, &t);
    CU_ASSERT_EQUAL(t.rejects, 3);
    for (size_t i = 0; i < m.n_rejects; i++)
        CU_ASSERT_PTR_NULL(strstr(m.rejects[i].text, "canary"));
    plugintest_stop(&m);
}

/* Damage to what holds the records together: `says` must be in the message. */
static const struct {
    const char *name, *content, *says;
} broken[] = {
    {"x.json", "", "is empty"},
    {"x.json", " \n ", "is empty"},
    {"x.json", "[{\"a\":1},\n {\"a\":", "line 2 (byte 11): the file ends inside"},
    {"x.json", "[{\"a\":1},\n {\"a\": \"x", "line 2 (byte 11): the file ends inside"},
    {"x.json", "[{\"a\":1}\n", "the list ends without"},
    {"x.json", "[{\"a\":1},", "the list ends without"},
    {"x.json", "[", "the list ends without"},
    {"x.json", "[{\"a\":1}]\n]", "line 2 (byte 10): something follows"},
    {"x.json", "[{\"a\":1}] {}", "something follows"},
    {"x.json", "[{\"a\":[1}]", "closes what another kind opened"},
    {"x.json", "[{\"a\":1}}", "a comma or ']' is missing"},
    {"x.json", "true", "no JSON object or list"},
    {"x.json", "<html>", "no JSON object or list"},
    {"x.json", "\xef\xbb\xbf[]", "byte order mark"},
    {"x.json", "\xff\xfe[", "UTF-16"},
    {"x.ndjson", "{\"a\":1}\n{\"a\":", "line 2 (byte 8): the file ends inside"},
    {"doc.json", "{\"x\": [{\"a\":1}], \"y\": [", "the document ends in the middle"},
    {"doc.json", "{\"x\": [{\"a\":1}]", "the document ends in the middle"},
    {"doc.json", "{\"x\": [{\"a\":1}]} z", "something follows the end of the document"},
    {"doc.json", "{\"x\": [{\"a\":1}],}", "a comma stands before"},
    {"doc.json", "{\"x\": [{\"a\":1}], \"x\": []}", "comes twice"},
    {"doc.json", "{\"x\": [{\"a\":1}] \"y\": 1}", "a comma or '}' is missing"},
    {"doc.json", "{\"y\": \"1\" \"x\": [{\"a\":1}]}", "a comma or '}' is missing"},
    {"doc.json", "{\"x\" [{\"a\":1}]}", "':' is missing"},
    {"doc.json", "{\"x\": , \"y\": 1}", "a value is missing"},
    {"doc.json", "{\"x\": {\"a\":1}}", "is no list of records"},
    {"doc.json", "{\"x\": 5}", "is no list of records"},
    {"doc.json", "{\"x\": [{\"a\":1}] 5}", "something follows the end of the list"},
    {"doc.json", "{\"xx\": [{\"a\":1}]}", "no entity \"x\"; did you mean \"xx\""},
    {"y.json", "[{\"a\":1}]", "holds one entity, \"y\", and no \"x\""},
};

static void broken_structure_ends_the_read(void)
{
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        jsontest_start(&m, broken[i].name, broken[i].content, NULL, NULL);
        sourcetest_read(&m, "x", "a", NULL, &t);
        CU_ASSERT_EQUAL(t.status, MIG_E_SOURCE);
        CU_ASSERT_EQUAL(m.n_failed, 1);
        if (!strstr(m.text, broken[i].says))
            printf("\n%s: %s\n", broken[i].content, m.text);
        CU_ASSERT_PTR_NOT_NULL(strstr(m.text, broken[i].says));
        plugintest_stop(&m);
    }
}

static void empty_set_needs_the_option(void)
{
    static const char *const texts[] = {"[]", "[ \n ]", "{\"x\": []}"};
    for (size_t i = 0; i < 3; i++) {
        jsontest_start(&m, "x.json", texts[i], NULL, NULL);
        sourcetest_read(&m, "x", "a", NULL, &t);
        CU_ASSERT_EQUAL(t.status, MIG_E_SOURCE);
        CU_ASSERT_PTR_NOT_NULL(strstr(m.text, "has no record"));
        CU_ASSERT_PTR_NOT_NULL(strstr(m.fix, "allow_empty"));
        plugintest_stop(&m);
        jsontest_start(&m, "x.json", texts[i], "allow_empty", "true");
        sourcetest_read(&m, "x", "a", NULL, &t);
        CU_ASSERT_EQUAL(t.status, MIG_END);
        CU_ASSERT_EQUAL(t.records, 0);
        plugintest_stop(&m);
    }
}

/* A record of `size` bytes between two small ones, in a list or in lines. */
static char *with_long_record(size_t size, int lines)
{
    static const char before[] = "{\"a\":1}", after[] = "{\"a\":2}", head[] = "{\"a\":\"";
    char *text = malloc(size + 64), *p = text;
    if (!lines)
        *p++ = '[';
    p = stpcpy(p, before);
    *p++ = lines ? '\n' : ',';
    p = stpcpy(p, head);
    memset(p, 'y', size - sizeof head - 1);
    p += size - sizeof head - 1;
    p = stpcpy(p, "\"}");
    *p++ = lines ? '\n' : ',';
    p = stpcpy(p, after);
    stpcpy(p, lines ? "\n" : "]");
    return text;
}

/* Of records inside one window and of those that fill several. */
static void record_limit_is_exact(void)
{
    static const struct {
        size_t bytes;
        const char *text;
    } limits[] = {{2000, "2000"}, {400000, "400000"}};
    for (int i = 0; i < 4; i++)
        for (int over = -1; over <= 1; over++) {
            int lines = i & 1;
            char *text = with_long_record((size_t)((int)limits[i / 2].bytes + over), lines);
            jsontest_start(&m, lines ? "x.ndjson" : "x.json", text, "record_limit",
                           limits[i / 2].text);
            sourcetest_read(&m, "x", "b", NULL, &t);
            CU_ASSERT_STRING_EQUAL(t.text, over > 0 ? "-\n!too_long\n-\n" : "-\n-\n-\n");
            plugintest_stop(&m);
            free(text);
        }
}

static void many_values_are_refused_before_they_are_parsed(void)
{
    size_t n = 1000000;
    char *text = malloc(3 * n + 64), *p = stpcpy(text, "[{\"a\":1},{\"a\":[{}");
    for (size_t i = 0; i < n; i++)
        p = stpcpy(p, ",{}");
    stpcpy(p, "]},{\"a\":2}]");
    jsontest_start(&m, "x.json", text, NULL, NULL);
    sourcetest_read(&m, "x", "a", NULL, &t);
    CU_ASSERT_STRING_EQUAL(t.text, "n:1\n!too_many_values\nn:2\n");
    plugintest_stop(&m);
    free(text);
}

static void deep_record_is_refused(void)
{
    size_t n = 100000;
    char *text = malloc(2 * n + 64), *p = stpcpy(text, "[{\"a\":");
    memset(p, '[', n);
    memset(p + n, ']', n);
    stpcpy(p + 2 * n, "},{\"a\":2}]");
    jsontest_start(&m, "x.json", text, NULL, NULL);
    sourcetest_read(&m, "x", "a", NULL, &t);
    CU_ASSERT_STRING_EQUAL(t.text, "!too_deep\nn:2\n");
    plugintest_stop(&m);
    free(text);
}

/* `early`: before the last record, because records may be torn. */
static void expect_changed(int early)
{
    int32_t status;
    while ((status = sourcetest_next(&m, &t)) == MIG_OK)
        ;
    CU_ASSERT_EQUAL(status, MIG_E_SOURCE);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.text, "changed while it was read"));
    CU_ASSERT(!early || t.records < JSONTEST_LARGE);
    plugintest_stop(&m);
}

static void change_while_reading_is_found(void)
{
    struct timespec times[2] = {{0, 0}, {0, 0}};
    const char *path = jsontest_begin_large(&m, &t);
    int fd = open(path, O_WRONLY | O_APPEND);
    CU_ASSERT_EQUAL(write(fd, "\n", 1), 1);
    close(fd);
    expect_changed(1);

    path = jsontest_begin_large(&m, &t);
    CU_ASSERT_EQUAL(truncate(path, 200000), 0);
    expect_changed(1);

    path = jsontest_begin_large(&m, &t);
    CU_ASSERT_EQUAL(utimensat(AT_FDCWD, path, times, 0), 0);
    expect_changed(1);

    path = jsontest_begin_large(&m, &t);
    CU_ASSERT_EQUAL(rename(sourcetest_file("other.json", "[]", 2), path), 0);
    expect_changed(0);
}

static void change_between_entities_is_found(void)
{
    const char *path =
        jsontest_start(&m, "doc.json", "{\"x\": [{\"a\":1}], \"y\": [{\"a\":1}]}", NULL, NULL);
    sourcetest_read(&m, "x", "a", NULL, &t);
    CU_ASSERT_EQUAL(t.status, MIG_END);
    CU_ASSERT_EQUAL(truncate(path, 30), 0);
    sourcetest_read(&m, "y", "a", NULL, &t);
    CU_ASSERT_EQUAL(t.status, MIG_E_SOURCE);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.text, "changed while it was read"));
    plugintest_stop(&m);
}

static void expect_refused(const char *path, const char *says)
{
    struct mockhost_option options[] = {{"file", path}, {NULL, NULL}};
    plugintest_start(&m, "source-json", MIG_SOURCE, "json", options);
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->ping(m.self), MIG_E_SOURCE);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.text, says));
    plugintest_stop(&m);
}

static void what_is_no_file_is_named(void)
{
    char fifo[4200];
    snprintf(fifo, sizeof fifo, "%s/fifo", sourcetest_dir());
    CU_ASSERT(mkfifo(fifo, 0600) == 0 || errno == EEXIST);
    expect_refused(fifo, "is a pipe");
    expect_refused(sourcetest_dir(), "is a directory");
    expect_refused("/dev/zero", "is a device");
    expect_refused("/nowhere/x.json", "cannot be opened");
}

static void options_are_checked_together(void)
{
    static const char *const files[] = {"[]", "{}", "{\"a\": 1}", "{\"a\": \"\"}"};
    struct mockhost_option none[] = {{NULL, NULL}};
    CU_ASSERT_EQUAL(plugintest_start(&m, "source-json", MIG_SOURCE, "json", none), MIG_E_CONFIG);
    plugintest_stop(&m);
    struct mockhost_option both[] = {{"file", "x"}, {"files", "{\"a\": \"b\"}"}, {NULL, NULL}};
    CU_ASSERT_EQUAL(plugintest_start(&m, "source-json", MIG_SOURCE, "json", both), MIG_E_CONFIG);
    plugintest_stop(&m);
    for (size_t i = 0; i < 4; i++) {
        struct mockhost_option options[] = {{"files", files[i]}, {NULL, NULL}};
        CU_ASSERT_EQUAL(plugintest_start(&m, "source-json", MIG_SOURCE, "json", options),
                        MIG_E_CONFIG);
        plugintest_stop(&m);
    }
}

static void reading_can_be_cancelled(void)
{
    jsontest_begin_large(&m, &t);
    m.cancelled = 1;
    int32_t status;
    while ((status = sourcetest_next(&m, &t)) == MIG_OK)
        ;
    CU_ASSERT_EQUAL(status, MIG_E_CANCELLED);
    plugintest_stop(&m);
}

#define CASE(function) #function, function
static const struct unit_case cases[] = {
    {CASE(bad_record_costs_no_other)},
    {CASE(zero_byte_is_refused)},
    {CASE(reasons_hold_no_value)},
    {CASE(broken_structure_ends_the_read)},
    {CASE(empty_set_needs_the_option)},
    {CASE(record_limit_is_exact)},
    {CASE(many_values_are_refused_before_they_are_parsed)},
    {CASE(deep_record_is_refused)},
    {CASE(change_while_reading_is_found)},
    {CASE(change_between_entities_is_found)},
    {CASE(what_is_no_file_is_named)},
    {CASE(options_are_checked_together)},
    {CASE(reading_can_be_cancelled)},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("source_json_faults", cases, argc, argv);
}

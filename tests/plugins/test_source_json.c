/*
 * test_source_json.c - the source "json" through the ABI: what it gives, what it refuses.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sourcetest.h"
#include "unit.h"

static struct mockhost m;
static struct sourcetest t;

/* Writes `content` to a file and starts a source on it; up to two more options. */
static const char *start(const char *name, const char *content, const char *option,
                         const char *value)
{
    static struct mockhost_option options[3];
    const char *path = sourcetest_file(name, content, strlen(content));
    options[0] = (struct mockhost_option){"file", path};
    options[1] = (struct mockhost_option){option, value};
    options[2] = (struct mockhost_option){NULL, NULL};
    CU_ASSERT_EQUAL(mockhost_start(&m, "source-json", MIG_SOURCE, "json", options), MIG_OK);
    return path;
}

/* Reads the entity "x" of a file of this name and content. */
static void read_file(const char *name, const char *content, const char *fields,
                      const char *expected)
{
    start(name, content, NULL, NULL);
    sourcetest_read(&m, "x", fields, NULL, &t);
    CU_ASSERT_EQUAL(t.status, MIG_END);
    CU_ASSERT_STRING_EQUAL(t.text, expected);
    CU_ASSERT_STRING_EQUAL(m.text, "");
    mockhost_stop(&m);
}

static int32_t note_entity(void *ctx, const char *entity)
{
    char *all = ctx;
    strcat(strcat(all, entity), " ");
    return MIG_OK;
}

static void document_gives_each_entity(void)
{
    char all[256] = "";
    start("doc.json",
          " {\"a\": [{\"id\": 1}, {\"id\": 2}], \"b c\": [{\"id\": \"x\"}],\n"
          " \"meta\": {\"a\": 1}, \"\\u00e9\": [{\"id\": 5}] , \"n\": 1}\n",
          NULL, NULL);
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->ping(m.self), MIG_OK);
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->entities(m.self, all, note_entity), MIG_OK);
    CU_ASSERT_STRING_EQUAL(all, "a b c meta \xc3\xa9 n ");
    sourcetest_read(&m, "b c", "id", NULL, &t);
    CU_ASSERT_STRING_EQUAL(t.text, "t:x\n");
    sourcetest_read(&m, "a", "id", NULL, &t);
    CU_ASSERT_STRING_EQUAL(t.text, "n:1\nn:2\n");
    sourcetest_read(&m, "\xc3\xa9", "id", NULL, &t);
    CU_ASSERT_STRING_EQUAL(t.text, "n:5\n");
    CU_ASSERT_EQUAL(m.n_failed, 0);
    mockhost_stop(&m);
}

static void numbers_keep_their_digits(void)
{
    read_file("x.json",
              "[{\"n\": 0.10}, {\"n\": 12345678901234567890123}, {\"n\": -0.0},"
              "{\"n\":1E5 }, {\"n\":3.141592653589793238462643383279502884}]",
              "n",
              "n:0.10\nn:12345678901234567890123\nn:-0.0\nn:1E5\n"
              "n:3.141592653589793238462643383279502884\n");
}

static void strings_come_unescaped(void)
{
    read_file("x.json",
              "[{\"a\": \"q\\\"\\\\ \\ud83d\\ude00\", \"b\": \"plain\", \"c\": \"\\u00e9\\/\"},"
              "{\"\\u0061\": \"key\", \"b\": \"\", \"c\": \"\\n\"}]",
              "a b c", "t:q\"\\ \xf0\x9f\x98\x80|t:plain|t:\xc3\xa9/\nt:key|t:|t:\n\n");
}

static void absent_null_and_value_are_three_things(void)
{
    read_file("x.json", "[{\"a\": null, \"c\": true}, {\"b\": false, \"c\": \"\"}]", "a b c",
              "N|-|b:true\n-|b:false|t:\n");
}

static void nested_values_come_as_text(void)
{
    read_file("x.json",
              "[{\"a\": {\"k\": [1.0, \"]\"]} , \"b\": [ {\"c\":1} ]}, {\"b\": [], \"a\": {}}]",
              "a b", "j:{\"k\": [1.0, \"]\"]}|j:[ {\"c\":1} ]\nj:{}|j:[]\n");
}

static void field_may_be_asked_for_twice(void)
{
    read_file("x.json", "[{\"a\": 1, \"b\": 2}, {\"b\": 3}]", "a b a", "n:1|n:2|n:1\n-|n:3|-\n");
}

static void every_form_is_told_by_its_bytes(void)
{
    read_file("x.json", "[{\"a\":1}\n,{\"a\":2}]\n", "a", "n:1\nn:2\n");
    read_file("x.json", "{\"a\":1}\n\n{\"a\":2}\r\n{\"a\":3}", "a", "n:1\nn:2\nn:3\n");
    read_file("x.json", "{\"x\":[{\"a\":1}]}", "a", "n:1\n");
    read_file("x.ndjson", "{\"a\":1}", "a", "n:1\n");
    read_file("x.jsonl", "[1]\n{\"a\":1}\n", "a", "!not_an_object\nn:1\n");
}

static void start_files(const char *files, const char *option, const char *value)
{
    static struct mockhost_option options[4];
    options[0] = (struct mockhost_option){"files", files};
    options[1] = (struct mockhost_option){"dir", sourcetest_dir()};
    options[2] = (struct mockhost_option){option, value};
    CU_ASSERT_EQUAL(mockhost_start(&m, "source-json", MIG_SOURCE, "json", options), MIG_OK);
}

static void files_give_an_entity_each(void)
{
    char all[256] = "";
    sourcetest_file("l.json", "[{\"a\":1}]", 9);
    sourcetest_file("n.txt", "{\"a\":2}\n{\"a\":3}\n", 16);
    sourcetest_file("o.json", "{\n \"a\": 4\n}\n", 12);
    start_files("{\"list\": \"l.json\", \"lines\": \"n.txt\", \"one\": \"o.json\"}", NULL, NULL);
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->ping(m.self), MIG_OK);
    sourcetest_ops(&m)->entities(m.self, all, note_entity);
    CU_ASSERT_EQUAL(strlen(all), strlen("list lines one "));
    sourcetest_read(&m, "list", "a", NULL, &t);
    CU_ASSERT_STRING_EQUAL(t.text, "n:1\n");
    sourcetest_read(&m, "lines", "a", NULL, &t);
    CU_ASSERT_STRING_EQUAL(t.text, "n:2\nn:3\n");
    sourcetest_read(&m, "one", "a", NULL, &t);
    CU_ASSERT_STRING_EQUAL(t.text, "n:4\n");
    sourcetest_read(&m, "line", "a", NULL, &t);
    CU_ASSERT_EQUAL(t.status, MIG_E_SOURCE);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.text, "did you mean \"lines\""));
    mockhost_stop(&m);
}

static void root_leads_to_the_entities(void)
{
    static const char text[] = "{\"v\": 1, \"data\": {\"all\": {\"x\": [{\"a\":1}]}}, \"x\": 2}";
    start("x.json", text, "root", "data.all");
    sourcetest_read(&m, "x", "a", NULL, &t);
    CU_ASSERT_STRING_EQUAL(t.text, "n:1\n");
    mockhost_stop(&m);
    start("x.json", text, "root", "data.none");
    sourcetest_read(&m, "x", "a", NULL, &t);
    CU_ASSERT_EQUAL(t.status, MIG_E_SOURCE);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.text, "no object at \"data.none\""));
    mockhost_stop(&m);
    start_files("{\"people\": \"x.json\"}", "root", "data.all.x");
    sourcetest_read(&m, "people", "a", NULL, &t);
    CU_ASSERT_STRING_EQUAL(t.text, "n:1\n");
    mockhost_stop(&m);
}

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
    start(name, content, NULL, NULL);
    sourcetest_read(&m, "x", "a", NULL, &t);
    CU_ASSERT_EQUAL(t.status, MIG_END);
    CU_ASSERT_STRING_EQUAL(t.text, expected);
    CU_ASSERT_PTR_NULL(m.rejects[0].field);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.rejects[0].text, "record 2 at byte "));
    mockhost_stop(&m);
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

static void reasons_hold_no_value(void)
{
    start("x.json", "[{\"a\": \"canary\" canary}, {\"canary\": 1, \"canary\": 2}, canary]", NULL,
          NULL);
    sourcetest_read(&m, "x", "a", NULL, &t);
    CU_ASSERT_EQUAL(t.rejects, 3);
    for (size_t i = 0; i < m.n_rejects; i++)
        CU_ASSERT_PTR_NULL(strstr(m.rejects[i].text, "canary"));
    mockhost_stop(&m);
}

static void nul_escape_is_for_the_host_to_judge(void)
{
    mig_record_t rec = {.size = sizeof rec};
    mig_wait_t wait = {.size = sizeof wait};
    const char *field = "a";
    start("x.json", "[{\"a\": \"b\\u0000c\"}]", NULL, NULL);
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->open(m.self, "x", &field, 1, NULL, 0, (mig_str_t){"", 0}),
                    MIG_OK);
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->next(m.self, &rec, &wait), MIG_OK);
    CU_ASSERT_EQUAL(rec.values[0].len, 3);
    CU_ASSERT_EQUAL(memcmp(rec.values[0].data, "b\0c", 3), 0);
    mockhost_stop(&m);
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
    {"doc.json", "{\"x\": [{\"a\":1}] 5}", "a comma or '}' is missing"},
    {"doc.json", "{\"xx\": [{\"a\":1}]}", "no entity \"x\"; did you mean \"xx\""},
    {"y.json", "[{\"a\":1}]", "holds one entity, \"y\", and no \"x\""},
};

static void broken_structure_ends_the_read(void)
{
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        start(broken[i].name, broken[i].content, NULL, NULL);
        sourcetest_read(&m, "x", "a", NULL, &t);
        CU_ASSERT_EQUAL(t.status, MIG_E_SOURCE);
        CU_ASSERT_EQUAL(m.n_failed, 1);
        if (!strstr(m.text, broken[i].says))
            printf("\n%s: %s\n", broken[i].content, m.text);
        CU_ASSERT_PTR_NOT_NULL(strstr(m.text, broken[i].says));
        mockhost_stop(&m);
    }
}

static void empty_set_needs_the_option(void)
{
    static const char *const texts[] = {"[]", "[ \n ]", "{\"x\": []}"};
    for (size_t i = 0; i < 3; i++) {
        start("x.json", texts[i], NULL, NULL);
        sourcetest_read(&m, "x", "a", NULL, &t);
        CU_ASSERT_EQUAL(t.status, MIG_E_SOURCE);
        CU_ASSERT_PTR_NOT_NULL(strstr(m.text, "has no record"));
        CU_ASSERT_PTR_NOT_NULL(strstr(m.fix, "allow_empty"));
        mockhost_stop(&m);
        start("x.json", texts[i], "allow_empty", "true");
        sourcetest_read(&m, "x", "a", NULL, &t);
        CU_ASSERT_EQUAL(t.status, MIG_END);
        CU_ASSERT_EQUAL(t.records, 0);
        mockhost_stop(&m);
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

static void record_limit_is_exact(void)
{
    static const size_t limit = 400000;
    for (int lines = 0; lines < 2; lines++)
        for (size_t size = limit - 1; size <= limit + 1; size++) {
            char *text = with_long_record(size, lines);
            mig_str_t raw;
            start(lines ? "x.ndjson" : "x.json", text, "record_limit", "400000");
            sourcetest_read(&m, "x", "b", NULL, &t);
            CU_ASSERT_STRING_EQUAL(t.text, size > limit ? "-\n!too_long\n-\n" : "-\n-\n-\n");
            CU_ASSERT_EQUAL(sourcetest_ops(&m)->raw(m.self, &raw), MIG_OK);
            mockhost_stop(&m);
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
    start("x.json", text, NULL, NULL);
    sourcetest_read(&m, "x", "a", NULL, &t);
    CU_ASSERT_STRING_EQUAL(t.text, "n:1\n!too_many_values\nn:2\n");
    mockhost_stop(&m);
    free(text);
}

static void deep_record_is_refused(void)
{
    size_t n = 100000;
    char *text = malloc(2 * n + 64), *p = stpcpy(text, "[{\"a\":");
    memset(p, '[', n);
    memset(p + n, ']', n);
    stpcpy(p + 2 * n, "},{\"a\":2}]");
    start("x.json", text, NULL, NULL);
    sourcetest_read(&m, "x", "a", NULL, &t);
    CU_ASSERT_STRING_EQUAL(t.text, "!too_deep\nn:2\n");
    mockhost_stop(&m);
    free(text);
}

/* Records that lie across the end of the window, cut at every byte. */
static void records_survive_every_cut(void)
{
    static const char tail[] = "{\"a\": \"\\\\\\\"]},\" , \"b\":[1,{\"c\":\"\\\\\"}], \"n\": 1.5}";
    size_t window = (size_t)128 << 10, n = sizeof tail - 1;
    char *text = malloc(window + 4 * n);
    for (int lines = 0; lines < 2; lines++)
        for (size_t before = window - 2 * n; before <= window; before++) {
            memset(text, ' ', before);
            text[0] = lines ? ' ' : '[';
            char *p = stpcpy(text + before, tail);
            *p++ = lines ? '\n' : ',';
            p = stpcpy(p, tail);
            stpcpy(p, lines ? "\n" : "]");
            start(lines ? "x.ndjson" : "x.json", text, NULL, NULL);
            sourcetest_read(&m, "x", "a b n", NULL, &t);
            CU_ASSERT_STRING_EQUAL(t.text, "t:\\\"]},|j:[1,{\"c\":\"\\\\\"}]|n:1.5\n"
                                           "t:\\\"]},|j:[1,{\"c\":\"\\\\\"}]|n:1.5\n");
            mockhost_stop(&m);
        }
    free(text);
}

static void field_nobody_has_is_warned_of(void)
{
    start("x.json", "[{\"a\":1,\"extra\":2},{\"extra\":3,\"a\":4}]", NULL, NULL);
    sourcetest_read(&m, "x", "a emial", NULL, &t);
    CU_ASSERT(mockhost_logged(&m, MIG_LOG_WARNING, "no record of \"x\" has the field \"emial\""));
    CU_ASSERT_FALSE(mockhost_logged(&m, MIG_LOG_WARNING, "\"a\""));
    CU_ASSERT(mockhost_logged(&m, MIG_LOG_DEBUG, "\"extra\""));
    CU_ASSERT_EQUAL(m.n_logs, 2);
    mockhost_stop(&m);
}

static void names_that_nobody_reads_are_bounded(void)
{
    size_t n = 100000;
    char *text = malloc(32 * n), *p = stpcpy(text, "[{\"a\":1");
    for (size_t i = 0; i < n; i++)
        p += sprintf(p, "},{\"key%zu\":1", i);
    stpcpy(p, "}]");
    start("x.json", text, NULL, NULL);
    sourcetest_read(&m, "x", "a", NULL, &t);
    CU_ASSERT_EQUAL(t.records, n + 1);
    CU_ASSERT_EQUAL(m.n_logs, 200);
    mockhost_stop(&m);
    free(text);
}

/* Stops behind each record in turn and goes on with a new instance. */
static void position_goes_on_behind_a_record(void)
{
    static const char list[] =
        "{\"w\":[1], \"x\" : [ {\"a\":1} , {\"a\":2},\n{\"a\":3}x,{\"a\":4} ]}",
                      lines[] = "{\"a\":1}\n{\"a\":2}\n{\"a\":3}x\n\n{\"a\":4}\n";
    const char *field = "a";
    for (int k = 0; k < 8; k++) {
        const char *name = k < 4 ? "doc.json" : "x.ndjson", *text = k < 4 ? list : lines;
        char all[128] = "", saved[64];
        mig_str_t position;
        start(name, text, NULL, NULL);
        sourcetest_ops(&m)->open(m.self, "x", &field, 1, NULL, 0, (mig_str_t){"", 0});
        memset(&t, 0, sizeof t);
        for (int i = 0; i <= k % 4; i++)
            sourcetest_next(&m, &t);
        strcpy(all, t.text);
        CU_ASSERT_EQUAL(sourcetest_ops(&m)->position(m.self, &position), MIG_OK);
        memcpy(saved, position.data, position.len);
        position.data = saved;
        mockhost_stop(&m);

        start(name, text, NULL, NULL);
        sourcetest_read_from(&m, "x", "a", NULL, position, &t);
        CU_ASSERT_EQUAL(t.status, MIG_END);
        CU_ASSERT_STRING_EQUAL(strcat(all, t.text), "n:1\nn:2\n!trailing_garbage\nn:4\n");
        CU_ASSERT(k % 4 > 1 || strstr(m.rejects[0].text, "record 3 ") != NULL);
        mockhost_stop(&m);
    }
}

static void raw_gives_the_record_as_read(void)
{
    static const char *const expected[] = {"{ \"a\": 1.0 , \"b\":[] }",
                                           "\"{\\\"a\\\": \xef\xbf\xbd}\"", "\"{\\\"a\\\":1,}\""};
    const char *field = "a";
    mig_str_t raw;
    start("x.json", "[ { \"a\": 1.0 , \"b\":[] } , {\"a\": \xff}, {\"a\":1,}]", NULL, NULL);
    sourcetest_ops(&m)->open(m.self, "x", &field, 1, NULL, 0, (mig_str_t){"", 0});
    for (int i = 0; i < 3; i++) {
        sourcetest_next(&m, &t);
        CU_ASSERT_EQUAL(sourcetest_ops(&m)->raw(m.self, &raw), MIG_OK);
        CU_ASSERT_EQUAL(raw.len, strlen(expected[i]));
        CU_ASSERT_EQUAL(memcmp(raw.data, expected[i], raw.len), 0);
        json_t *json = json_loadb(raw.data, raw.len, JSON_DECODE_ANY, NULL);
        CU_ASSERT_PTR_NOT_NULL(json);
        json_decref(json);
    }
    mockhost_stop(&m);
}

/* Opens a file of two windows, reads a record, and leaves the rest to the caller. */
static const char *begin_large(void)
{
    size_t n = 40000;
    char *text = malloc(16 * n), *p = stpcpy(text, "[{\"a\":1}");
    const char *field = "a";
    for (size_t i = 0; i < n; i++)
        p = stpcpy(p, ",{\"a\":2}");
    stpcpy(p, "]");
    const char *path = start("x.json", text, NULL, NULL);
    free(text);
    memset(&t, 0, sizeof t);
    sourcetest_ops(&m)->open(m.self, "x", &field, 1, NULL, 0, (mig_str_t){"", 0});
    CU_ASSERT_EQUAL(sourcetest_next(&m, &t), MIG_OK);
    return path;
}

static void expect_changed(void)
{
    int32_t status;
    while ((status = sourcetest_next(&m, &t)) == MIG_OK)
        ;
    CU_ASSERT_EQUAL(status, MIG_E_SOURCE);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.text, "changed while it was read"));
    mockhost_stop(&m);
}

static void change_while_reading_is_found(void)
{
    struct timespec times[2] = {{0, 0}, {0, 0}};
    const char *path = begin_large();
    int fd = open(path, O_WRONLY | O_APPEND);
    CU_ASSERT_EQUAL(write(fd, "\n", 1), 1);
    close(fd);
    expect_changed();

    path = begin_large();
    CU_ASSERT_EQUAL(truncate(path, 200000), 0);
    expect_changed();

    path = begin_large();
    CU_ASSERT_EQUAL(utimensat(AT_FDCWD, path, times, 0), 0);
    expect_changed();

    path = begin_large();
    CU_ASSERT_EQUAL(rename(sourcetest_file("other.json", "[]", 2), path), 0);
    expect_changed();
}

static void change_between_entities_is_found(void)
{
    const char *path = start("doc.json", "{\"x\": [{\"a\":1}], \"y\": [{\"a\":1}]}", NULL, NULL);
    sourcetest_read(&m, "x", "a", NULL, &t);
    CU_ASSERT_EQUAL(t.status, MIG_END);
    CU_ASSERT_EQUAL(truncate(path, 30), 0);
    sourcetest_read(&m, "y", "a", NULL, &t);
    CU_ASSERT_EQUAL(t.status, MIG_E_SOURCE);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.text, "changed while it was read"));
    mockhost_stop(&m);
}

static void identity_tells_contents_apart(void)
{
    mig_str_t id;
    char first[128];
    start("x.json", "[]", NULL, NULL);
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->identity(m.self, "x", &id), MIG_OK);
    memcpy(first, id.data, id.len);
    first[id.len] = '\0';
    CU_ASSERT(id.len > 0);
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->identity(m.self, "x", &id), MIG_OK);
    CU_ASSERT_EQUAL(strncmp(first, id.data, id.len), 0);
    sourcetest_file("x.json", "[1]", 3);
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->identity(m.self, "x", &id), MIG_OK);
    CU_ASSERT_NOT_EQUAL(strncmp(first, id.data, id.len), 0);
    mockhost_stop(&m);
}

static void expect_refused(const char *path, const char *says)
{
    struct mockhost_option options[] = {{"file", path}, {NULL, NULL}};
    mockhost_start(&m, "source-json", MIG_SOURCE, "json", options);
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->ping(m.self), MIG_E_SOURCE);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.text, says));
    mockhost_stop(&m);
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
    CU_ASSERT_EQUAL(mockhost_start(&m, "source-json", MIG_SOURCE, "json", none), MIG_E_CONFIG);
    mockhost_stop(&m);
    struct mockhost_option both[] = {{"file", "x"}, {"files", "{\"a\": \"b\"}"}, {NULL, NULL}};
    CU_ASSERT_EQUAL(mockhost_start(&m, "source-json", MIG_SOURCE, "json", both), MIG_E_CONFIG);
    mockhost_stop(&m);
    for (size_t i = 0; i < 4; i++) {
        struct mockhost_option options[] = {{"files", files[i]}, {NULL, NULL}};
        CU_ASSERT_EQUAL(mockhost_start(&m, "source-json", MIG_SOURCE, "json", options),
                        MIG_E_CONFIG);
        mockhost_stop(&m);
    }
}

static void reading_can_be_cancelled(void)
{
    begin_large();
    m.cancelled = 1;
    int32_t status;
    while ((status = sourcetest_next(&m, &t)) == MIG_OK)
        ;
    CU_ASSERT_EQUAL(status, MIG_E_CANCELLED);
    mockhost_stop(&m);
}

static void progress_goes_from_none_to_all(void)
{
    begin_large();
    int64_t last = sourcetest_ops(&m)->progress(m.self);
    CU_ASSERT(last >= 0 && last < 1000);
    while (sourcetest_next(&m, &t) == MIG_OK) {
        int64_t now = sourcetest_ops(&m)->progress(m.self);
        CU_ASSERT(now >= last);
        last = now;
    }
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->progress(m.self), 1000000);
    mockhost_stop(&m);
}

#define CASE(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }
static const struct unit_case cases[] = {
    CASE(document_gives_each_entity),
    CASE(numbers_keep_their_digits),
    CASE(strings_come_unescaped),
    CASE(absent_null_and_value_are_three_things),
    CASE(nested_values_come_as_text),
    CASE(field_may_be_asked_for_twice),
    CASE(every_form_is_told_by_its_bytes),
    CASE(files_give_an_entity_each),
    CASE(root_leads_to_the_entities),
    CASE(bad_record_costs_no_other),
    CASE(reasons_hold_no_value),
    CASE(nul_escape_is_for_the_host_to_judge),
    CASE(broken_structure_ends_the_read),
    CASE(empty_set_needs_the_option),
    CASE(record_limit_is_exact),
    CASE(many_values_are_refused_before_they_are_parsed),
    CASE(deep_record_is_refused),
    CASE(records_survive_every_cut),
    CASE(field_nobody_has_is_warned_of),
    CASE(names_that_nobody_reads_are_bounded),
    CASE(position_goes_on_behind_a_record),
    CASE(raw_gives_the_record_as_read),
    CASE(change_while_reading_is_found),
    CASE(change_between_entities_is_found),
    CASE(identity_tells_contents_apart),
    CASE(what_is_no_file_is_named),
    CASE(options_are_checked_together),
    CASE(reading_can_be_cancelled),
    CASE(progress_goes_from_none_to_all),
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("source_json", cases, argc, argv);
}

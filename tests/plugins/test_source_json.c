/*
 * test_source_json.c - the source "json" through the ABI: what it gives. What it refuses is in
 * test_source_json_faults.c.
 */
#include <jansson.h>
#include <stdlib.h>

#include "jsontest.h"
#include "unit.h"

static struct mockhost m;
static struct sourcetest t;

/* Reads the entity "x" of a file of this name and content. */
static void read_file(const char *name, const char *content, const char *fields,
                      const char *expected)
{
    jsontest_start(&m, name, content, NULL, NULL);
    sourcetest_read(&m, "x", fields, NULL, &t);
    CU_ASSERT_EQUAL(t.status, MIG_END);
    CU_ASSERT_STRING_EQUAL(t.text, expected);
    CU_ASSERT_STRING_EQUAL(m.text, "");
    plugintest_stop(&m);
}

static int32_t note_entity(void *ctx, const char *entity)
{
    char *all = ctx;
    size_t n = strlen(all);
    snprintf(all + n, 256 - n, "%s ", entity);
    return MIG_OK;
}

static void document_gives_each_entity(void)
{
    char all[256] = "";
    jsontest_start(&m, "doc.json",
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
    plugintest_stop(&m);
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
    read_file("x.json", "{\"x\":[{\"a\":1}]}\n", "a", "n:1\n");
    read_file("x.ndjson", "{\"a\":1}", "a", "n:1\n");
    read_file("x.jsonl", "[1]\n{\"a\":1}\n", "a", "!not_an_object\nn:1\n");
}

static void start_files(const char *files, const char *option, const char *value)
{
    static struct mockhost_option options[4];
    options[0] = (struct mockhost_option){"files", files};
    options[1] = (struct mockhost_option){"dir", sourcetest_dir()};
    options[2] = (struct mockhost_option){option, value};
    CU_ASSERT_EQUAL(plugintest_start(&m, "source-json", MIG_SOURCE, "json", options), MIG_OK);
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
    plugintest_stop(&m);
}

static void root_leads_to_the_entities(void)
{
    static const char text[] = "{\"v\": 1, \"data\": {\"all\": {\"x\": [{\"a\":1}]}}, \"x\": 2}";
    jsontest_start(&m, "x.json", text, "root", "data.all");
    sourcetest_read(&m, "x", "a", NULL, &t);
    CU_ASSERT_STRING_EQUAL(t.text, "n:1\n");
    plugintest_stop(&m);
    jsontest_start(&m, "x.json", text, "root", "data.none");
    sourcetest_read(&m, "x", "a", NULL, &t);
    CU_ASSERT_EQUAL(t.status, MIG_E_SOURCE);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.text, "no object at \"data.none\""));
    plugintest_stop(&m);
    start_files("{\"people\": \"x.json\"}", "root", "data.all.x");
    sourcetest_read(&m, "people", "a", NULL, &t);
    CU_ASSERT_STRING_EQUAL(t.text, "n:1\n");
    plugintest_stop(&m);
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
            jsontest_start(&m, lines ? "x.ndjson" : "x.json", text, NULL, NULL);
            sourcetest_read(&m, "x", "a b n", NULL, &t);
            CU_ASSERT_STRING_EQUAL(t.text, "t:\\\"]},|j:[1,{\"c\":\"\\\\\"}]|n:1.5\n"
                                           "t:\\\"]},|j:[1,{\"c\":\"\\\\\"}]|n:1.5\n");
            plugintest_stop(&m);
        }
    free(text);
}

static void field_nobody_has_is_warned_of(void)
{
    jsontest_start(&m, "x.json", "[{\"a\":1,\"extra\":2},{\"extra\":3,\"a\":4}]", NULL, NULL);
    sourcetest_read(&m, "x", "a emial", NULL, &t);
    CU_ASSERT(mockhost_logged(&m, MIG_LOG_WARNING, "no record of \"x\" has the field \"emial\""));
    CU_ASSERT_FALSE(mockhost_logged(&m, MIG_LOG_WARNING, "\"a\""));
    CU_ASSERT(mockhost_logged(&m, MIG_LOG_DEBUG, "\"extra\""));
    CU_ASSERT_EQUAL(m.n_logs, 2);
    plugintest_stop(&m);
}

static void names_that_nobody_reads_are_bounded(void)
{
    size_t n = 100000;
    char *text = malloc(32 * n), *p = stpcpy(text, "[{\"a\":1");
    for (size_t i = 0; i < n; i++)
        p += snprintf(p, 32, "},{\"key%zu\":1", i);
    stpcpy(p, "}]");
    jsontest_start(&m, "x.json", text, NULL, NULL);
    sourcetest_read(&m, "x", "a", NULL, &t);
    CU_ASSERT_EQUAL(t.records, n + 1);
    CU_ASSERT_EQUAL(m.n_logs, 200);
    plugintest_stop(&m);
    free(text);
}

/* Stops behind each record in turn, and at the end, and goes on with a new instance. */
static void position_goes_on_behind_a_record(void)
{
    static const char list[] =
        "{\"w\":[1], \"x\" : [ {\"a\":1} , {\"a\":2},\n{\"a\":3}x,{\"a\":4} ]}",
                      lines[] = "{\"a\":1}\n{\"a\":2}\n{\"a\":3}x\n\n{\"a\":4}\n";
    static const char expected[] = "n:1\nn:2\n!trailing_garbage\nn:4\n";
    const char *field = "a";
    for (int k = 0; k < 10; k++) {
        const char *name = k < 5 ? "doc.json" : "x.ndjson", *text = k < 5 ? list : lines;
        char saved[64];
        mig_str_t position;
        jsontest_start(&m, name, text, NULL, NULL);
        sourcetest_ops(&m)->open(m.self, "x", &field, 1, NULL, 0, (mig_str_t){"", 0});
        memset(&t, 0, sizeof t);
        for (int i = 0; i <= k % 5; i++)
            sourcetest_next(&m, &t);
        size_t half = t.len;
        CU_ASSERT_EQUAL(strncmp(t.text, expected, half), 0);
        CU_ASSERT_EQUAL(sourcetest_ops(&m)->position(m.self, &position), MIG_OK);
        memcpy(saved, position.data, position.len);
        position.data = saved;
        plugintest_stop(&m);

        jsontest_start(&m, name, text, NULL, NULL);
        sourcetest_read_from(&m, "x", "a", NULL, position, &t);
        CU_ASSERT_EQUAL(t.status, MIG_END);
        CU_ASSERT_STRING_EQUAL(t.text, expected + half);
        CU_ASSERT(k % 5 > 1 || strstr(m.rejects[0].text, "record 3 ") != NULL);
        plugintest_stop(&m);
    }
}

static void raw_gives_the_record_as_read(void)
{
    static const char *const expected[] = {"{ \"a\": 1.0 , \"b\":[] }",
                                           "\"{\\\"a\\\": \xef\xbf\xbd}\"", "\"{\\\"a\\\":1,}\""};
    const char *field = "a";
    mig_str_t raw;
    jsontest_start(&m, "x.json", "[ { \"a\": 1.0 , \"b\":[] } , {\"a\": \xff}, {\"a\":1,}]", NULL,
                   NULL);
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
    plugintest_stop(&m);
}

static void identity_tells_contents_apart(void)
{
    mig_str_t id;
    char first[128];
    jsontest_start(&m, "x.json", "[]", NULL, NULL);
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->identity(m.self, "x", &id), MIG_OK);
    memcpy(first, id.data, id.len);
    first[id.len] = '\0';
    CU_ASSERT(id.len > 0);
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->identity(m.self, "x", &id), MIG_OK);
    CU_ASSERT_EQUAL(strncmp(first, id.data, id.len), 0);
    sourcetest_file("x.json", "[1]", 3);
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->identity(m.self, "x", &id), MIG_OK);
    CU_ASSERT_NOT_EQUAL(strncmp(first, id.data, id.len), 0);
    plugintest_stop(&m);
}

static void nul_escape_is_for_the_host_to_judge(void)
{
    mig_record_t rec = {.size = sizeof rec};
    mig_wait_t wait = {.size = sizeof wait};
    const char *field = "a";
    jsontest_start(&m, "x.json", "[{\"a\": \"b\\u0000c\"}]", NULL, NULL);
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->open(m.self, "x", &field, 1, NULL, 0, (mig_str_t){"", 0}),
                    MIG_OK);
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->next(m.self, &rec, &wait), MIG_OK);
    CU_ASSERT_EQUAL(rec.values[0].len, 3);
    CU_ASSERT_EQUAL(memcmp(rec.values[0].data, "b\0c", 3), 0);
    plugintest_stop(&m);
}

static void progress_goes_from_none_to_all(void)
{
    jsontest_begin_large(&m, &t);
    int64_t last = sourcetest_ops(&m)->progress(m.self);
    CU_ASSERT(last >= 0 && last < 1000);
    while (sourcetest_next(&m, &t) == MIG_OK) {
        int64_t now = sourcetest_ops(&m)->progress(m.self);
        CU_ASSERT(now >= last);
        last = now;
    }
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->progress(m.self), 1000000);
    plugintest_stop(&m);
}

#define CASE(function) #function, function
static const struct unit_case cases[] = {
    {CASE(document_gives_each_entity)},
    {CASE(numbers_keep_their_digits)},
    {CASE(strings_come_unescaped)},
    {CASE(absent_null_and_value_are_three_things)},
    {CASE(nested_values_come_as_text)},
    {CASE(field_may_be_asked_for_twice)},
    {CASE(every_form_is_told_by_its_bytes)},
    {CASE(files_give_an_entity_each)},
    {CASE(root_leads_to_the_entities)},
    {CASE(nul_escape_is_for_the_host_to_judge)},
    {CASE(records_survive_every_cut)},
    {CASE(field_nobody_has_is_warned_of)},
    {CASE(names_that_nobody_reads_are_bounded)},
    {CASE(position_goes_on_behind_a_record)},
    {CASE(raw_gives_the_record_as_read)},
    {CASE(identity_tells_contents_apart)},
    {CASE(progress_goes_from_none_to_all)},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("source_json", cases, argc, argv);
}

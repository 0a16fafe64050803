/* fuzz_jsonscan.c - any bytes through the structural scanner and the JSON strings.
 *
 * What jansson takes for one value must look the same to the scanner: its end, wherever the text
 * is cut in two, its members, and their strings. What jansson refuses must only do no harm.
 */
#include "fuzz.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/jsonscan.h"
#include "common/jsontext.h"

const char *const fuzz_seeds[] = {
    "{\"a\": [1, {\"b\": \"x,]}\"}], \"c\": \"\\\"\\\\\", \"d\": null}",
    "{\"\\u00e9\": \"\\ud83d\\ude00\", \"n\": -12.50e+3, \"t\": true, \"f\": false, \"e\": {}}",
    "[[[]], {}, \"\\\\\", \"\\\\\\\"\", \"{\", 1 , 2]",
    "\"text with \\u0022 and \\\\\"",
    " { } ",
    "{\"a\":1,\"a\":2,\"\":[],\"b\":\"\xc3\xa9\"}",
    NULL,
};

static void require(int condition)
{
    if (!condition)
        abort();
}

/* Followed by a comma, the value ends there, in one piece and in two. */
static void check_end(const char *text, size_t n)
{
    char *longer = malloc(n + 1);
    struct jsonscan s;
    size_t used, more;
    require(longer != NULL);
    memcpy(longer, text, n);
    longer[n] = ',';
    jsonscan_begin(&s);
    require(jsonscan_feed(&s, longer, n + 1, &used) == JSONSCAN_END && used == n);
    require(s.parts <= 1);
    for (size_t cut = 0; cut <= n; cut += 1 + n / 50) {
        jsonscan_begin(&s);
        require(jsonscan_feed(&s, longer, cut, &used) == JSONSCAN_MORE && used == cut);
        require(jsonscan_feed(&s, longer + cut, n + 1 - cut, &more) == JSONSCAN_END);
        require(cut + more == n && jsonscan_closed(&s));
    }
    free(longer);
}

/* A value of jansson's and the raw text that the scanner found for it. */
static void check_value(const json_t *expected, struct jsonscan_slice raw)
{
    mig_value_t v;
    char *room = malloc(raw.len + 1), *scratch = room;
    require(room && jsontext_value(raw.data, raw.len, &scratch, &v) == 0);
    require(scratch <= room + raw.len);
    switch (json_typeof(expected)) {
    case JSON_STRING:
        require(v.kind == MIG_TEXT && v.len == json_string_length(expected));
        require(memcmp(v.data, json_string_value(expected), v.len) == 0);
        break;
    case JSON_INTEGER:
    case JSON_REAL:
        require(v.kind == MIG_NUMBER);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        require(v.kind == MIG_BOOL && v.len == (json_is_true(expected) ? 4U : 5U));
        break;
    case JSON_NULL:
        require(v.kind == MIG_NULL);
        break;
    default:
        require(v.kind == MIG_JSON && v.len == raw.len);
        json_t *again =
            json_loadb(raw.data, raw.len, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
        require(json_equal(again, (json_t *)expected));
        json_decref(again);
    }
    free(room);
}

static void check_members(json_t *object, const char *text, size_t n)
{
    struct jsonscan_walk w;
    struct jsonscan_member m;
    int more;
    size_t members = 0;
    struct jsonscan_slice trimmed = jsonscan_trim(text, n), found;
    jsonscan_walk(&w, trimmed.data, trimmed.len);
    while ((more = jsonscan_next(&w, &m)) == 1) {
        char *key = malloc(m.key.len + 1);
        size_t len = jsontext_unescape(m.key.data, m.key.len, key);
        require(len != JSONTEXT_BAD && len <= m.key.len);
        require(jsontext_equal(m.key.data, m.key.len, key, len));
        const json_t *expected = json_object_getn(object, key, len);
        require(expected != NULL);
        check_value(expected, m.value);
        if (len && !memchr(key, '.', len)) {
            require(jsonscan_path(text, n, key, len, &found));
            require(found.data == m.value.data && found.len == m.value.len);
        }
        free(key);
        members++;
    }
    require(more == 0 && w.at == trimmed.data + trimmed.len);
    require(members == json_object_size(object));
}

static void check_quoted(const char *text, size_t n)
{
    struct buf out;
    buf_init(&out, 6 * n + 2);
    require(jsontext_quote(&out, text, n) == 0);
    json_t *json = json_loadb(out.data, out.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    require(json_is_string(json));
    json_decref(json);
    buf_clear(&out);
}

/* Harmless whatever it is; lengths stay inside. */
static void walk_anything(const char *text, size_t n)
{
    struct jsonscan_walk w;
    struct jsonscan_member m;
    struct jsonscan_slice out;
    struct jsonscan s;
    size_t used;
    char *room = malloc(n + 1);
    jsonscan_walk(&w, text, n);
    while (jsonscan_next(&w, &m) == 1)
        require(m.value.data >= text && m.value.data + m.value.len <= text + n);
    jsonscan_begin(&s);
    jsonscan_feed(&s, text, n, &used);
    require(used <= n);
    used = jsontext_unescape(text, n, room);
    require(used == JSONTEXT_BAD || used <= n);
    if (jsonscan_path(text, n, "a.0.b", 5, &out))
        require(out.data >= text && out.data + out.len <= text + n);
    free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const size_t flags =
        JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL;
    const char *text = (const char *)data;
    /* jansson passes over a NUL byte behind a number or literal; the source refuses it before. */
    json_t *json = memchr(text, '\0', n) ? NULL : json_loadb(text, n, flags, NULL);
    walk_anything(text, n);
    check_quoted(text, n);
    if (json)
        check_end(text, n);
    if (json_is_object(json))
        check_members(json, text, n);
    json_decref(json);
    return 0;
}

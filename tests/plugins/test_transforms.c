/*
 * test_transforms.c - tables of cases for transforms-standard, all but numbers, dates and
 * those of several values.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transformcase.h"
#include "unit.h"

#define OPT(...)                                                                                   \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define IN(...)                                                                                    \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static const struct transformcase text_cases[] = {
    {"text.trim", {{0}}, IN("t: a b\t\n"), "t:a b", NULL},
    {"text.trim", {{0}}, IN("t:\xC2\xA0\xE3\x80\x80x\xE2\x80\x83"), "t:x", NULL},
    {"text.trim", {{0}}, IN("t:   "), "t:", NULL},
    {"text.trim", {{0}}, IN("t:"), "t:", NULL},
    {"text.trim", {{0}}, IN("t: \xFF\xA0 "), "t:\xFF\xA0", NULL},
    {"text.trim", {{0}}, IN("n:12"), "t:12", NULL},
    {"text.trim", {{0}}, IN("b:true"), "t:true", NULL},
    {"text.trim", {{0}}, IN("null"), "null", NULL},
    {"text.trim", {{0}}, IN("absent"), "absent", NULL},
    {"text.trim", {{0}}, IN("j:[1]"), "!bad_type", NULL},
    {"text.trim", {{0}}, IN("t:a", "t:b"), "#takes one value", NULL},
    {"text.collapse",
     {{0}},
     IN("t:  a \t\n b\xC2\xA0\xC2\xA0"
        "c "),
     "t:a b c",
     NULL},
    {"text.collapse", {{0}}, IN("t:\xFF \xFE"), "t:\xFF \xFE", NULL},
    {"text.collapse", {{0}}, IN("t:"), "t:", NULL},
    {"text.lower",
     {{0}},
     IN("t:ABC \xC3\x84\xC3\x96 \xCE\xA9"),
     "t:abc \xC3\xA4\xC3\xB6 \xCF\x89",
     NULL},
    {"text.lower",
     {{0}},
     IN("t:A\xFF"
        "B\xC3"),
     "t:a\xFF"
     "b\xC3",
     NULL},
    {"text.lower", {{0}}, IN("t:"), "t:", NULL},
    {"text.lower", {{0}}, IN("j:{}"), "!bad_type", NULL},
    {"text.upper",
     {{0}},
     IN("t:stra\xC3\x9F"
        "e \xC3\xA9"),
     "t:STRA\xC3\x9F"
     "E \xC3\x89",
     NULL},
    /* two bytes become three */
    {"text.upper",
     {{0}},
     IN("t:\xC9\x90\xC9\x90\xC9\x90"),
     "t:\xE2\xB1\xAF\xE2\xB1\xAF\xE2\xB1\xAF",
     NULL},
    {"text.replace", OPT({"from", "--"}, {"to", "-"}), IN("t:a--b---c"), "t:a-b--c", NULL},
    {"text.replace", OPT({"from", " "}), IN("t: 12 34 "), "t:1234", NULL},
    {"text.replace", OPT({"from", "a"}, {"to", "aa"}), IN("t:banana"), "t:baanaanaa", NULL},
    {"text.replace", OPT({"from", "x"}), IN("t:"), "t:", NULL},
    {"text.replace", OPT({"from", "abc"}), IN("t:ab"), "t:ab", NULL},
    {"text.replace", OPT({"from", ""}), IN("t:"), "?\"from\" is empty", NULL},
    {"text.cut", OPT({"length", "3"}), IN("t:abc"), "t:abc", NULL},
    {"text.cut", OPT({"length", "3"}), IN("t:\xC3\xA4\xC3\xA4\xC3\xA4x"),
     "t:\xC3\xA4\xC3\xA4\xC3\xA4", "cut"},
    {"text.cut", OPT({"length", "0"}), IN("t:x"), "t:", "cut"},
    {"text.cut", OPT({"length", "2"}), IN("t:\xFF\xFE\xFD"), "t:\xFF\xFE", "cut"},
    {"text.cut", OPT({"length", "2"}), IN("null"), "null", NULL},
    {"text.null_if_empty", {{0}}, IN("t:"), "null", NULL},
    {"text.null_if_empty", {{0}}, IN("t: "), "t: ", NULL},
    {"text.null_if_empty", OPT({"blank", "true"}), IN("t: \t"), "null", NULL},
    {"text.null_if_empty", OPT({"blank", "true"}), IN("t: x"), "t: x", NULL},
    {"text.null_if_empty", {{0}}, IN("absent"), "absent", NULL},
};

static void text(void)
{
    TRANSFORMCASE_CHECK_ALL(text_cases);
}

static const struct transformcase boolean_cases[] = {
    {"bool", {{0}}, IN("t:Yes"), "b:true", NULL},
    {"bool", {{0}}, IN("t:OFF"), "b:false", NULL},
    {"bool", {{0}}, IN("n:1"), "b:true", NULL},
    {"bool", {{0}}, IN("n:0"), "b:false", NULL},
    {"bool", {{0}}, IN("b:false"), "b:false", NULL},
    {"bool", {{0}}, IN("t:maybe"), "!bad_boolean", NULL},
    {"bool", {{0}}, IN("t:"), "!bad_boolean", NULL},
    {"bool", {{0}}, IN("t:tru"), "!bad_boolean", NULL},
    {"bool", {{0}}, IN("j:[true]"), "!bad_type", NULL},
    {"bool", {{0}}, IN("null"), "null", NULL},
    {"bool", OPT({"true", "[\"ja\"]"}, {"false", "[\"nein\"]"}), IN("t:JA"), "b:true", NULL},
    {"bool", OPT({"true", "[\"ja\"]"}, {"false", "[\"nein\"]"}), IN("t:yes"), "!bad_boolean", NULL},
    {"bool", OPT({"true", "[\"x\"]"}, {"false", "[\"X\"]"}), IN("t:x"), "?a word stands in", NULL},
    {"bool", OPT({"true", "[1]"}), IN("t:x"), "?list of texts", NULL},
    {"bool", OPT({"true", "\"yes\""}), IN("t:x"), "?list of texts", NULL},
};

static void boolean(void)
{
    TRANSFORMCASE_CHECK_ALL(boolean_cases);
}

#define HTTPS                                                                                      \
    {                                                                                              \
        "scheme", "https"                                                                          \
    }
static const struct transformcase url_cases[] = {
    {"url",
     {{0}},
     IN("t:https://example.org/a%20b?c=d#e"),
     "t:https://example.org/a%20b?c=d#e",
     NULL},
    {"url", {{0}}, IN("t:HTTP://example.org:8080"), "t:HTTP://example.org:8080", NULL},
    {"url", OPT(HTTPS), IN("t://cdn.example.org/f1x2/a.png"),
     "t:https://cdn.example.org/f1x2/a.png", NULL},
    {"url", OPT(HTTPS), IN("t:http://example.org//x"), "t:http://example.org//x", NULL},
    {"url", {{0}}, IN("t://cdn.example.org/a.png"), "!bad_url", NULL},
    {"url", OPT(HTTPS), IN("t:///a.png"), "!bad_url", NULL},
    {"url", {{0}}, IN("t:https://"), "!bad_url", NULL},
    {"url", {{0}}, IN("t:https://:80/"), "!bad_url", NULL},
    {"url", {{0}}, IN("t:https://ada:x@example.org/"), "!bad_url", NULL},
    {"url", {{0}}, IN("t:https://example.org/@ada"), "t:https://example.org/@ada", NULL},
    {"url", {{0}}, IN("t:https://example.org/a b"), "!bad_url", NULL},
    {"url", {{0}}, IN("t:https://example.org/\xC3\xA9"), "!bad_url", NULL},
    {"url", {{0}}, IN("t:javascript:alert(1)"), "!bad_url", NULL},
    {"url", {{0}}, IN("t:"), "!bad_url", NULL},
    {"url", OPT({"on_bad", "null"}), IN("t:none"), "null", "bad_url_to_null"},
    {"url", {{0}}, IN("null"), "null", NULL},
    {"url", {{0}}, IN("absent"), "absent", NULL},
    {"url", {{0}}, IN("n:5"), "!bad_type", NULL},
};

static const struct transformcase base64_cases[] = {
    {"base64.decode", {{0}}, IN("t:Zm9vYmFy"), "t:foobar", NULL},
    {"base64.decode", {{0}}, IN("t:Zm9vYmE="), "t:fooba", NULL},
    {"base64.decode", {{0}}, IN("t:Zm9vYg=="), "t:foob", NULL},
    {"base64.decode", {{0}}, IN("t:"), "t:", NULL},
    {"base64.decode", {{0}}, IN("t:w6nigqw="), "t:\xC3\xA9\xE2\x82\xAC", NULL},
    {"base64.decode",
     {{0}},
     IN("t:fj8/Pj4+"),
     "t:~?"
     "?>>>",
     NULL},
    {"base64.decode", {{0}}, IN("null"), "null", NULL},
    {"base64.decode", {{0}}, IN("n:1234"), "!bad_type", NULL},
    {"base64.decode", {{0}}, IN("t:Zm9vYg"), "!bad_base64", NULL},
    {"base64.decode", {{0}}, IN("t:Zm9v\n"), "!bad_base64", NULL},
    {"base64.decode", {{0}}, IN("t:Zm9*"), "!bad_base64", NULL},
    {"base64.decode", {{0}}, IN("t:Zm9-"), "!bad_base64", NULL},
    {"base64.decode", {{0}}, IN("t:===="), "!bad_base64", NULL},
    {"base64.decode", {{0}}, IN("t:Z==="), "!bad_base64", NULL},
    {"base64.decode", {{0}}, IN("t:Zm=v"), "!bad_base64", NULL},
    {"base64.decode", {{0}}, IN("t:Zg==Zg=="), "!bad_base64", NULL},
    {"base64.decode", {{0}}, IN("t:Zh=="), "!bad_base64", NULL}, /* bits left over */
    {"base64.decode", {{0}}, IN("t:/wD+"), "!bad_base64", NULL}, /* no UTF-8 */
    {"base64.decode", {{0}}, IN("t:YQBi"), "!bad_base64", NULL}, /* a NUL byte */
    {"base64.decode", OPT({"on_bad", "null"}), IN("t:Zm9*"), "null", "bad_base64_to_null"},
    {"base64.decode", OPT({"on_bad", "null"}), IN("t:Zm9v"), "t:foo", NULL},
};

static void url(void)
{
    TRANSFORMCASE_CHECK_ALL(url_cases);
}

static void base64(void)
{
    TRANSFORMCASE_CHECK_ALL(base64_cases);
}

#define MAP                                                                                        \
    {                                                                                              \
        "map", "{\"A\":\"active\",\"1\":2,\"f\":false,\"n\":null,\"j\":{\"a\":1},\"\":\"none\"}"   \
    }

static const struct transformcase lookup_cases[] = {
    {"lookup", OPT(MAP), IN("t:A"), "t:active", NULL},
    {"lookup", OPT(MAP), IN("n:1"), "n:2", NULL},
    {"lookup", OPT(MAP), IN("t:f"), "b:false", NULL},
    {"lookup", OPT(MAP), IN("t:n"), "null", NULL},
    {"lookup", OPT(MAP), IN("t:j"), "j:{\"a\":1}", NULL},
    {"lookup", OPT(MAP), IN("t:"), "t:none", NULL},
    {"lookup", OPT(MAP), IN("t:a"), "!unmapped", NULL},
    {"lookup", OPT(MAP), IN("t:secret-state"), "!unmapped", NULL},
    {"lookup", OPT(MAP), IN("null"), "null", NULL},
    {"lookup", OPT(MAP), IN("absent"), "absent", NULL},
    {"lookup", OPT(MAP), IN("j:[]"), "!bad_type", NULL},
    {"lookup", OPT(MAP, {"missing", "null"}), IN("t:x"), "null", "unmapped_to_null"},
    {"lookup", OPT(MAP, {"missing", "keep"}), IN("t:x"), "t:x", "unmapped_kept"},
    {"lookup", OPT(MAP, {"missing", "default"}, {"default", "\"d\""}), IN("t:x"), "t:d",
     "unmapped_to_default"},
    {"lookup", OPT(MAP, {"missing", "default"}), IN("t:x"), "?go together", NULL},
    {"lookup", OPT(MAP, {"default", "1"}), IN("t:x"), "?go together", NULL},
    {"lookup", OPT({"map", "[1]"}), IN("t:x"), "?must be an object", NULL},
    {"lookup", OPT({"map", "{\"a\":1,\"a\":2}"}), IN("t:x"), "?\"map\"", NULL},
    {"map_null", OPT({"values", "[\"-\",\"n/a\"]"}), IN("t:n/a"), "null", NULL},
    {"map_null", OPT({"values", "[\"-\",\"n/a\"]"}), IN("t:N/A"), "t:N/A", NULL},
    {"map_null", OPT({"values", "[\"0\"]"}), IN("n:0"), "null", NULL},
    {"map_null", OPT({"values", "[\"0\"]"}), IN("absent"), "absent", NULL},
    {"map_null", OPT({"values", "[\"0\"]"}), IN("j:{}"), "!bad_type", NULL},
};

static void lookup(void)
{
    TRANSFORMCASE_CHECK_ALL(lookup_cases);
}

static const struct transformcase fallback_cases[] = {
    {"default", OPT({"value", "\"-\""}), IN("absent"), "t:-", "default"},
    {"default", OPT({"value", "\"-\""}), IN("null"), "t:-", "default"},
    {"default", OPT({"value", "\"-\""}), IN("t:"), "t:", NULL},
    {"default", OPT({"value", "\"-\""}), IN("t:x"), "t:x", NULL},
    {"default", OPT({"value", "1.1"}, {"on", "[\"absent\"]"}), IN("absent"), "n:1.1", "default"},
    {"default", OPT({"value", "1.1"}, {"on", "[\"absent\"]"}), IN("null"), "null", NULL},
    {"default", OPT({"value", "[]"}, {"on", "[\"null\"]"}), IN("null"), "j:[]", "default"},
    {"default", OPT({"value", "[]"}, {"on", "[\"null\"]"}), IN("absent"), "absent", NULL},
    {"default", OPT({"value", "true"}, {"on", "[\"empty\"]"}), IN("t:"), "b:true", "default"},
    {"default", OPT({"value", "true"}, {"on", "[\"empty\"]"}), IN("null"), "null", NULL},
    {"default", OPT({"value", "null"}, {"on", "[\"absent\"]"}), IN("absent"), "null", "default"},
    {"default", OPT({"value", "1"}, {"on", "[\"missing\"]"}), IN("absent"), "?no cause", NULL},
    {"default", OPT({"value", "1"}), IN("j:{}"), "j:{}", NULL},
    {"constant", OPT({"value", "-12"}), IN("t:x"), "n:-12", NULL},
    {"constant", OPT({"value", "\"\""}), IN("absent"), "t:", NULL},
    {"constant", OPT({"value", "123456789012345"}), IN("null"), "n:123456789012345", NULL},
    {"constant", {{0}}, IN("null"), "?missing", NULL},
    {"coalesce", {{0}}, IN("null", "t:", "t:b"), "t:b", NULL},
    {"coalesce", {{0}}, IN("t:a", "t:b"), "t:a", NULL},
    {"coalesce", {{0}}, IN("absent", "absent"), "absent", NULL},
    {"coalesce", {{0}}, IN("absent", "t:"), "null", NULL},
};

static void fallback(void)
{
    TRANSFORMCASE_CHECK_ALL(fallback_cases);
}

static const struct transformcase demand_cases[] = {
    {"required", {{0}}, IN("t:x"), "t:x", NULL},
    {"required", {{0}}, IN("t: "), "t: ", NULL},
    {"required", {{0}}, IN("j:[]"), "j:[]", NULL},
    {"required", {{0}}, IN("t:"), "!required", NULL},
    {"required", {{0}}, IN("null"), "!required", NULL},
    {"required", {{0}}, IN("absent"), "!required", NULL},
    {"required", OPT({"blank", "true"}), IN("t: \t"), "!required", NULL},
    {"type", OPT({"is", "text"}), IN("t:1"), "t:1", NULL},
    {"type", OPT({"is", "text"}), IN("n:1"), "!bad_type", NULL},
    {"type", OPT({"is", "number"}), IN("n:1"), "n:1", NULL},
    {"type", OPT({"is", "number"}), IN("t:1"), "!bad_type", NULL},
    {"type", OPT({"is", "bool"}), IN("b:true"), "b:true", NULL},
    {"type", OPT({"is", "bool"}), IN("n:1"), "!bad_type", NULL},
    {"type", OPT({"is", "json"}), IN("j:{}"), "j:{}", NULL},
    {"type", OPT({"is", "json"}), IN("t:{}"), "!bad_type", NULL},
    {"type", OPT({"is", "json"}), IN("null"), "null", NULL},
    {"type", OPT({"is", "json"}), IN("absent"), "absent", NULL},
};

static void demand(void)
{
    TRANSFORMCASE_CHECK_ALL(demand_cases);
}

static const struct transformcase list_cases[] = {
    {"concat", OPT({"separator", " "}), IN("t:Ada", "t:Lovelace"), "t:Ada Lovelace", NULL},
    {"concat", OPT({"separator", " "}), IN("t:Ada", "null", "t:"), "t:Ada", NULL},
    {"concat", OPT({"separator", " "}), IN("absent", "t:Lovelace"), "t:Lovelace", NULL},
    {"concat", {{0}}, IN("t:a", "n:1", "b:true"), "t:a1true", NULL},
    {"concat", {{0}}, IN("null", "absent"), "null", NULL},
    {"concat", {{0}}, IN("t:", "t:"), "null", NULL},
    {"concat", {{0}}, IN("absent", "absent"), "absent", NULL},
    {"concat", {{0}}, IN("t:a", "j:[]"), "!bad_type", NULL},
    {"split", OPT({"separator", " "}, {"part", "first"}), IN("t:Ada King Lovelace"), "t:Ada", NULL},
    {"split", OPT({"separator", " "}, {"part", "last"}), IN("t:Ada King Lovelace"), "t:Lovelace",
     NULL},
    {"split", OPT({"separator", " "}, {"part", "rest"}), IN("t:Ada King Lovelace"),
     "t:King Lovelace", NULL},
    {"split", OPT({"separator", " "}, {"part", "rest"}), IN("t:Ada"), "null", NULL},
    {"split", OPT({"separator", " "}, {"part", "last"}), IN("t:Ada"), "t:Ada", NULL},
    {"split", OPT({"separator", "::"}, {"index", "2"}), IN("t:a::b::c"), "t:b", NULL},
    {"split", OPT({"separator", "::"}, {"index", "-2"}), IN("t:a::b::c"), "t:b", NULL},
    {"split", OPT({"separator", "::"}, {"index", "-4"}), IN("t:a::b::c"), "null", NULL},
    {"split", OPT({"separator", "::"}, {"index", "4"}), IN("t:a::b::c"), "null", NULL},
    {"split", OPT({"separator", ","}, {"index", "4"}, {"missing", "reject"}), IN("t:a,b"),
     "!no_such_part", NULL},
    {"split", OPT({"separator", ","}, {"index", "2"}), IN("t:a,"), "t:", NULL},
    {"split", OPT({"separator", ","}, {"index", "1"}), IN("t:"), "t:", NULL},
    {"split", OPT({"separator", ","}), IN("t:"), "?one of \"part\" and \"index\"", NULL},
    {"split", OPT({"separator", ","}, {"index", "1"}, {"part", "last"}), IN("t:"), "?one of", NULL},
    {"split", OPT({"separator", ""}, {"index", "1"}), IN("t:"), "?\"separator\" is empty", NULL},
    {"split", OPT({"separator", ","}, {"index", "1"}), IN("null"), "null", NULL},
};

static void list(void)
{
    TRANSFORMCASE_CHECK_ALL(list_cases);
}

#define DOC                                                                                        \
    "{\"a\":{\"b\":[1.10,{\"c\":\"x\\u00e9\\n\"}],\"n\":null,\"t\":true},\"big\":"                 \
    "12345678901234567890}"

static const struct transformcase json_cases[] = {
    {"json.path", OPT({"path", "a.b.0"}), IN("j:" DOC), "n:1.10", NULL},
    {"json.path", OPT({"path", "a.b.1.c"}), IN("j:" DOC), "t:x\xC3\xA9\n", NULL},
    {"json.path", OPT({"path", "a.n"}), IN("j:" DOC), "null", NULL},
    {"json.path", OPT({"path", "a.t"}), IN("t: " DOC " "), "b:true", NULL},
    {"json.path", OPT({"path", "a.b"}), IN("t:" DOC), "j:[1.10,{\"c\":\"x\\u00e9\\n\"}]", NULL},
    {"json.path", OPT({"path", "big"}), IN("t:" DOC), "n:12345678901234567890", NULL},
    {"json.path", OPT({"path", "a.x"}), IN("j:" DOC), "absent", NULL},
    {"json.path", OPT({"path", "a.b.2"}), IN("j:" DOC), "absent", NULL},
    {"json.path", OPT({"path", "a"}), IN("t:{\"a\":"), "!bad_json", NULL},
    {"json.path", OPT({"path", "a"}), IN("t:"), "!bad_json", NULL},
    {"json.path", OPT({"path", "a"}), IN("t:{\"a\":1,\"a\":2}"), "!bad_json", NULL},
    {"json.path", OPT({"path", "a"}), IN("n:1"), "!bad_type", NULL},
    {"json.path", OPT({"path", "a"}), IN("null"), "null", NULL},
    {"json.parse", {{0}}, IN("t: {\"a\": 1} "), "j:{\"a\": 1}", NULL},
    {"json.parse", {{0}}, IN("t:\"x\""), "t:x", NULL},
    {"json.parse", {{0}}, IN("t:12.50"), "n:12.50", NULL},
    {"json.parse", {{0}}, IN("t:null"), "null", NULL},
    {"json.parse", {{0}}, IN("t:{'a': 1}"), "!bad_json", NULL},
    {"json.parse", {{0}}, IN("t:[1,]"), "!bad_json", NULL},
    {"json.parse", {{0}}, IN("t:\"\xFF\""), "!bad_json", NULL},
    {"json.parse", {{0}}, IN("j:[1]"), "j:[1]", NULL},
    {"json.parse", {{0}}, IN("absent"), "absent", NULL},
};

static void json(void)
{
    TRANSFORMCASE_CHECK_ALL(json_cases);
}

#define FROM(form)                                                                                 \
    {                                                                                              \
        "from", form                                                                               \
    }
#define TO_JSON                                                                                    \
    {                                                                                              \
        "to", "json"                                                                               \
    }

static const struct transformcase array_cases[] = {
    {"json.array",
     {{0}},
     IN("j:[\"a\",\"b c\",1.10,true,null]"),
     "t:{\"a\",\"b c\",1.10,true,NULL}",
     NULL},
    {"json.array", {{0}}, IN("j:[]"), "t:{}", NULL},
    {"json.array", {{0}}, IN("t: [ ] "), "t:{}", NULL},
    {"json.array",
     {{0}},
     IN("j:[\"q\\\"\\\\\\u00e9,}\",\"NULL\",\"\"]"),
     "t:{\"q\\\"\\\\\xC3\xA9,}\",\"NULL\",\"\"}",
     NULL},
    {"json.array", {{0}}, IN("j:[[1]]"), "!bad_array", NULL},
    {"json.array", {{0}}, IN("j:{\"a\":1}"), "!bad_array", NULL},
    {"json.array", {{0}}, IN("t:1"), "!bad_array", NULL},
    {"json.array", {{0}}, IN("t:[\"a\""), "!bad_json", NULL},
    {"json.array", {{0}}, IN("t:a,b"), "!bad_json", NULL},
    {"json.array", {{0}}, IN("n:1"), "!bad_type", NULL},
    {"json.array", {{0}}, IN("null"), "null", NULL},
    {"json.array", OPT(TO_JSON), IN("t: [1, {\"a\": [2]} ] "), "j:[1,{\"a\": [2]}]", NULL},
    {"json.array", OPT(FROM("postgres")), IN("t:{a, b c ,\"d,e\",null,\"null\",\"\"}"),
     "t:{\"a\",\"b c\",\"d,e\",NULL,\"null\",\"\"}", NULL},
    {"json.array", OPT(FROM("postgres"), TO_JSON), IN("t:{a\\\"b,\"c\\\\d\",NULL, \"\t\"}"),
     "j:[\"a\\\"b\",\"c\\\\d\",null,\"\\u0009\"]", NULL},
    {"json.array", OPT(FROM("postgres"), TO_JSON), IN("t: { } "), "j:[]", NULL},
    {"json.array", OPT(FROM("postgres")), IN("t:{a,{b}}"), "!bad_array", NULL},
    {"json.array", OPT(FROM("postgres")), IN("t:{a,}"), "!bad_array", NULL},
    {"json.array", OPT(FROM("postgres")), IN("t:{,a}"), "!bad_array", NULL},
    {"json.array", OPT(FROM("postgres")), IN("t:{a"), "!bad_array", NULL},
    {"json.array", OPT(FROM("postgres")), IN("t:{\"a"), "!bad_array", NULL},
    {"json.array", OPT(FROM("postgres")), IN("t:{a\\"), "!bad_array", NULL},
    {"json.array", OPT(FROM("postgres")), IN("t:{a} x"), "!bad_array", NULL},
    {"json.array", OPT(FROM("postgres")), IN("t:{\"a\"b}"), "!bad_array", NULL},
    {"json.array", OPT(FROM("postgres")), IN("t:[0:1]={a,b}"), "!bad_array", NULL},
    {"json.array", OPT(FROM("postgres")), IN("t:"), "!bad_array", NULL},
    {"json.array", OPT(FROM("postgres")), IN("j:[1]"), "!bad_type", NULL},
    {"json.array", OPT(FROM("list")), IN("t:a, b ,,c"), "t:{\"a\",\"b\",\"c\"}", NULL},
    {"json.array", OPT(FROM("list"), {"keep_empty", "true"}), IN("t:a,,"), "t:{\"a\",\"\",\"\"}",
     NULL},
    {"json.array", OPT(FROM("list"), {"separator", "; "}, TO_JSON), IN("t:a; b"), "j:[\"a\",\"b\"]",
     NULL},
    {"json.array", OPT(FROM("list")), IN("t:"), "t:{}", NULL},
    {"json.array", OPT(FROM("list")), IN("t:null"), "t:{\"null\"}", NULL},
    {"json.array", OPT(FROM("list"), {"separator", ""}), IN("t:a"), "?\"separator\" is empty",
     NULL},
};

static void array(void)
{
    TRANSFORMCASE_CHECK_ALL(array_cases);
}

#define PLACEHOLDER                                                                                \
    {"on_bad", "placeholder"},                                                                     \
    {                                                                                              \
        "placeholder", "user-{2}@temp.example.org"                                                 \
    }

static const struct transformcase email_cases[] = {
    {"email", OPT({"on_bad", "null"}), IN("t:ada@example"), "null", "bad_email_to_null"},
    {"email", OPT({"on_bad", "null"}), IN("t:ada@example.org"), "t:ada@example.org", NULL},
    {"email", OPT({"lower_domain", "true"}), IN("t:Ada@Example.Org"), "t:Ada@example.org",
     "lower_domain"},
    {"email", OPT({"lower_domain", "true"}), IN("t:Ada@example.org"), "t:Ada@example.org", NULL},
    {"email", {{0}}, IN("t:ADA@example.org"), "t:ADA@example.org", NULL},
    {"email", OPT(PLACEHOLDER), IN("t:ada@example.org", "n:7"), "t:ada@example.org", NULL},
    {"email", OPT(PLACEHOLDER), IN("t:ada", "n:7"), "t:user-7@temp.example.org",
     "bad_email_to_placeholder"},
    {"email", OPT(PLACEHOLDER), IN("t:", "n:7"), "t:user-7@temp.example.org",
     "bad_email_to_placeholder"},
    {"email", OPT(PLACEHOLDER), IN("null", "n:7"), "t:user-7@temp.example.org",
     "no_email_to_placeholder"},
    {"email", OPT(PLACEHOLDER), IN("absent", "n:7"), "t:user-7@temp.example.org",
     "no_email_to_placeholder"},
    {"email", OPT(PLACEHOLDER), IN("t:ada", "t:a b"), "!bad_email", NULL},
    {"email", OPT(PLACEHOLDER), IN("t:ada", "null"), "!bad_email", NULL},
    {"email", OPT(PLACEHOLDER), IN("n:1", "n:7"), "!bad_type", NULL},
    {"email", OPT(PLACEHOLDER), IN("t:ada"), "#place for value 2", NULL},
    {"email", OPT({"on_bad", "placeholder"}), IN("t:ada"), "?go together", NULL},
    {"email", OPT({"placeholder", "x@example.org"}), IN("t:ada"), "?go together", NULL},
    {"email", {{0}}, IN("t:ada@example.org", "n:7"), "#takes one value", NULL},
    {"email", {{0}}, IN("n:1"), "!bad_type", NULL},
    {"email", {{0}}, IN("null"), "null", NULL},
};

static void email(void)
{
    TRANSFORMCASE_CHECK_ALL(email_cases);
}

/* The table that the validator "email" is held to as well. */
static void email_table(void)
{
    char path[4096], line[512], in[512];
    const char *top = getenv("top_srcdir");
    (void)snprintf(path, sizeof path, "%s/tests/fixtures/emails.txt", top ? top : ".");
    FILE *file = fopen(path, "r");
    CU_ASSERT_FATAL(file != NULL);
    size_t n = 0;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        const char *address = strchr(line, '\t');
        if (line[0] == '#' || !address)
            continue;
        (void)snprintf(in, sizeof in, "t:%s", address + 1);
        struct transformcase c = {"email", {{0}}, {in}, in, NULL};
        if (strncmp(line, "bad", 3) == 0)
            c.out = "!bad_email";
        transformcase_check(&c);
        n++;
    }
    CU_ASSERT(n >= 30);
    (void)fclose(file);
}

/* Every unit takes a long text of anything without harm. */
static void huge(void)
{
    static const struct mockhost_option options[] = {
        {"from", "x"},    {"length", "5"},   {"scale", "2"},       {"map", "{}"},
        {"values", "[]"}, {"value", "1"},    {"is", "text"},       {"separator", ","},
        {"path", "a"},    {"text", "<{1}>"}, {"names", "[\"a\"]"}, {"are", "[\"true\"]"},
        {NULL, NULL}};
    static const struct mockhost_option ranges[] = {
        {"from", "[0, 1]"}, {"to", "[0, 2]"}, {"scale", "2"}, {NULL, NULL}};
    static const char fills[] = {'x', '1', ' ', '[', '"', '\xC3', ',', '{'};
    size_t size = 200000;
    char *text = malloc(size);
    CU_ASSERT_FATAL(text != NULL);
    const mig_unit_t *const *units = plugintest_load("transforms-standard")->units;
    for (; *units; units++) {
        for (size_t i = 0; i < sizeof fills; i++) {
            struct transformcase_unit u;
            memset(text, fills[i], size);
            int own = strcmp((*units)->name, "number.rescale") == 0;
            if (transformcase_start(&u, (*units)->name, own ? ranges : options) == MIG_OK) {
                mig_value_t in = {text, (uint32_t)size, MIG_TEXT}, out;
                int32_t rc = transformcase_apply(&u, &in, 1, &out);
                CU_ASSERT(rc == MIG_OK || rc == MIG_REJECT);
            }
            transformcase_stop(&u);
        }
    }
    free(text);
}

/* Absent and NULL go through all units but those that are about them. */
static void nothing_stays_nothing(void)
{
    static const char *const others[] = {"default", "constant", "coalesce",   "required",
                                         "concat",  "bool.all", "json.object"};
    static const struct mockhost_option options[] = {
        {"from", "x"},  {"length", "5"}, {"scale", "2"},    {"map", "{}"}, {"values", "[]"},
        {"is", "text"}, {"path", "a"},   {"text", "<{1}>"}, {NULL, NULL}};
    const mig_unit_t *const *units = plugintest_load("transforms-standard")->units;
    for (; *units; units++) {
        const char *name = (*units)->name;
        int other = 0;
        for (size_t i = 0; i < sizeof others / sizeof *others; i++)
            other |= strcmp(others[i], name) == 0;
        for (uint32_t kind = MIG_ABSENT; kind <= MIG_NULL && !other; kind++) {
            struct transformcase_unit u;
            /* "split" wants a part and a separator, "json.array" and "number.rescale" mean
             * something else by "from". */
            struct mockhost_option split[] = {{"separator", ","}, {"index", "1"}, {NULL, NULL}};
            struct mockhost_option ranges[] = {
                {"from", "[0, 1]"}, {"to", "[0, 2]"}, {"scale", "2"}, {NULL, NULL}};
            int own = strcmp(name, "split") == 0 || strcmp(name, "json.array") == 0;
            int range = strcmp(name, "number.rescale") == 0;
            int32_t rc = transformcase_start(&u, name, own ? split : range ? ranges : options);
            CU_ASSERT_EQUAL_FATAL(rc, MIG_OK);
            mig_value_t in = {.kind = kind}, out;
            CU_ASSERT_EQUAL(transformcase_apply(&u, &in, 1, &out), MIG_OK);
            CU_ASSERT_EQUAL(out.kind, kind);
            CU_ASSERT_EQUAL(u.repairs, 0);
            transformcase_stop(&u);
        }
    }
}

static void all_are_pure(void)
{
    const mig_unit_t *const *units = plugintest_load("transforms-standard")->units;
    for (; *units; units++) {
        const mig_transform_ops_t *ops = (*units)->ops;
        CU_ASSERT_EQUAL(ops->flags, MIG_TRANSFORM_PURE);
        CU_ASSERT_EQUAL(ops->size, sizeof *ops);
    }
}

static const struct unit_case cases[] = {
    {"text", text},
    {"boolean", boolean},
    {"url", url},
    {"base64", base64},
    {"lookup", lookup},
    {"fallback", fallback},
    {"demand", demand},
    {"list", list},
    {"json", json},
    {"array", array},
    {"email", email},
    {"email_table", email_table},
    {"huge", huge},
    {"nothing_stays_nothing", nothing_stays_nothing},
    {"all_are_pure", all_are_pure},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("transforms", cases, argc, argv);
}

/*
 * test_transforms_several.c - tables of cases for transforms of several values: bool.all, format,
 * json.object.
 */
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

#define ARE(conditions)                                                                            \
    {                                                                                              \
        "are", conditions                                                                          \
    }
#define ACTIVE ARE("[\"true\",\"empty\"]")

static const struct transformcase all_cases[] = {
    /* active and not left: the truth table */
    {"bool.all", OPT(ACTIVE), IN("n:1", "null"), "b:true", NULL},
    {"bool.all", OPT(ACTIVE), IN("n:1", "t:01/02/2020"), "b:false", NULL},
    {"bool.all", OPT(ACTIVE), IN("n:0", "null"), "b:false", NULL},
    {"bool.all", OPT(ACTIVE), IN("n:0", "t:01/02/2020"), "b:false", NULL},
    {"bool.all", OPT(ACTIVE), IN("b:true", "t:"), "b:true", NULL},
    {"bool.all", OPT(ACTIVE), IN("t:YES", "absent"), "b:true", NULL},
    {"bool.all", OPT(ACTIVE), IN("null", "null"), "b:false", NULL},
    {"bool.all", OPT(ACTIVE), IN("absent", "null"), "b:false", NULL},
    {"bool.all", OPT(ACTIVE), IN("t:", "null"), "b:false", NULL},
    {"bool.all", OPT(ACTIVE), IN("t:perhaps", "t:x"), "!bad_boolean", NULL},
    {"bool.all", OPT(ACTIVE), IN("j:[]", "t:x"), "!bad_boolean", NULL},
    {"bool.all", OPT(ARE("[\"false\",\"present\"]")), IN("b:false", "j:{}"), "b:true", NULL},
    {"bool.all", OPT(ARE("[\"false\",\"present\"]")), IN("null", "j:{}"), "b:false", NULL},
    {"bool.all", OPT(ARE("[\"true\"]"), {"true", "[\"ja\"]"}), IN("t:Ja"), "b:true", NULL},
    {"bool.all", OPT(ACTIVE), IN("n:1"), "#2 conditions", NULL},
    {"bool.all", OPT(ARE("[\"maybe\"]")), IN("n:1"), "?no condition", NULL},
    {"bool.all", {{0}}, IN("n:1"), "?\"are\"", NULL},
};

static void all(void)
{
    TRANSFORMCASE_CHECK_ALL(all_cases);
}

#define TEXT(text)                                                                                 \
    {                                                                                              \
        "text", text                                                                               \
    }

static const struct transformcase format_cases[] = {
    {"format", OPT(TEXT("STU-{1:6}")), IN("n:123"), "t:STU-000123", NULL},
    {"format", OPT(TEXT("STU-{1:6}")), IN("n:1234567"), "t:STU-1234567", NULL},
    {"format", OPT(TEXT("{2}-{1}, {{{2:3}}}")), IN("t:a", "t:7"), "t:7-a, {007}", NULL},
    {"format", OPT(TEXT("fixed")), IN("t:a"), "t:fixed", NULL},
    {"format", OPT(TEXT("{1}")), IN("b:true"), "t:true", NULL},
    {"format", OPT(TEXT("{1}")), IN("t:"), "t:", NULL},
    {"format", OPT(TEXT("x{1}")), IN("null"), "null", NULL},
    {"format", OPT(TEXT("x{2}")), IN("t:a", "absent"), "absent", NULL},
    {"format", OPT(TEXT("x{1}")), IN("t:a", "absent"), "t:xa", NULL},
    {"format", OPT(TEXT("{1}")), IN("j:[1]"), "!bad_type", NULL},
    {"format", OPT(TEXT("{1:3}")), IN("n:-5"), "!bad_number", NULL},
    {"format", OPT(TEXT("{1:3}")), IN("t:"), "!bad_number", NULL},
    {"format", OPT(TEXT("{1:3}")), IN("n:1.5"), "!bad_number", NULL},
    {"format", OPT(TEXT("{2}")), IN("t:a"), "#place for value 2", NULL},
    {"format", OPT(TEXT("{0}")), IN("t:a"), "?no place for a value", NULL},
    {"format", OPT(TEXT("{65}")), IN("t:a"), "?no place for a value", NULL},
    {"format", OPT(TEXT("{1")), IN("t:a"), "?no place for a value", NULL},
    {"format", OPT(TEXT("{1:}")), IN("t:a"), "?no place for a value", NULL},
    {"format", OPT(TEXT("{1:41}")), IN("t:a"), "?no place for a value", NULL},
    {"format", OPT(TEXT("{name}")), IN("t:a"), "?no place for a value", NULL},
    {"format", OPT(TEXT("a}")), IN("t:a"), "?no place for a value", NULL},
    {"format", OPT(TEXT("{")), IN("t:a"), "?no place for a value", NULL},
    {"format", OPT(TEXT("")), IN("t:a"), "?empty", NULL},
};

static void format(void)
{
    TRANSFORMCASE_CHECK_ALL(format_cases);
}

#define NAMES(names)                                                                               \
    {                                                                                              \
        "names", names                                                                             \
    }
#define OMIT(what)                                                                                 \
    {                                                                                              \
        "omit", what                                                                               \
    }
#define LANGUAGES NAMES("[\"az\",\"ru\",\"en\"]")

static const struct transformcase object_cases[] = {
    {"json.object", OPT(LANGUAGES), IN("t:a", "t:b\n\"", "t:\xC3\xA9"),
     "j:{\"az\":\"a\",\"ru\":\"b\\u000a\\\"\",\"en\":\"\xC3\xA9\"}", NULL},
    {"json.object", OPT(LANGUAGES), IN("absent", "t:b", "null"), "j:{\"ru\":\"b\",\"en\":null}",
     NULL},
    {"json.object", OPT(LANGUAGES, OMIT("[\"null\"]")), IN("t:", "t:b", "null"),
     "j:{\"az\":\"\",\"ru\":\"b\"}", NULL},
    {"json.object", OPT(LANGUAGES, OMIT("[\"null\",\"empty\"]")), IN("t:", "null", "absent"),
     "j:{}", NULL},
    {"json.object", OPT(NAMES("[\"n\",\"b\",\"j\"]")), IN("n:1.50", "b:false", "j:{\"x\": [1]}"),
     "j:{\"n\":1.50,\"b\":false,\"j\":{\"x\": [1]}}", NULL},
    {"json.object", OPT(NAMES("[\"a\\\"b\"]")), IN("n:1"), "j:{\"a\\\"b\":1}", NULL},
    {"json.object", OPT(NAMES("[\"a\"]")), IN("n:1", "n:2"), "#1 name,", NULL},
    {"json.object", OPT(NAMES("[\"a\",\"a\"]")), IN("n:1", "n:2"), "?a name twice", NULL},
    {"json.object", OPT(NAMES("[\"a\"]"), OMIT("[\"zero\"]")), IN("n:1"), "?null and empty", NULL},
    {"json.object", OPT(NAMES("{}")), IN("n:1"), "?list of texts", NULL},
};

static void object(void)
{
    TRANSFORMCASE_CHECK_ALL(object_cases);
}

static const struct unit_case cases[] = {
    {"all", all},
    {"format", format},
    {"object", object},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("transforms_several", cases, argc, argv);
}

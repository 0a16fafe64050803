/* test_options.c - a unit's option table against JSON. */
#include "options.h"

#include "log.h"
#include "unit.h"

static const mig_option_t table[] = {
    {"file", MIG_OPT_PATH, MIG_OPTF_REQUIRED, NULL, NULL, "The file to read."},
    {"mode", MIG_OPT_TEXT, 0, "plain", "plain|strict|loose", "How to read."},
    {"label", MIG_OPT_TEXT, 0, NULL, NULL, "A label."},
    {"size", MIG_OPT_INT, 0, "10", "-5..100", "How many."},
    {"any", MIG_OPT_INT, 0, NULL, NULL, "Any number."},
    {"deep", MIG_OPT_BOOL, 0, "false", NULL, "Also below."},
    {"map", MIG_OPT_JSON, 0, "{}", NULL, "A map."},
    {"url", MIG_OPT_URL, 0, NULL, NULL, "Where it is."},
    {"pin", MIG_OPT_TEXT, MIG_OPTF_SECRET, NULL, NULL, "A secret."},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static struct arena *mem;
static struct faults faults;
static struct options options;

static int parse(const char *json)
{
    arena_free(mem);
    mem = arena_new();
    faults_clear(&faults);
    return options_parse(table, json, "source:x", "sources.a", "/project", mem, &options, &faults);
}

static void is(const char *name, uint32_t kind, const char *text)
{
    mig_value_t v;
    CU_ASSERT_EQUAL(options_get(&options, name, &v), MIG_OK);
    CU_ASSERT_EQUAL(v.kind, kind);
    CU_ASSERT_EQUAL_FATAL(v.len, strlen(text));
    CU_ASSERT_EQUAL(memcmp(v.data ? v.data : "", text, v.len), 0);
}

static void refused(const char *json, const char *fault)
{
    CU_ASSERT_EQUAL(parse(json), STATUS_CONFIG);
    CU_ASSERT_EQUAL_FATAL(faults.n, 1);
    CU_ASSERT_STRING_EQUAL(faults.items[0].what, fault);
    CU_ASSERT_EQUAL(faults.items[0].code, STATUS_CONFIG);
}

static void values_are_read(void)
{
    CU_ASSERT_EQUAL(parse("{\"file\": \"in.json\", \"mode\": \"loose\", \"label\": -12,"
                          " \"size\": -5, \"any\": 9223372036854775807, \"deep\": true,"
                          " \"map\": {\"b\": 1.10, \"a\": [null, \"\\u00e9\"]},"
                          " \"url\": \"postgresql://u@h/d\", \"pin\": \"x\"}"),
                    0);
    is("file", MIG_TEXT, "/project/in.json");
    is("mode", MIG_TEXT, "loose");
    is("label", MIG_TEXT, "-12");
    is("size", MIG_NUMBER, "-5");
    is("any", MIG_NUMBER, "9223372036854775807");
    is("deep", MIG_BOOL, "true");
    is("map", MIG_JSON, "{\"b\":1.10,\"a\":[null,\"\\u00e9\"]}");
    is("url", MIG_TEXT, "postgresql://u@h/d");
}

static void defaults_are_set(void)
{
    CU_ASSERT_EQUAL(parse("{\"file\": \"/abs\"}"), 0);
    is("file", MIG_TEXT, "/abs");
    is("mode", MIG_TEXT, "plain");
    is("label", MIG_ABSENT, "");
    is("size", MIG_NUMBER, "10");
    is("deep", MIG_BOOL, "false");
    is("map", MIG_JSON, "{}");
    is("url", MIG_ABSENT, "");
    mig_value_t v;
    CU_ASSERT_EQUAL(options_get(&options, "none", &v), MIG_E_BUG);
    CU_ASSERT_EQUAL(v.kind, MIG_ABSENT);
    CU_ASSERT_EQUAL(options_parse(NULL, NULL, "u", "w", "/", mem, &options, &faults), 0);
    CU_ASSERT_EQUAL(options.n, 0);
}

static void json_may_be_any_value(void)
{
    CU_ASSERT_EQUAL(parse("{\"file\": \"a\", \"map\": \"t\\n\"}"), 0);
    is("map", MIG_JSON, "\"t\\n\"");
    CU_ASSERT_EQUAL(parse("{\"file\": \"a\", \"map\": 1e400000}"), STATUS_CONFIG); /* jansson's */
    CU_ASSERT_EQUAL(parse("{\"file\": \"a\", \"map\": 0.10000000000000000000000001}"), 0);
    is("map", MIG_JSON, "0.10000000000000000000000001");
}

static void misfits_are_refused(void)
{
    refused("", "sources.a: source:x: option \"file\" is missing");
    refused("{\"file\": 5}", "sources.a: source:x: option \"file\" is a number, due is a path");
    refused("{\"file\": \"\"}", "sources.a: source:x: option \"file\" is empty, due is a path");
    refused("{\"file\": \"a\", \"mode\": \"strct\"}",
            "sources.a: source:x: option \"mode\" is another text, due is one of plain, strict, "
            "loose");
    CU_ASSERT_STRING_EQUAL(faults.items[0].fix, "did you mean \"strict\"?");
    refused("{\"file\": \"a\", \"size\": 101}",
            "sources.a: source:x: option \"size\" is 101, due is a whole number from -5 to 100");
    refused("{\"file\": \"a\", \"any\": 1e9}",
            "sources.a: source:x: option \"any\" is 1e9, due is a whole number");
    refused("{\"file\": \"a\", \"any\": \"1\"}",
            "sources.a: source:x: option \"any\" is a string, due is a whole number");
    refused("{\"file\": \"a\", \"label\": 1.5}",
            "sources.a: source:x: option \"label\" is a number, due is a text");
    refused("{\"file\": \"a\", \"label\": null}",
            "sources.a: source:x: option \"label\" is null, due is a text");
    refused("{\"file\": \"a\", \"deep\": 1}",
            "sources.a: source:x: option \"deep\" is a number, due is true or false");
    refused("{\"file\": \"a\", \"labels\": \"x\"}",
            "sources.a: source:x: unknown option \"labels\"");
    CU_ASSERT_STRING_EQUAL(faults.items[0].fix, "did you mean \"label\"?");
    refused("[]", "sources.a: source:x: options are a list, due is an object");
    refused("{\"file\": \"a\", \"file\": \"b\"}",
            "sources.a: source:x: key \"file\" is given twice, first in line 1 column 2");
}

static void all_faults_are_told(void)
{
    CU_ASSERT_EQUAL(parse("{\"x\": 1, \"size\": \"a\", \"deep\": null, \"y\": 2}"), STATUS_CONFIG);
    CU_ASSERT_EQUAL(faults.n, 5);
}

static void secrets_stay_secret(void)
{
    CU_ASSERT_EQUAL(parse("{\"file\": \"a\", \"url\": \"postgresql://u:optpass1@@h/d\"}"),
                    STATUS_CONFIG);
    CU_ASSERT_PTR_NULL(strstr(faults.items[0].what, "optpass1"));
    CU_ASSERT_EQUAL(parse("{\"file\": \"a\", \"url\": \"postgresql://u:optpass2@h/d\","
                          " \"pin\": \"optpass3\"}"),
                    0);
    char line[] = "optpass2 optpass3";
    log_mask(line);
    CU_ASSERT_STRING_EQUAL(line, "*** ***");
}

static void tables_are_checked(void)
{
    static const mig_option_t bad[] = {
        {"Name", MIG_OPT_TEXT, 0, NULL, NULL, "x"},
        {"twice", MIG_OPT_TEXT, 0, NULL, NULL, "x"},
        {"twice", MIG_OPT_TEXT, 0, NULL, NULL, "x"},
        {"type", 7, 0, NULL, NULL, "x"},
        {"flag", MIG_OPT_TEXT, 4, NULL, NULL, "x"},
        {"words", MIG_OPT_TEXT, 0, NULL, "a||b", "x"},
        {"range", MIG_OPT_INT, 0, NULL, "9..1", "x"},
        {"open", MIG_OPT_INT, 0, NULL, "1..", "x"},
        {"none", MIG_OPT_BOOL, 0, NULL, "true", "x"},
        {"outside", MIG_OPT_INT, 0, "7", "1..6", "x"},
        {"word", MIG_OPT_TEXT, 0, "c", "a|b", "x"},
        {"yes", MIG_OPT_BOOL, 0, "yes", NULL, "x"},
        {"json", MIG_OPT_JSON, 0, "{", NULL, "x"},
        {"help", MIG_OPT_TEXT, 0, NULL, NULL, ""},
        {NULL, 0, 0, NULL, NULL, NULL},
    };
    faults_clear(&faults);
    CU_ASSERT_EQUAL(options_check_table(table, "source:x", &faults), 0);
    CU_ASSERT_EQUAL(faults.n, 0);
    CU_ASSERT_EQUAL(options_check_table(bad, "source:bad", &faults), STATUS_PLUGIN);
    CU_ASSERT_EQUAL_FATAL(faults.n, 13); /* all but the first "twice" */
    CU_ASSERT_STRING_EQUAL(faults.items[1].what,
                           "source:bad: option \"twice\": there are two of this name");
    CU_ASSERT_EQUAL(options_check_table(NULL, "source:none", &faults), 0);
}

static void tables_are_printed(void)
{
    static const mig_option_t few[] = {
        {"file", MIG_OPT_PATH, MIG_OPTF_REQUIRED, NULL, NULL, "The file."},
        {"size", MIG_OPT_INT, 0, "10", "1..99", "How many."},
        {"pin", MIG_OPT_TEXT, MIG_OPTF_SECRET, "1234", NULL, "Secret."},
        {"url", MIG_OPT_URL, 0, "postgresql://u:p@h", NULL, "Where."},
        {"label", MIG_OPT_TEXT, 0, NULL, NULL, "Label."},
        {NULL, 0, 0, NULL, NULL, NULL},
    };
    struct str out;
    str_init(&out, 0);
    options_print(few, &out);
    CU_ASSERT_STRING_EQUAL(out.data, "file  path  (required)  The file.\n"
                                     "size  int 1..99  10  How many.\n"
                                     "pin  text  ***  Secret.\n"
                                     "url  url  postgresql://u:***@h  Where.\n"
                                     "label  text  -  Label.\n");
    str_clear(&out);
}

int main(int argc, char **argv)
{
    static const struct unit_case cases[] = {
        {"values_are_read", values_are_read},
        {"defaults_are_set", defaults_are_set},
        {"json_may_be_any_value", json_may_be_any_value},
        {"misfits_are_refused", misfits_are_refused},
        {"all_faults_are_told", all_faults_are_told},
        {"secrets_stay_secret", secrets_stay_secret},
        {"tables_are_checked", tables_are_checked},
        {"tables_are_printed", tables_are_printed},
    };
    int status = UNIT_MAIN("options", cases, argc, argv);
    arena_free(mem);
    faults_clear(&faults);
    return status;
}

/* test_mask.c - fields of class secret and pii: what is left of a record, a first cause, a reason.
 */
#include "mask.h"

#include <string.h>

#include "unit.h"

static const char *secret[] = {"password"}, *pii[] = {"mail", "a.b"}, *mail[] = {"mail"};
static const char *id[] = {"id"};
static struct project_stage stages[] = {
    {.name = "people",
     .key = mail,
     .n_key = 1,
     .secret = secret,
     .n_secret = 1,
     .pii = pii,
     .n_pii = 2},
    {.name = "codes", .ids = ID_NATURAL, .key = id, .n_key = 1, .pii = mail, .n_pii = 1},
    {.name = "kept", .ids = ID_KEEP, .key = mail, .n_key = 1, .pii = mail, .n_pii = 1},
    {.name = "plain", .ids = ID_KEEP, .key = id, .n_key = 1},
};
static const struct project project = {.stages = stages, .n_stages = 4};

static char told[256];

static void tell(void *ctx, const char *field, const char *text, size_t n)
{
    (void)ctx;
    size_t at = strlen(told);
    snprintf(told + at, sizeof told - at, "%s=%.*s;", field, (int)n, text);
}

static void record_is(const char *raw, const char *expected, const char *values)
{
    struct str out;
    str_init(&out, 0);
    str_add(&out, "");
    told[0] = '\0';
    mask_record(&project, "people", raw, strlen(raw), &out, tell, NULL);
    CU_ASSERT_STRING_EQUAL(out.data, expected);
    CU_ASSERT_STRING_EQUAL(told, values);
    str_clear(&out);
}

static void records_keep_what_is_not_masked(void)
{
    record_is("{\"n\":1.500, \"mail\" : \"x@y.org\",\n \"id\": 1234567890123456789}",
              "{\"n\":1.500, \"mail\" : \"***\",\n \"id\": 1234567890123456789}", "mail=x@y.org;");
    record_is("{\"password\": 12.50, \"a.b\": {\"c\": [\"x\"]}, \"mail\": null}",
              "{\"password\": \"***\", \"a.b\": \"***\", \"mail\": \"***\"}", "password=12.50;");
    record_is("{\"m\\u0061il\": \"\\u0041nn\"}", "{\"m\\u0061il\": \"***\"}", "mail=Ann;");
    record_is("{\"mail\": \"one\", \"mail\": \"two\"}", "{\"mail\": \"***\", \"mail\": \"***\"}",
              "mail=one;mail=two;");
    record_is("{}", "{}", "");
}

static void what_is_no_record_is_left_out(void)
{
    record_is("{\"mail\": \"x@y.org", "", "");
    record_is("[\"x@y.org\"]", "", "");
    record_is("{\"mail\": \"x@y.org\", \"n\": 12345678901234567890}", "", ""); /* 65 bits */
    record_is("", "", "");
}

static void keys_are_masked_where_they_hold_a_value(void)
{
    CU_ASSERT(mask_keys(&project, "people"));
    CU_ASSERT_FALSE(mask_final_keys(&project, "people")); /* a UUID says nothing */
    CU_ASSERT_FALSE(mask_keys(&project, "codes"));
    CU_ASSERT(mask_final_keys(&project, "codes"));
    CU_ASSERT(mask_keys(&project, "kept") && mask_final_keys(&project, "kept"));
    CU_ASSERT_FALSE(mask_keys(&project, "plain") || mask_final_keys(&project, "plain"));
    CU_ASSERT_FALSE(mask_has(&project, "plain") || mask_has(&project, "none") ||
                    mask_has(&project, NULL));
}

static void text_is(void (*mask)(const struct project *p, const char *text, struct str *out),
                    const char *text, const char *expected)
{
    struct str out;
    str_init(&out, 0);
    mask(&project, text, &out);
    CU_ASSERT_STRING_EQUAL(out.data, expected);
    str_clear(&out);
}

static void reason_of_people(const struct project *p, const char *text, struct str *out)
{
    mask_reason(p, "people", text, out);
}

static void texts_that_name_a_key(void)
{
    text_is(mask_cause, "people:x@y: z.org bad_date", "people:*** bad_date");
    text_is(mask_cause, "plain:x@y.org bad_date", "plain:x@y.org bad_date");
    text_is(mask_cause, "people", "people");
    text_is(reason_of_people, "the same key (index i): the one with the source key x y stays",
            "the same key (index i): the one with the source key *** stays");
    text_is(reason_of_people, "a value is required", "a value is required");
}

static const struct unit_case cases[] = {
    {"records_keep_what_is_not_masked", records_keep_what_is_not_masked},
    {"what_is_no_record_is_left_out", what_is_no_record_is_left_out},
    {"keys_are_masked_where_they_hold_a_value", keys_are_masked_where_they_hold_a_value},
    {"texts_that_name_a_key", texts_that_name_a_key},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("mask", cases, argc, argv);
}

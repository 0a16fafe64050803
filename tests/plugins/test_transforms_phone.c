/*
 * test_transforms_phone.c - the table of cases of "phone.plan", a transform in C++: where the
 * simple rule "phone" and the plans agree it gives the same outcomes, codes and repairs; where they
 * do not, the plan decides.
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
#define GB                                                                                         \
    {                                                                                              \
        "country", "44"                                                                            \
    }
#define US                                                                                         \
    {                                                                                              \
        "country", "US"                                                                            \
    }
#define AZ                                                                                         \
    {                                                                                              \
        "country", "994"                                                                           \
    }
#define ASSUMED "phone_country_assumed"

static const struct transformcase as_simple[] = {
    {"phone.plan", OPT(GB), IN("t:020 7946 0000"), "t:+442079460000", ASSUMED},
    {"phone.plan", OPT(GB), IN("t:(020) 7946-0000"), "t:+442079460000", ASSUMED},
    {"phone.plan", OPT({"country", "GB"}), IN("t:020 7946 0000"), "t:+442079460000", ASSUMED},
    {"phone.plan", OPT(GB), IN("t:+44 (0)20 7946 0000"), "t:+442079460000", NULL},
    {"phone.plan", OPT(GB), IN("t:0044 20.7946.0000"), "t:+442079460000", NULL},
    {"phone.plan", OPT(GB), IN("n:2079460000"), "t:+442079460000", ASSUMED},
    {"phone.plan", OPT(GB), IN("t:０２０７９４６００００"), "t:+442079460000", ASSUMED},
    {"phone.plan", OPT(AZ), IN("t:٠٥٠ ١٢٣ ٤٥ ٦٧"), "t:+994501234567", ASSUMED},
    {"phone.plan", OPT(GB), IN("t:020 7946 0000 ext 5"), "!bad_phone", NULL},
    {"phone.plan", OPT(GB), IN("t:none"), "!bad_phone", NULL},
    {"phone.plan", OPT(GB), IN("t:+0123456789"), "!bad_phone", NULL},
    {"phone.plan", OPT(GB), IN("t:0"), "!bad_phone", NULL},
    {"phone.plan", OPT(GB), IN("t:+1234567890123456"), "!bad_phone", NULL},
    {"phone.plan", OPT(GB), IN("t:11111111111111111111111111111111"), "!bad_phone", NULL},
    {"phone.plan", {{0}}, IN("t:020 7946 0000"), "!bad_phone", NULL},
    {"phone.plan", {{0}}, IN("t:+442079460000"), "t:+442079460000", NULL},
    {"phone.plan", OPT(GB, {"on_bad", "null"}), IN("t:none"), "null", "bad_phone_to_null"},
    {"phone.plan", OPT(GB), IN("t:  "), "null", NULL},
    {"phone.plan", OPT(GB), IN("t:"), "null", NULL},
    {"phone.plan", OPT(GB), IN("null"), "null", NULL},
    {"phone.plan", OPT(GB), IN("absent"), "absent", NULL},
    {"phone.plan", OPT(GB), IN("b:true"), "!bad_type", NULL},
    {"phone.plan", OPT(GB), IN("j:[1]"), "!bad_type", NULL},
    /* What is beside the number is never dropped unseen. */
    {"phone.plan", OPT(GB), IN("t:call me: 020 7946 0000"), "!bad_phone", NULL},
    {"phone.plan", OPT(GB), IN("t:020 7946 0000a"), "!bad_phone", NULL},
    {"phone.plan", OPT(GB), IN("t:020 79a46 0000"), "!bad_phone", NULL},
    {"phone.plan", OPT(GB), IN("t:020 7946 0000 (home)"), "!bad_phone", NULL},
    {"phone.plan", OPT(GB), IN("t:020 7946 0000 (h)"), "!bad_phone", NULL},
    {"phone.plan", OPT(GB), IN("t:020 7946 0000;isub=5"), "!bad_phone", NULL},
    {"phone.plan", OPT(GB), IN("t:7946 0000;phone-context=+4420"), "!bad_phone", NULL},
    {"phone.plan", OPT(GB), IN("t:020 7946 0000 / 020 7946 0001"), "!bad_phone", NULL},
    {"phone.plan", OPT(GB), IN("t:020 7946 0000/x 020 7946 0001"), "!bad_phone", NULL},
    {"phone.plan", OPT(GB), IN("t:020 7946 0000, 020 7946 0001"), "!bad_phone", NULL},
    {"phone.plan", OPT(GB), IN("t:020 7946 0000 \xE2\x98\x8E"), "!bad_phone", NULL},
    {"phone.plan", OPT(GB), IN("t:\xE2\x98\x8E 020 7946 0000"), "!bad_phone", NULL},
    {"phone.plan", OPT(GB), IN("t:020 7946 0000 домой"), "!bad_phone", NULL},
    {"phone.plan", OPT(GB), IN("t:*31#020 7946 0000"), "!bad_phone", NULL},
    {"phone.plan", OPT(GB), IN("t:020 7946 0000#"), "!bad_phone", NULL},
    {"phone.plan", OPT(GB), IN("t:~020 7946 0000"), "!bad_phone", NULL},
    {"phone.plan", OPT(GB), IN("t:\xC2\xA0\xE3\x80\x80"), "null", NULL}, /* wide blanks */
    {"phone.plan", OPT(GB), IN("t:\xE2\x80\xAA+44 20 7946 0000\xE2\x80\xAC"), "t:+442079460000",
     NULL},
    {"phone.plan", OPT({"country", "+44"}), IN("t:1"), "?numbering plan", NULL},
    {"phone.plan", OPT({"country", "999"}), IN("t:1"), "?numbering plan", NULL},
};

static const struct transformcase by_plan[] = {
    /* Too short for Britain, of a form that the simple rule takes. */
    {"phone.plan", OPT(GB), IN("t:+4420794600"), "!bad_phone", NULL},
    {"phone.plan", OPT(GB), IN("t:+12345678"), "!bad_phone", NULL},
    /* How numbers of other countries are dialled, and letters on keys. */
    {"phone.plan", OPT(US), IN("t:011 44 20 7946 0000"), "t:+442079460000", NULL},
    {"phone.plan", OPT(US), IN("t:1 (650) 253-0000"), "t:+16502530000", NULL},
    {"phone.plan", OPT(US), IN("t:1-800-FLOWERS"), "t:+18003569377", NULL},
    /* Italian numbers keep their zero. */
    {"phone.plan", OPT({"country", "IT"}), IN("t:02 3661 8300"), "t:+390236618300", ASSUMED},
};

static void agrees_with_the_simple_rule(void)
{
    TRANSFORMCASE_CHECK_ALL(as_simple);
}

static void knows_the_plans(void)
{
    TRANSFORMCASE_CHECK_ALL(by_plan);
}

static const struct unit_case cases[] = {
    {"agrees_with_the_simple_rule", agrees_with_the_simple_rule},
    {"knows_the_plans", knows_the_plans},
};

int main(int argc, char **argv)
{
    transformcase_plugin = "transforms-phone";
    return UNIT_MAIN("transforms_phone", cases, argc, argv);
}

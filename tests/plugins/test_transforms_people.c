/*
 * test_transforms_people.c - tables of cases for what is told of people: names, telephone numbers,
 * addresses.
 */
#include "transformcase.h"
#include "unit.h"

#include <string.h>

#define OPT(...)                                                                                   \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define IN(...)                                                                                    \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define FIRST                                                                                      \
    {                                                                                              \
        "part", "first"                                                                            \
    }
#define MIDDLE                                                                                     \
    {                                                                                              \
        "part", "middle"                                                                           \
    }
#define LAST                                                                                       \
    {                                                                                              \
        "part", "last"                                                                             \
    }
#define FAMILY                                                                                     \
    {                                                                                              \
        "order", "family_first"                                                                    \
    }

/* A name and its three parts. */
#define NAME(name, first, middle, last)                                                            \
    {"name.part", OPT(FIRST), IN(name), first, NULL},                                              \
        {"name.part", OPT(MIDDLE), IN(name), middle, NULL},                                        \
    {                                                                                              \
        "name.part", OPT(LAST), IN(name), last, NULL                                               \
    }
#define FAMILY_NAME(name, first, middle, last)                                                     \
    {"name.part", OPT(FIRST, FAMILY), IN(name), first, NULL},                                      \
        {"name.part", OPT(MIDDLE, FAMILY), IN(name), middle, NULL},                                \
    {                                                                                              \
        "name.part", OPT(LAST, FAMILY), IN(name), last, NULL                                       \
    }

static const struct transformcase name_cases[] = {
    {"name.part", OPT(FIRST), IN("t:Ana"), "t:Ana", "single_name"},
    {"name.part", OPT(MIDDLE), IN("t:Ana"), "null", NULL},
    {"name.part", OPT(LAST), IN("t: Ana "), "null", NULL},
    {"name.part", OPT(LAST), IN("t: \t "), "null", NULL},
    {"name.part", OPT(LAST), IN("t:"), "null", NULL},
    {"name.part", OPT(LAST), IN("null"), "null", NULL},
    {"name.part", OPT(LAST), IN("absent"), "absent", NULL},
    {"name.part", OPT(LAST), IN("j:{}"), "!bad_type", NULL},
    NAME("t:Ana Silva", "t:Ana", "null", "t:Silva"),
    NAME("t:  Ana   Maria  Silva ", "t:Ana", "t:Maria", "t:Silva"),
    NAME("t:Ana Maria Clara Silva", "t:Ana", "t:Maria Clara", "t:Silva"),
    NAME("t:Ludwig van der Rohe", "t:Ludwig", "null", "t:van der Rohe"),
    NAME("t:Juan Carlos De La Cruz", "t:Juan", "t:Carlos", "t:De La Cruz"),
    NAME("t:Ahmad bin Abdullah", "t:Ahmad", "null", "t:bin Abdullah"),
    NAME("t:Van Morrison", "t:Van", "null", "t:Morrison"),
    NAME("t:Ana van", "t:Ana", "null", "t:van"),
    NAME("t:Silva, Ana Maria", "t:Ana", "t:Maria", "t:Silva"),
    NAME("t:van der Berg , Jan", "t:Jan", "null", "t:van der Berg"),
    NAME("t:Silva\xEF\xBC\x8C"
         "Ana",
         "t:Ana", "null", "t:Silva"), /* a wide comma */
    NAME("t:Silva,", "t:Silva", "null", "null"),
    NAME("t:Martin Luther King, Jr.", "t:Martin", "t:Luther", "t:King Jr."),
    NAME("t:John Smith III", "t:John", "null", "t:Smith III"),
    NAME("t:King, Martin Luther, Jr.", "t:Martin", "t:Luther", "t:King Jr."),
    NAME("t:King, Martin Luther Jr.", "t:Martin", "t:Luther", "t:King Jr."),
    NAME("t:King, Martin III", "t:Martin", "null", "t:King III"),
    NAME("t:King Jr", "t:King", "null", "t:Jr"),
    NAME("t:Анна Ильична Фет", "t:Анна", "t:Ильична", "t:Фет"),
    NAME("t:محمد بن سلمان", "t:محمد", "t:بن", "t:سلمان"),
    NAME("t:李\xE3\x80\x80小明", "t:李", "null", "t:小明"), /* a wide blank */
    NAME("t:李小明", "t:李小明", "null", "null"),
    FAMILY_NAME("t:李 小明", "t:小明", "null", "t:李"),
    FAMILY_NAME("t:van der Berg Jan Piet", "t:Jan", "t:Piet", "t:van der Berg"),
    FAMILY_NAME("t:Silva, Ana", "t:Ana", "null", "t:Silva"),
    FAMILY_NAME("t:King Martin Luther Jr.", "t:Martin", "t:Luther", "t:King Jr."),
    NAME("t:Abd al-Rahman al-Rashid", "t:Abd", "t:al-Rahman", "t:al-Rashid"),
    NAME("t:Ana \xE2\x80\x8B Silva", "t:Ana", "null", "t:Silva"), /* a blank of no width */
    NAME("t:Silva, \xE2\x80\x8B Ana", "t:Ana", "null", "t:Silva"),
    {"name.part", OPT(FIRST), IN("t:\xE2\x80\x8B"), "null", NULL},
    {"name.part", OPT(LAST, {"particles", "[\"ло\"]"}), IN("t:Я ло Ы"), "t:ло Ы", NULL},
    {"name.part", OPT(LAST, {"particles", "[]"}), IN("t:Ludwig van der Rohe"), "t:Rohe", NULL},
};

static void names(void)
{
    for (size_t i = 0; i < sizeof name_cases / sizeof *name_cases; i++) {
        struct transformcase c = name_cases[i];
        /* The one word is counted by the first name alone. */
        if (c.in[0] && strcmp(c.options[0].value ? c.options[0].value : "", "first") == 0 &&
            (strcmp(c.in[0], "t:李小明") == 0 || strcmp(c.in[0], "t:Silva,") == 0))
            c.repair = "single_name";
        transformcase_check(&c);
    }
}

#define GB                                                                                         \
    {                                                                                              \
        "country", "44"                                                                            \
    }
#define AZ                                                                                         \
    {"country", "994"},                                                                            \
    {                                                                                              \
        "national", "9"                                                                            \
    }
#define ASSUMED "phone_country_assumed"

static const struct transformcase phone_cases[] = {
    {"phone", OPT(GB), IN("t:020 7946 0000"), "t:+442079460000", ASSUMED},
    {"phone", OPT(GB), IN("t:(020) 7946-0000"), "t:+442079460000", ASSUMED},
    {"phone", OPT(GB), IN("t:+44 (0)20 7946 0000"), "t:+442079460000", NULL},
    {"phone", OPT(GB), IN("t:0044 20.7946.0000"), "t:+442079460000", NULL},
    {"phone", OPT(GB), IN("t:+1-202-555-0100"), "t:+12025550100", NULL},
    {"phone", OPT(GB), IN("n:2079460000"), "t:+442079460000", ASSUMED},
    {"phone", OPT(GB),
     IN("t:\xEF\xBC\x8B\xEF\xBC\x94\xEF\xBC\x94"
        "2079460000"),
     "t:+442079460000", NULL},
    {"phone", OPT(AZ), IN("t:٠٥٠ ١٢٣ ٤٥ ٦٧"), "t:+994501234567", ASSUMED},
    {"phone", OPT(AZ), IN("t:994501234567"), "t:+994501234567", NULL},
    {"phone", OPT(AZ), IN("t:50123456"), "!bad_phone", NULL},
    {"phone", OPT(AZ, {"trunk", "8"}), IN("t:8501234567"), "t:+994501234567", ASSUMED},
    {"phone", OPT(GB), IN("t:020 7946 0000 ext 5"), "!bad_phone", NULL},
    {"phone", OPT(GB), IN("t:none"), "!bad_phone", NULL},
    {"phone", OPT(GB), IN("t:12+34567890"), "!bad_phone", NULL},
    {"phone", OPT(GB), IN("t:+0123456789"), "!bad_phone", NULL},
    {"phone", OPT(GB), IN("t:0"), "!bad_phone", NULL},
    {"phone", OPT(GB), IN("t:+1234567"), "!bad_phone", NULL},
    {"phone", OPT(GB), IN("t:+12345678"), "t:+12345678", NULL},
    {"phone", OPT(GB), IN("t:+123456789012345"), "t:+123456789012345", NULL},
    {"phone", OPT(GB), IN("t:+1234567890123456"), "!bad_phone", NULL},
    {"phone", OPT(GB), IN("t:11111111111111111111111111111111"), "!bad_phone", NULL},
    {"phone", {{0}}, IN("t:020 7946 0000"), "!bad_phone", NULL},
    {"phone", {{0}}, IN("t:00442079460000"), "t:+442079460000", NULL},
    {"phone", OPT(GB, {"on_bad", "null"}), IN("t:none"), "null", "bad_phone_to_null"},
    {"phone", OPT(GB), IN("t:\xE2\x80\xAA+44 20 7946 0000\xE2\x80\xAC"), "t:+442079460000", NULL},
    {"phone", OPT(GB), IN("t:  "), "null", NULL},
    {"phone", OPT(GB), IN("t:"), "null", NULL},
    {"phone", OPT(GB), IN("absent"), "absent", NULL},
    {"phone", OPT(GB), IN("b:true"), "!bad_type", NULL},
    {"phone", OPT({"country", "+44"}), IN("t:1"), "?calling code", NULL},
    {"phone", OPT({"trunk", "x"}), IN("t:1"), "?are digits", NULL},
};

static void phones(void)
{
    TRANSFORMCASE_CHECK_ALL(phone_cases);
}

#define UK                                                                                         \
    {                                                                                              \
        "countries", "{\"UK\":\"GB\",\"United Kingdom\":\"GB\"}"                                   \
    }
#define PART(what, in, out)                                                                        \
    {                                                                                              \
        "address.part", OPT({"part", what}, UK), IN(in), out, NULL                                 \
    }
#define ADDRESS(in, street, city, zip, country, rest)                                              \
    PART("street", in, street), PART("city", in, city), PART("zip", in, zip),                      \
        PART("country", in, country), PART("rest", in, rest)
#define OBJECT                                                                                     \
    "j:{\"line1\":\"1 High St\",\"town\":\"Ely\",\"zip\":\"\",\"postcode\":12345,\"flat\":7,"      \
    "\"Country\":\"uk\",\"geo\":{\"lat\":1.50}}"

static const struct transformcase address_cases[] = {
    ADDRESS("t:12 High St, Flat 3, London SW1A 1AA, uk", "t:12 High St", "t:London", "t:SW1A 1AA",
            "t:GB", "t:Flat 3"),
    ADDRESS("t:12 High St\nFlat 3; Block B\nLondon\nSW1A 1AA\nUnited  Kingdom", "t:12 High St",
            "t:London", "t:SW1A 1AA", "t:GB", "t:Flat 3, Block B"),
    ADDRESS("t:Dam 1, 1012 JS Amsterdam", "t:Dam 1", "t:Amsterdam", "t:1012 JS", "null", "null"),
    ADDRESS("t:5 Main Rd, Springfield IL 62704", "t:5 Main Rd", "t:Springfield IL", "t:62704",
            "null", "null"),
    ADDRESS("t:Nizami 5, AZ1000", "t:Nizami 5", "null", "t:AZ1000", "null", "null"),
    ADDRESS("t:somewhere", "t:somewhere", "null", "null", "null", "null"),
    ADDRESS("t:UK", "null", "null", "null", "t:GB", "null"),
    ADDRESS("t: , ,", "null", "null", "null", "null", "null"),
    ADDRESS("t:", "null", "null", "null", "null", "null"),
    ADDRESS(OBJECT, "t:1 High St", "t:Ely", "t:12345", "t:GB", "t:flat: 7, geo: {\"lat\":1.5}"),
    ADDRESS("t:{\"street\":\"A 1\",\"city\":\"B\",\"country\":\"France\"}", "t:A 1", "t:B", "null",
            "t:France", "null"),
    ADDRESS("t:{not JSON, x", "t:{not JSON", "t:x", "null", "null", "null"),
    ADDRESS("j:{}", "null", "null", "null", "null", "null"),
    PART("city", "j:[]", "!bad_address"),
    PART("city", "n:1", "!bad_type"),
    PART("city", "absent", "absent"),
    {"address.part", OPT({"part", "country"}, {"country", "GB"}), IN("t:A 1, B"), "t:GB",
     "country_assumed"},
    {"address.part", OPT({"part", "country"}, {"country", "GB"}), IN("null"), "t:GB",
     "country_assumed"},
    {"address.part", OPT({"part", "city"}, {"countries", "[]"}), IN("null"), "?countries", NULL},
};

static void addresses(void)
{
    TRANSFORMCASE_CHECK_ALL(address_cases);
}

static const struct unit_case cases[] = {
    {"names", names},
    {"phones", phones},
    {"addresses", addresses},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("transforms_people", cases, argc, argv);
}

/*
 * test_transforms_numbers.c - tables of cases for number.*, date and datetime.
 */
#include <stdio.h>
#include <string.h>

#include "transformcase.h"
#include "unit.h"

#define OPT(...)                                                                                   \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define GERMAN                                                                                     \
    {"decimal", ","},                                                                              \
    {                                                                                              \
        "thousands", "."                                                                           \
    }

static const struct transformcase whole_cases[] = {
    {"number.int", {{0}}, {"t:12"}, "n:12", NULL},
    {"number.int", {{0}}, {"t:-0"}, "n:0", NULL},
    {"number.int", {{0}}, {"t:+7"}, "n:7", NULL},
    {"number.int", {{0}}, {"t:007"}, "n:7", NULL},
    {"number.int", {{0}}, {"n:1e3"}, "n:1000", NULL},
    {"number.int", {{0}}, {"n:1.50e1"}, "n:15", NULL},
    {"number.int", {{0}}, {"n:12.000"}, "n:12", NULL},
    {"number.int", {{0}}, {"t:9223372036854775808"}, "n:9223372036854775808", NULL},
    {"number.int", {{0}}, {"t:12.5"}, "!precision", NULL},
    {"number.int", {{0}}, {"n:1e-1"}, "!precision", NULL},
    {"number.int", {{0}}, {"t:"}, "!bad_number", NULL},
    {"number.int", {{0}}, {"t: 1"}, "!bad_number", NULL},
    {"number.int", {{0}}, {"t:1 "}, "!bad_number", NULL},
    {"number.int", {{0}}, {"t:0x10"}, "!bad_number", NULL},
    {"number.int", {{0}}, {"t:1e"}, "!bad_number", NULL},
    {"number.int", {{0}}, {"t:--1"}, "!bad_number", NULL},
    {"number.int", {{0}}, {"t:NaN"}, "!bad_number", NULL},
    {"number.int", {{0}}, {"t:\xD9\xA1"}, "!bad_number", NULL},
    {"number.int", {{0}}, {"b:true"}, "!bad_type", NULL},
    {"number.int", {{0}}, {"null"}, "null", NULL},
    {"number.int", {{0}}, {"n:1e999999999999"}, "!out_of_range", NULL},
    {"number.int", {{0}}, {"n:0e999999999999"}, "n:0", NULL},
    {"number.int", OPT({"thousands", ","}), {"t:1,234,567"}, "n:1234567", NULL},
    {"number.int", OPT({"thousands", ","}), {"t:1,23"}, "!bad_number", NULL},
    {"number.int", OPT({"thousands", ","}), {"t:1234,567"}, "!bad_number", NULL},
    {"number.int", OPT({"thousands", ","}), {"t:,123"}, "!bad_number", NULL},
    {"number.int", OPT({"thousands", ","}), {"t:1234"}, "n:1234", NULL},
};

static void whole(void)
{
    TRANSFORMCASE_CHECK_ALL(whole_cases);
}

static const struct transformcase decimal_cases[] = {
    {"number.decimal", {{0}}, {"t:12.50"}, "n:12.50", NULL},
    {"number.decimal",
     {{0}},
     {"t:0.1000000000000000055511151231257827"},
     "n:0.1000000000000000055511151231257827",
     NULL},
    {"number.decimal", {{0}}, {"n:12345678901234567890.123"}, "n:12345678901234567890.123", NULL},
    {"number.decimal", {{0}}, {"n:-0.0"}, "n:0.0", NULL},
    {"number.decimal", {{0}}, {"t:.5"}, "n:0.5", NULL},
    {"number.decimal", {{0}}, {"t:5."}, "!bad_number", NULL},
    {"number.decimal", {{0}}, {"t:."}, "!bad_number", NULL},
    {"number.decimal", {{0}}, {"t:1,5"}, "!bad_number", NULL},
    {"number.decimal", {{0}}, {"n:1e-3"}, "n:0.001", NULL},
    {"number.decimal", {{0}}, {"n:12.5E+2"}, "n:1250", NULL},
    {"number.decimal", {{0}}, {"n:1e-999999"}, "!out_of_range", NULL},
    {"number.decimal", {{0}}, {"t:12.50 EUR"}, "!bad_number", NULL},
    {"number.decimal", {{0}}, {"j:[1]"}, "!bad_type", NULL},
    {"number.decimal", {{0}}, {"absent"}, "absent", NULL},
    {"number.decimal", OPT(GERMAN), {"t:-1.234.567,89"}, "n:-1234567.89", NULL},
    {"number.decimal", OPT(GERMAN), {"t:1.5"}, "!bad_number", NULL},
    {"number.decimal", OPT(GERMAN), {"t:1.234"}, "n:1234", NULL},
    {"number.decimal", OPT(GERMAN), {"t:1,234"}, "n:1.234", NULL},
    {"number.decimal", OPT(GERMAN), {"t:1,234.567"}, "!bad_number", NULL},
    {"number.decimal", OPT(GERMAN), {"n:1.5"}, "n:1.5", NULL},
    {"number.decimal",
     OPT({"decimal", ","}, {"thousands", "\xC2\xA0"}),
     {"t:12\xC2\xA0"
      "345,6"},
     "n:12345.6",
     NULL},
    {"number.decimal", OPT({"decimal", ","}, {"thousands", ","}), {"t:1"}, "?the same", NULL},
    {"number.decimal", OPT({"decimal", "1"}), {"t:1"}, "?a separator holds", NULL},
    {"number.decimal", OPT({"thousands", "-"}), {"t:1"}, "?a separator holds", NULL},
};

static void decimal(void)
{
    TRANSFORMCASE_CHECK_ALL(decimal_cases);
}

#define SCALE(n)                                                                                   \
    {                                                                                              \
        "scale", n                                                                                 \
    }

static const struct transformcase rounding_cases[] = {
    {"number.round", OPT(SCALE("2")), {"t:1.005"}, "n:1.01", "round"},
    {"number.round", OPT(SCALE("2")), {"t:1.0049999"}, "n:1.00", "round"},
    {"number.round", OPT(SCALE("2")), {"t:-1.005"}, "n:-1.01", "round"},
    {"number.round", OPT(SCALE("2")), {"t:9.995"}, "n:10.00", "round"},
    {"number.round", OPT(SCALE("0")), {"t:0.5"}, "n:1", "round"},
    {"number.round", OPT(SCALE("0")), {"t:-0.4"}, "n:0", "round"},
    {"number.round", OPT(SCALE("1")), {"t:0.05"}, "n:0.1", "round"},
    {"number.round", OPT(SCALE("1")), {"n:5e-3"}, "n:0", "round"},
    {"number.round", OPT(SCALE("2")), {"n:5e-3"}, "n:0.01", "round"},
    {"number.round", OPT(SCALE("1")), {"t:1.50"}, "n:1.5", NULL},
    {"number.round", OPT(SCALE("3")), {"t:1.5"}, "n:1.5", NULL},
    {"number.round", OPT(SCALE("0")), {"t:999.5"}, "n:1000", "round"},
    {"number.round", OPT(SCALE("0")), {"n:1e5"}, "n:100000", NULL},
    {"number.round", OPT(SCALE("1"), {"mode", "half_even"}), {"t:0.25"}, "n:0.2", "round"},
    {"number.round", OPT(SCALE("1"), {"mode", "half_even"}), {"t:0.35"}, "n:0.4", "round"},
    {"number.round", OPT(SCALE("1"), {"mode", "half_even"}), {"t:0.251"}, "n:0.3", "round"},
    {"number.round", OPT(SCALE("0"), {"mode", "half_even"}), {"t:0.5"}, "n:0", "round"},
    {"number.round", OPT(SCALE("1"), {"mode", "down"}), {"t:-0.99"}, "n:-0.9", "round"},
    {"number.round", OPT(SCALE("1"), GERMAN), {"t:1.000,05"}, "n:1000.1", "round"},
    {"number.round", OPT(SCALE("1")), {"t:x"}, "!bad_number", NULL},
    {"number.round", OPT(SCALE("1")), {"null"}, "null", NULL},
};

static void rounding(void)
{
    TRANSFORMCASE_CHECK_ALL(rounding_cases);
}

#define FORMATS(list)                                                                              \
    {                                                                                              \
        "formats", list                                                                            \
    }

#define RANGE(from_range, to_range, digits)                                                        \
    {"from", from_range}, {"to", to_range},                                                        \
    {                                                                                              \
        "scale", digits                                                                            \
    }
#define GPA RANGE("[0, 100]", "[0, 4]", "2")

static const struct transformcase rescale_cases[] = {
    {"number.rescale", OPT(GPA), {"t:0"}, "n:0.00", NULL},
    {"number.rescale", OPT(GPA), {"t:100"}, "n:4.00", NULL},
    {"number.rescale", OPT(GPA), {"n:100.00"}, "n:4.00", NULL},
    {"number.rescale", OPT(GPA), {"t:87.5"}, "n:3.50", NULL},
    {"number.rescale", OPT(GPA), {"t:0.125"}, "n:0.01", "round"}, /* 0.005, up */
    {"number.rescale", OPT(GPA), {"t:0.124"}, "n:0.00", "round"},
    {"number.rescale", OPT(GPA), {"t:99.9"}, "n:4.00", "round"},
    {"number.rescale", OPT(GPA), {"t:100.000000001"}, "!out_of_range", NULL},
    {"number.rescale", OPT(GPA), {"t:-0.1"}, "!out_of_range", NULL},
    {"number.rescale", OPT(GPA), {"t:-0"}, "n:0.00", NULL},
    {"number.rescale", OPT(GPA), {"t:5e1"}, "n:2.00", NULL},
    {"number.rescale", OPT(GPA), {"t:"}, "!bad_number", NULL},
    {"number.rescale", OPT(GPA), {"t:A+"}, "!bad_number", NULL},
    {"number.rescale", OPT(GPA), {"b:true"}, "!bad_type", NULL},
    {"number.rescale", OPT(GPA), {"t:1.0000000001"}, "!out_of_range", NULL},
    {"number.rescale", OPT(GPA), {"t:12345678901"}, "!out_of_range", NULL},
    {"number.rescale", OPT(GPA), {"null"}, "null", NULL},
    {"number.rescale", OPT(RANGE("[1, 5]", "[5, 1]", "0")), {"t:2"}, "n:4", NULL},
    {"number.rescale", OPT(RANGE("[5, 1]", "[0, 4]", "1")), {"t:2"}, "n:3.0", NULL},
    {"number.rescale", OPT(RANGE("[5, 1]", "[0, 4]", "1")), {"t:0.5"}, "!out_of_range", NULL},
    {"number.rescale", OPT(RANGE("[0, 3]", "[-1, 0]", "3")), {"t:1"}, "n:-0.667", "round"},
    {"number.rescale",
     OPT(RANGE("[-999999999, 999999999]", "[-999999999, 999999999]", "9")),
     {"t:-999999999"},
     "n:-999999999.000000000",
     NULL},
    {"number.rescale", OPT(RANGE("[0, 0]", "[0, 4]", "2")), {"t:0"}, "?two different", NULL},
    {"number.rescale", OPT(RANGE("[0]", "[0, 4]", "2")), {"t:0"}, "?two different", NULL},
    {"number.rescale", OPT(RANGE("[0, \"a\"]", "[0, 4]", "2")), {"t:0"}, "?two different", NULL},
};

static void rescale(void)
{
    TRANSFORMCASE_CHECK_ALL(rescale_cases);
}

static const struct transformcase dates_cases[] = {
    {"date", {{0}}, {"t:2024-02-29"}, "t:2024-02-29", NULL},
    {"date", {{0}}, {"t:2023-02-29"}, "!bad_date", NULL},
    {"date", {{0}}, {"t:1900-02-29"}, "!bad_date", NULL},
    {"date", {{0}}, {"t:2000-02-29"}, "t:2000-02-29", NULL},
    {"date", {{0}}, {"t:0000-01-01"}, "!bad_date", NULL},
    {"date", {{0}}, {"t:2024-13-01"}, "!bad_date", NULL},
    {"date", {{0}}, {"t:2024-00-01"}, "!bad_date", NULL},
    {"date", {{0}}, {"t:24-01-01"}, "!bad_date", NULL},
    {"date", {{0}}, {"t:2024-1-1"}, "!bad_date", NULL},
    {"date", {{0}}, {"t:2024-01-01 "}, "!bad_date", NULL},
    {"date", {{0}}, {"t:"}, "!bad_date", NULL},
    {"date", {{0}}, {"b:true"}, "!bad_type", NULL},
    {"date", {{0}}, {"null"}, "null", NULL},
    {"date", {{0}}, {"absent"}, "absent", NULL},
    {"date", OPT(FORMATS("[\"DD/MM/YYYY\"]")), {"t:31/01/2024"}, "t:2024-01-31", NULL},
    {"date", OPT(FORMATS("[\"DD/MM/YYYY\"]")), {"t:31/02/2024"}, "!bad_date", NULL},
    {"date",
     OPT(FORMATS("[\"DD/MM/YYYY\"]"), {"on_bad", "null"}),
     {"t:31/02/2024"},
     "null",
     "bad_date_to_null"},
    {"date",
     OPT(FORMATS("[\"DD/MM/YYYY\"]"), {"on_bad", "null"}),
     {"t:soon"},
     "null",
     "bad_date_to_null"},
    {"date",
     OPT(FORMATS("[\"DD/MM/YYYY\"]"), {"on_bad", "null"}),
     {"t:28/02/2024"},
     "t:2024-02-28",
     NULL},
    {"date", OPT({"on_bad", "null"}), {"b:true"}, "!bad_type", NULL},
    {"datetime", OPT({"on_bad", "null"}), {"t:2024-02-31T10:00:00Z"}, "null", "bad_date_to_null"},
    {"date", OPT(FORMATS("[\"DD/MM/YYYY\"]")), {"t:1/2/2024"}, "!bad_date", NULL},
    {"date", OPT(FORMATS("[\"D/M/YYYY\"]")), {"t:1/12/2024"}, "t:2024-12-01", NULL},
    {"date", OPT(FORMATS("[\"D/M/YYYY\"]")), {"t:01/02/2024"}, "t:2024-02-01", NULL},
    {"date", OPT(FORMATS("[\"D/M/YYYY\"]")), {"t:001/2/2024"}, "!bad_date", NULL},
    {"date",
     OPT(FORMATS("[\"YYYY-MM-DD\",\"DD/MM/YYYY\"]")),
     {"t:05/04/2024"},
     "t:2024-04-05",
     NULL},
    {"date", OPT(FORMATS("[\"YYYY-MM-DD\",\"DD/MM/YYYY\"]")), {"t:04.05.2024"}, "!bad_date", NULL},
    {"date", OPT(FORMATS("[\"YYYYMMDD\"]")), {"n:20240405"}, "t:2024-04-05", NULL},
    {"date", OPT(FORMATS("[\"D MMM YYYY\"]")), {"t:5 Apr 2024"}, "t:2024-04-05", NULL},
    {"date", OPT(FORMATS("[\"D [of] MMM YYYY\"]")), {"t:5 of APR 2024"}, "t:2024-04-05", NULL},
    {"date", OPT(FORMATS("[\"D MMM YYYY\"]")), {"t:5 Foo 2024"}, "!bad_date", NULL},
    {"date", OPT(FORMATS("[\"DD.MM.YY\"]"), {"pivot", "70"}), {"t:01.02.69"}, "t:2069-02-01", NULL},
    {"date", OPT(FORMATS("[\"DD.MM.YY\"]"), {"pivot", "70"}), {"t:01.02.70"}, "t:1970-02-01", NULL},
    {"date", OPT(FORMATS("[\"DD.MM.YY\"]")), {"t:x"}, "?\"pivot\"", NULL},
    {"date", OPT(FORMATS("[\"epoch_seconds\"]")), {"n:0"}, "t:1970-01-01T00:00:00Z", NULL},
    {"date",
     OPT(FORMATS("[\"epoch_seconds\"]"), {"time", "cut"}),
     {"t:1709164799"},
     "t:2024-02-28",
     "cut_time"},
    {"date",
     OPT(FORMATS("[\"epoch_seconds\"]"), {"time", "cut"}),
     {"t:1709164800"},
     "t:2024-02-29",
     NULL},
    {"date", OPT({"time", "cut"}), {"t:2024-01-02T03:04:05Z"}, "t:2024-01-02", "cut_time"},
    {"date", OPT({"time", "cut"}), {"t:2024-01-02T00:00:00.000Z"}, "t:2024-01-02", NULL},
    {"date", OPT({"time", "refuse"}), {"t:2024-01-02T00:00:00.001Z"}, "!precision", NULL},
    {"date", OPT({"time", "refuse"}), {"t:2024-01-02T00:00Z"}, "t:2024-01-02", NULL},
};

static void dates(void)
{
    TRANSFORMCASE_CHECK_ALL(dates_cases);
}

static const struct transformcase times_cases[] = {
    {"datetime", {{0}}, {"t:2024-01-02"}, "t:2024-01-02T00:00:00", NULL},
    {"datetime", {{0}}, {"t:2024-01-02 03:04"}, "t:2024-01-02T03:04:00", NULL},
    {"datetime", {{0}}, {"t:2024-01-02T03:04:05.123456Z"}, "t:2024-01-02T03:04:05.123456Z", NULL},
    {"datetime", {{0}}, {"t:2024-01-02t03:04:05-0530"}, "t:2024-01-02T03:04:05-05:30", NULL},
    {"datetime", {{0}}, {"t:2024-01-02T03:04:05+02"}, "t:2024-01-02T03:04:05+02:00", NULL},
    {"datetime", {{0}}, {"t:2024-01-02T03:04:05+2"}, "!bad_date", NULL},
    {"datetime", {{0}}, {"t:2024-01-02T03:04:05+16:00"}, "!bad_date", NULL},
    {"datetime", {{0}}, {"t:2024-01-02T03:04:05+02:"}, "!bad_date", NULL},
    {"datetime", {{0}}, {"t:2024-01-02T24:00:00"}, "!bad_date", NULL},
    {"datetime", {{0}}, {"t:2024-01-02T23:60:00"}, "!bad_date", NULL},
    {"datetime", {{0}}, {"t:2024-01-02T23:59:60"}, "!bad_date", NULL},
    {"datetime", {{0}}, {"t:2024-01-02T23:59:59."}, "!bad_date", NULL},
    {"datetime", {{0}}, {"t:2024-01-02T23:59:59.1234567890"}, "!bad_date", NULL},
    {"datetime", {{0}}, {"t:2024-01-02T"}, "!bad_date", NULL},
    {"datetime",
     OPT({"zone", "+0200"}),
     {"t:2024-01-02 03:04"},
     "t:2024-01-02T03:04:00+02:00",
     NULL},
    {"datetime", OPT({"zone", "+02:00"}), {"t:2024-01-02T03:04Z"}, "t:2024-01-02T03:04:00Z", NULL},
    {"datetime", OPT({"zone", "Berlin"}), {"t:x"}, "?no offset", NULL},
    {"datetime",
     OPT(FORMATS("[\"epoch_millis\"]")),
     {"n:1700000000123"},
     "t:2023-11-14T22:13:20.123Z",
     NULL},
    {"datetime", OPT(FORMATS("[\"epoch_millis\"]")), {"n:-1"}, "t:1969-12-31T23:59:59.999Z", NULL},
    {"datetime",
     OPT(FORMATS("[\"epoch_seconds\"]")),
     {"n:-62135596800"},
     "t:0001-01-01T00:00:00Z",
     NULL},
    {"datetime", OPT(FORMATS("[\"epoch_seconds\"]")), {"n:-62135596801"}, "!bad_date", NULL},
    {"datetime",
     OPT(FORMATS("[\"epoch_seconds\"]")),
     {"n:253402300799"},
     "t:9999-12-31T23:59:59Z",
     NULL},
    {"datetime", OPT(FORMATS("[\"epoch_seconds\"]")), {"n:253402300800"}, "!bad_date", NULL},
    {"datetime", OPT(FORMATS("[\"epoch_seconds\"]")), {"n:1.5"}, "!bad_date", NULL},
    {"datetime", OPT(FORMATS("[\"epoch_seconds\"]")), {"n:1e3"}, "!bad_date", NULL},
    {"datetime", OPT(FORMATS("[\"epoch_seconds\"]")), {"t:-"}, "!bad_date", NULL},
    {"datetime",
     OPT(FORMATS("[\"D/M/YYYY H:mm\"]")),
     {"t:1/2/2024 7:05"},
     "t:2024-02-01T07:05:00",
     NULL},
    {"datetime",
     OPT(FORMATS("[\"ISO\",\"epoch_millis\"]")),
     {"n:0"},
     "t:1970-01-01T00:00:00Z",
     NULL},
};

static void times(void)
{
    TRANSFORMCASE_CHECK_ALL(times_cases);
}

static void bad_formats(void)
{
    static const struct {
        const char *formats, *fault;
    } cases[] = {
        {"[]", "1 to 32 formats"},
        {"[\"\"]", "lacks the year"},
        {"[\"DD/mm/YYYY\"]", "lacks the year"},
        {"[\"DD/MM/YYYY mm\"]", "no hours"},
        {"[\"DMMYYYY\"]", "followed by a digit"},
        {"[\"M[1]DD YYYY\"]", "followed by a digit"},
        {"[\"DD of MM YYYY\"]", "brackets"},
        {"[\"DD [of MM YYYY\"]", "not closed"},
        {"[\"DD/MM/YYYY/DD\"]", "twice"},
        {"[\"YYYY-MM-DD------------------------------------------\"]", "too long"},
        {"[\"DD/MM/YYYY\",\"MM/DD/YYYY\"]", "in two ways"},
        {"[\"D/M/YYYY\",\"MM/DD/YYYY\"]", "in two ways"},
        {"[\"YYYY-DD-MM\",\"iso\"]", "in two ways"},
        {"[\"iso\",\"YYYY-DD-MM HH:mm\"]", "in two ways"},
        {"[\"epoch_seconds\",\"epoch_millis\"]", "in two ways"},
        {"[\"YYYYMMDD\",\"epoch_millis\"]", "in two ways"},
        {"[\"YYYYMMDD\",\"DDMMYYYY\"]", "in two ways"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char expected[100];
        (void)snprintf(expected, sizeof expected, "?%s", cases[i].fault);
        struct transformcase c = {"date", {{"formats", cases[i].formats}}, {"t:x"}, expected, NULL};
        transformcase_check(&c);
    }
}

/* Formats that stand beside each other without harm. */
static void good_formats(void)
{
    static const char *const cases[] = {
        "[\"DD/MM/YYYY\",\"D/M/YYYY\"]",     "[\"DD/MM/YYYY\",\"MM-DD-YYYY\"]",
        "[\"iso\",\"YYYY-MM-DD\"]",          "[\"iso\",\"DD/MM/YYYY\",\"epoch_seconds\"]",
        "[\"YYYYMMDD\",\"YYYYMMDDHHmmss\"]", "[\"DD/MM/YYYY\",\"YYYY/MM/DD\"]",
        "[\"D MMM YYYY\",\"D.M.YYYY\"]",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct transformcase c = {"date", {{"formats", cases[i]}}, {"t:x"}, "!bad_date", NULL};
        transformcase_check(&c);
    }
}

/* Each first of March, against a count of the days of all years before it. */
static void every_year(void)
{
    struct transformcase_unit u;
    static const struct mockhost_option options[] = {{"formats", "[\"epoch_seconds\"]"},
                                                     {NULL, NULL}};
    CU_ASSERT_EQUAL_FATAL(transformcase_start(&u, "date", options), MIG_OK);
    int64_t day = -719162; /* 0001-01-01 */
    int wrong = 0;
    for (int y = 1; y <= 9999; y++) {
        char in[24], expected[24];
        int leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
        (void)snprintf(in, sizeof in, "%lld", (long long)(day + 59 + leap) * 86400);
        (void)snprintf(expected, sizeof expected, "%04d-03-01T", y);
        mig_value_t value = {in, (uint32_t)strlen(in), MIG_NUMBER}, out;
        int32_t rc = transformcase_apply(&u, &value, 1, &out);
        wrong += rc != MIG_OK || memcmp(out.data, expected, strlen(expected)) != 0;
        day += 365 + leap;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    transformcase_stop(&u);
}

static const struct unit_case cases[] = {
    {"rescale", rescale},
    {"whole", whole},
    {"decimal", decimal},
    {"rounding", rounding},
    {"dates", dates},
    {"times", times},
    {"bad_formats", bad_formats},
    {"good_formats", good_formats},
    {"every_year", every_year},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("transforms_numbers", cases, argc, argv);
}

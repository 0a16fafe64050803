/* test_encode.c - text to binary COPY fields: the bytes of good values, code and SQLSTATE of
 * bad ones. tests/e2e/encode.sh compares many more with a server. */
#include <stdlib.h>

#include "encode.h"
#include "unit.h"

enum { BOOL = 16, BYTEA = 17, NAME = 19, INT8 = 20, INT2 = 21, INT4 = 23, TEXT = 25, OID = 26 };
enum { JSON = 114, FLOAT4 = 700, FLOAT8 = 701, BPCHAR = 1042, VARCHAR = 1043, DATE = 1082 };
enum { TIME = 1083, TIMESTAMP = 1114, TIMESTAMPTZ = 1184, INTERVAL = 1186, TIMETZ = 1266 };
enum { NUMERIC = 1700, UUID = 2950, JSONB = 3802 };

#define CHARACTERS(n) ((n) + 4)
#define DIGITS(precision, scale) (((precision) << 16 | ((scale)&0x7ff)) + 4)

/* What must come out: the bytes behind the length word, or code and SQLSTATE. */
struct sample {
    uint32_t oid;
    int32_t typmod;
    const char *text;
    const char *hex;
    const char *code, *sqlstate;
};
#define GOOD(oid, typmod, text, hex)                                                               \
    {                                                                                              \
        oid, typmod, text, hex, NULL, NULL                                                         \
    }
#define BAD(oid, typmod, text, code, sqlstate)                                                     \
    {                                                                                              \
        oid, typmod, text, NULL, code, sqlstate                                                    \
    }

static const char *const moods[] = {"sad", "ok", "very happy"};

/* Hex of what was appended, "" for a fault. The text is given without its NUL, so that the
 * sanitizer sees a byte read too many. */
static void encode_text(const struct encode_type *type, const char *text, size_t n, uint32_t kind,
                        struct encode_fault *fault, char hex[512])
{
    char *exact = malloc(n ? n : 1);
    memcpy(exact, text, n);
    mig_value_t value = {exact, (uint32_t)n, kind};
    struct encode_buffer out = {NULL, 0, 0};
    encode_bytes(&out, "before", 6);
    memset(fault, 0, sizeof *fault);
    int status = encode_value(type, &value, &out, fault);
    CU_ASSERT_EQUAL(status, fault->code ? -1 : 0);
    CU_ASSERT_EQUAL(memcmp(out.data, "before", 6), 0);
    size_t skip = status == 0 ? 10 : 6;
    CU_ASSERT_FATAL(out.len >= skip && out.len - skip < 250);
    hex[0] = '\0';
    for (size_t i = skip; i < out.len; i++)
        snprintf(hex + 2 * (i - skip), 3, "%02x", out.data[i]);
    if (status == 0) {
        const unsigned char *w = out.data + 6;
        size_t length = (size_t)w[0] << 24 | (size_t)w[1] << 16 | (size_t)w[2] << 8 | w[3];
        CU_ASSERT_EQUAL(length, out.len - 10);
    }
    free(out.data);
    free(exact);
}

static void expect(const struct encode_type *type, const struct sample *s)
{
    char hex[512];
    struct encode_fault fault;
    encode_text(type, s->text, strlen(s->text), MIG_TEXT, &fault, hex);
    int same = s->hex ? !fault.code && strcmp(hex, s->hex) == 0
                      : fault.code && strcmp(fault.code, s->code) == 0 &&
                            strcmp(fault.sqlstate, s->sqlstate) == 0;
    if (!same)
        printf("\n    type %u, \"%s\": got %s %s %s", s->oid, s->text, hex,
               fault.code ? fault.code : "", fault.sqlstate ? fault.sqlstate : "");
    CU_ASSERT(same);
}

static void expect_all(const struct sample *samples, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct encode_type type = {samples[i].oid, samples[i].typmod, 0, NULL, 0, 'X'};
        CU_ASSERT(encode_supports(&type));
        expect(&type, &samples[i]);
    }
}
#define EXPECT_ALL(samples) expect_all(samples, sizeof samples / sizeof *samples)

static void integers(void)
{
    static const struct sample samples[] = {
        GOOD(INT2, -1, "-32768", "8000"),
        GOOD(INT4, -1, " +7\n", "00000007"),
        GOOD(INT4, -1, "-2147483648", "80000000"),
        GOOD(INT8, -1, "-9223372036854775808", "8000000000000000"),
        GOOD(INT8, -1, "0000000000000000000000009", "0000000000000009"),
        GOOD(OID, -1, "4294967295", "ffffffff"),
        BAD(INT2, -1, "32768", "out_of_range", "22003"),
        BAD(INT4, -1, "2147483648", "out_of_range", "22003"),
        BAD(INT8, -1, "9223372036854775808", "out_of_range", "22003"),
        BAD(INT8, -1, "18446744073709551617", "out_of_range", "22003"),
        BAD(OID, -1, "-1", "out_of_range", "22003"),
        BAD(INT4, -1, "5.0", "bad_number", "22P02"),
        BAD(INT4, -1, "", "bad_number", "22P02"),
        BAD(INT4, -1, "-", "bad_number", "22P02"),
        BAD(INT4, -1, "1 2", "bad_number", "22P02"),
        BAD(INT4, -1, "0x10", "bad_number", "22P02"),
    };
    EXPECT_ALL(samples);
}

static void floats(void)
{
    static const struct sample samples[] = {
        GOOD(FLOAT8, -1, "0.1", "3fb999999999999a"),
        GOOD(FLOAT8, -1, "-0", "8000000000000000"),
        GOOD(FLOAT8, -1, "9007199254740993", "4340000000000000"),
        GOOD(FLOAT8, -1, "1.7976931348623157e308", "7fefffffffffffff"),
        GOOD(FLOAT8, -1, "NaN", "7ff8000000000000"),
        GOOD(FLOAT8, -1, "-Infinity", "fff0000000000000"),
        GOOD(FLOAT4, -1, "16777217", "4b800000"),
        GOOD(FLOAT4, -1, "0.3", "3e99999a"),
        BAD(FLOAT8, -1, "1e309", "out_of_range", "22003"),
        BAD(FLOAT8, -1, "1e-400", "out_of_range", "22003"),
        BAD(FLOAT4, -1, "1e39", "out_of_range", "22003"),
        BAD(FLOAT8, -1, "1,5", "bad_number", "22P02"),
        BAD(FLOAT8, -1, "0x1p3", "bad_number", "22P02"),
        BAD(FLOAT8, -1, "", "bad_number", "22P02"),
    };
    EXPECT_ALL(samples);
}

static void numerics(void)
{
    static const struct sample samples[] = {
        GOOD(NUMERIC, -1, "12345.678", "0003000100000003000109291a7c"),
        GOOD(NUMERIC, -1, "-0.00010", "0001ffff400000050001"),
        GOOD(NUMERIC, -1, "1e4", "00010001000000000001"),
        GOOD(NUMERIC, -1, "0.00", "0000000000000002"),
        GOOD(NUMERIC, -1, "NaN", "00000000c0000000"),
        GOOD(NUMERIC, DIGITS(10, 2), "1.5000", "000200000000000200011388"),
        GOOD(NUMERIC, DIGITS(5, -3), "12000", "0002000100000000000107d0"),
        BAD(NUMERIC, DIGITS(10, 2), "1.005", "precision", "22003"),
        BAD(NUMERIC, DIGITS(5, -3), "12001", "precision", "22003"),
        BAD(NUMERIC, DIGITS(10, 2), "123456789", "out_of_range", "22003"),
        BAD(NUMERIC, DIGITS(10, 2), "-Infinity", "out_of_range", "22003"),
        BAD(NUMERIC, -1, "1e131072", "out_of_range", "22003"),
        BAD(NUMERIC, -1, "1e-16384", "precision", "22003"),
        BAD(NUMERIC, -1, "1.2.3", "bad_number", "22P02"),
        BAD(NUMERIC, -1, "1e", "bad_number", "22P02"),
    };
    EXPECT_ALL(samples);
}

static void texts(void)
{
    static const struct sample samples[] = {
        GOOD(TEXT, -1, "", ""),
        GOOD(TEXT, -1, "\xc3\xa4", "c3a4"),
        GOOD(VARCHAR, CHARACTERS(2), "\xc3\xa4\xe2\x82\xac", "c3a4e282ac"),
        GOOD(BPCHAR, CHARACTERS(3), "ab", "6162"),
        BAD(VARCHAR, CHARACTERS(2), "abc", "too_long", "22001"),
        BAD(VARCHAR, CHARACTERS(2), "ab ", "too_long", "22001"),
        BAD(BPCHAR, CHARACTERS(2), "ab ", "too_long", "22001"),
        BAD(NAME, -1, "0123456789012345678901234567890123456789012345678901234567890123",
            "too_long", "22001"),
        BAD(TEXT, -1, "a\xff", "bad_utf8", "22021"),
        BAD(TEXT, -1, "\xed\xa0\x80", "bad_utf8", "22021"),
        GOOD(BYTEA, -1, "\\xDE ad", "dead"),
        GOOD(BYTEA, -1, "a\\\\\\001", "615c01"),
        BAD(BYTEA, -1, "\\xDEa", "bad_bytes", "22023"),
        BAD(BYTEA, -1, "\\9", "bad_bytes", "22P02"),
        GOOD(BOOL, -1, " TRUE", "01"),
        GOOD(BOOL, -1, "off", "00"),
        BAD(BOOL, -1, "o", "bad_boolean", "22P02"),
        BAD(BOOL, -1, "", "bad_boolean", "22P02"),
        GOOD(UUID, -1, "A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc999c0b4ef8bb6d6bb9bd380a11"),
        GOOD(UUID, -1, "{a0eebc999c0b4ef8bb6d6bb9bd380a11}", "a0eebc999c0b4ef8bb6d6bb9bd380a11"),
        BAD(UUID, -1, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", "bad_uuid", "22P02"),
        BAD(UUID, -1, "not-a-uuid", "bad_uuid", "22P02"),
        BAD(UUID, -1, "a0-eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "bad_uuid", "22P02"),
    };
    EXPECT_ALL(samples);
}

static void nul_bytes(void)
{
    static const uint32_t oids[] = {TEXT, VARCHAR, NAME, BYTEA};
    char hex[512];
    struct encode_fault fault;
    for (size_t i = 0; i < sizeof oids / sizeof *oids; i++) {
        struct encode_type type = {oids[i], -1, 0, NULL, 0, 'S'};
        encode_text(&type, "a\0b", 3, MIG_TEXT, &fault, hex);
        CU_ASSERT_STRING_EQUAL(fault.code, "nul_byte");
        CU_ASSERT_STRING_EQUAL(fault.sqlstate, "22021");
    }
    struct encode_type mood = {99999, -1, 0, moods, 3, 'E'};
    encode_text(&mood, "ok\0x", 4, MIG_TEXT, &fault, hex);
    CU_ASSERT_STRING_EQUAL(fault.code, "bad_label");
    struct encode_type integer = {INT4, -1, 0, NULL, 0, 'N'};
    encode_text(&integer, "1\0", 2, MIG_TEXT, &fault, hex);
    CU_ASSERT_STRING_EQUAL(fault.code, "bad_number");
}

static void dates_and_times(void)
{
    static const struct sample samples[] = {
        GOOD(DATE, -1, "2000-01-01", "00000000"),
        GOOD(DATE, -1, "2024-02-29", "00002279"),
        GOOD(DATE, -1, "2024-03-01", "0000227a"),
        GOOD(DATE, -1, "4714-11-24 BC", "ffda97a7"),
        GOOD(DATE, -1, "5874897-12-31", "7fda970c"),
        GOOD(DATE, -1, "-infinity", "80000000"),
        BAD(DATE, -1, "31/13/2020", "bad_date", "22008"),
        BAD(DATE, -1, "2020-02-30", "bad_date", "22008"),
        BAD(DATE, -1, "1900-02-29", "bad_date", "22008"),
        BAD(DATE, -1, "0000-01-01", "bad_date", "22008"),
        BAD(DATE, -1, "2024-1-1", "bad_date", "22008"),
        BAD(DATE, -1, "today", "bad_date", "22007"),
        BAD(DATE, -1, "5874898-01-01", "out_of_range", "22008"),
        GOOD(TIME, -1, "24:00", "000000141dd76000"),
        BAD(TIME, -1, "24:00:01", "bad_time", "22008"),
        BAD(TIME, -1, "12:00:60", "bad_time", "22008"),
        BAD(TIME, -1, "12:00:00+02", "zone_lost", "22008"),
        BAD(TIME, 2, "12:00:00.123", "precision", "22008"),
        GOOD(TIMETZ, -1, "00:00:01+02", "00000000000f4240ffffe3e0"),
        GOOD(TIMESTAMP, -1, "2000-01-01T00:00:00.000001", "0000000000000001"),
        GOOD(TIMESTAMP, -1, "2000-01-01T00:00:01Z", "00000000000f4240"),
        BAD(TIMESTAMP, -1, "2000-01-01T00:00:01+01:00", "zone_lost", "22008"),
        BAD(TIMESTAMP, -1, "2000-01-01 00:00:00.0000001", "precision", "22008"),
        BAD(TIMESTAMP, 0, "2000-01-01 00:00:00.5", "precision", "22008"),
        BAD(TIMESTAMP, -1, "294277-01-01 00:00", "out_of_range", "22008"),
        GOOD(TIMESTAMPTZ, -1, "2000-01-01 00:00:01", "00000000000f4240"),
        GOOD(TIMESTAMPTZ, -1, "2000-01-01 02:00:01+0200", "00000000000f4240"),
        GOOD(TIMESTAMPTZ, -1, "infinity", "7fffffffffffffff"),
        BAD(TIMESTAMPTZ, -1, "2020-01-01 00:00:00 Mars/Base", "unknown_zone", "22023"),
        BAD(TIMESTAMPTZ, -1, "2020-01-01 00:00:00 Europe/Berlin", "unknown_zone", "22023"),
        BAD(TIMESTAMPTZ, -1, "2020-01-01 00:00:00+16", "unknown_zone", "22009"),
    };
    EXPECT_ALL(samples);
}

static void intervals(void)
{
    enum { YEAR_TO_MONTH = 6 << 16 | 0xffff, DAY_TO_MINUTE = 0xc08 << 16 | 0xffff };
    static const struct sample samples[] = {
        GOOD(INTERVAL, -1, "1 year -2 mons 3 days -00:00:01.5", "ffffffffffe91ca0000000030000000a"),
        GOOD(INTERVAL, -1, "P1Y-2M3DT-1.5S", "ffffffffffe91ca0000000030000000a"),
        GOOD(INTERVAL, DAY_TO_MINUTE, "00:01:00",
             "000000000393870000000000"
             "00000000"),
        BAD(INTERVAL, DAY_TO_MINUTE, "00:01:01", "precision", "22008"),
        BAD(INTERVAL, YEAR_TO_MONTH, "1 day", "precision", "22008"),
        BAD(INTERVAL, -1, "1.5 days", "bad_interval", "22007"),
        BAD(INTERVAL, -1, "1 day 2 days", "bad_interval", "22007"),
        BAD(INTERVAL, -1, "178956971 years", "out_of_range", "22008"),
        BAD(INTERVAL, -1, "P", "bad_interval", "22007"),
    };
    EXPECT_ALL(samples);
}

static void json_texts(void)
{
    static const struct sample samples[] = {
        GOOD(JSON, -1, "{\"a\": 1}", "7b2261223a20317d"),
        GOOD(JSONB, -1, "[1]", "015b315d"),
        GOOD(JSONB, -1, "12345678901234567890123",
             "01"
             "3132333435363738393031323334353637383930313233"),
        GOOD(JSON, -1, "1e999999", "3165393939393939"),
        BAD(JSONB, -1, "1e999999", "out_of_range", "22003"),
        BAD(JSONB, -1, "hello", "bad_json", "22P02"),
        BAD(JSON, -1, "{\"a\":1,}", "bad_json", "22P02"),
        BAD(JSON, -1, "", "bad_json", "22P02"),
        BAD(JSON, -1, "\"\\u0000\"", "nul_byte", "22P05"),
        BAD(JSONB, -1, "{\"a\\u0000\":1}", "nul_byte", "22P05"),
        BAD(JSONB, -1, "\"\\ud800\"", "bad_json", "22P02"),
        BAD(JSONB, -1, "\"\\ud83d\\u0041\"", "bad_json", "22P02"),
        BAD(JSONB, -1, "\"a\nb\"", "bad_json", "22P02"),
        BAD(JSONB, -1, "\"\xff\"", "bad_utf8", "22021"),
    };
    EXPECT_ALL(samples);
}

static void json_depth_has_a_limit(void)
{
    static char deep[200000];
    struct encode_type type = {JSONB, -1, 0, NULL, 0, 'U'};
    struct encode_buffer out = {NULL, 0, 0};
    struct encode_fault fault;
    memset(deep, '[', 100000);
    memset(deep + 100000, ']', 100000);
    mig_value_t value = {deep + 99000, 2000, MIG_JSON};
    CU_ASSERT_EQUAL(encode_value(&type, &value, &out, &fault), 0);
    value.data = deep;
    value.len = sizeof deep;
    CU_ASSERT_EQUAL(encode_value(&type, &value, &out, &fault), -1);
    CU_ASSERT_STRING_EQUAL(fault.sqlstate, "54001");
    free(out.data);
}

static void arrays(void)
{
    static const struct {
        uint32_t element;
        struct sample s;
    } samples[] = {
        {INT4, GOOD(0, -1, "{}", "000000000000000000000017")},
        {INT4, GOOD(0, -1, "{7,NULL}",
                    "000000010000000100000017"
                    "0000000200000001"
                    "0000000400000007"
                    "ffffffff")},
        {INT4, GOOD(0, -1, "[7, null]",
                    "000000010000000100000017"
                    "0000000200000001"
                    "0000000400000007"
                    "ffffffff")},
        {INT2, GOOD(0, -1, "{{1},{2}}",
                    "000000020000000000000015"
                    "0000000200000001"
                    "0000000100000001"
                    "000000020001"
                    "000000020002")},
        {TEXT, GOOD(0, -1, "{\"a\\\"b\"}",
                    "000000010000000000000019"
                    "0000000100000001"
                    "00000003612262")},
        {TEXT, GOOD(0, -1, "[\"\\u00e4\\ud83d\\ude00\"]",
                    "000000010000000000000019"
                    "0000000100000001"
                    "00000006c3a4f09f9880")},
        {JSONB, GOOD(0, -1, "[[1]]",
                     "00000001000000000000"
                     "0eda"
                     "0000000100000001"
                     "00000004015b315d")},
        {INT4, BAD(0, -1, "{1,x}", "bad_number", "22P02")},
        {INT4, BAD(0, -1, "{1,2", "bad_array", "22P02")},
        {INT4, BAD(0, -1, "{1,2}x", "bad_array", "22P02")},
        {INT4, BAD(0, -1, "{{1},{2,3}}", "bad_array", "22P02")},
        {INT4, BAD(0, -1, "{1,{2}}", "bad_array", "22P02")},
        {INT4, BAD(0, -1, "5", "bad_array", "22P02")},
        {INT4, BAD(0, -1, "{{{{{{{1}}}}}}}", "bad_array", "54000")},
        {TEXT, BAD(0, -1, "[{\"a\":1}]", "bad_array", "22P02")},
        {TEXT, BAD(0, -1, "[\"a\"", "bad_json", "22P02")},
        {TEXT, BAD(0, -1, "{\"a\\", "bad_array", "22P02")},
        {VARCHAR, BAD(0, CHARACTERS(2), "{abc}", "too_long", "22001")},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct encode_type type = {1007, samples[i].s.typmod, samples[i].element, NULL, 0, 'A'};
        expect(&type, &samples[i].s);
    }
}

/* A JSON object is no array literal, though it begins with a brace too. */
static void json_object_is_no_array(void)
{
    char hex[512];
    struct encode_fault fault;
    struct encode_type type = {1009, -1, TEXT, NULL, 0, 'A'};
    encode_text(&type, "{}", 2, MIG_JSON, &fault, hex);
    CU_ASSERT_STRING_EQUAL(fault.code, "bad_array");
    encode_text(&type, "[]", 2, MIG_JSON, &fault, hex);
    CU_ASSERT_PTR_NULL(fault.code);
}

static void enums(void)
{
    struct encode_type mood = {99999, -1, 0, moods, 3, 'E'};
    struct encode_type list = {99998, -1, 99999, moods, 3, 'A'};
    static const struct sample good = GOOD(0, -1, "ok", "6f6b");
    static const struct sample bad[] = {BAD(0, -1, "OK", "bad_label", "22P02"),
                                        BAD(0, -1, "o", "bad_label", "22P02"),
                                        BAD(0, -1, "", "bad_label", "22P02")};
    static const struct sample in_list = GOOD(0, -1, "{\"very happy\"}",
                                              "00000001000000000001869f"
                                              "0000000100000001"
                                              "0000000a76657279206861707079");
    CU_ASSERT(encode_supports(&mood) && encode_supports(&list));
    expect(&mood, &good);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect(&mood, &bad[i]);
    expect(&list, &in_list);
}

static void every_kind_gives_its_text(void)
{
    static const struct {
        uint32_t oid, kind;
        const char *text, *hex;
    } samples[] = {{TEXT, MIG_NUMBER, "1.50", "312e3530"}, {TEXT, MIG_BOOL, "true", "74727565"},
                   {TEXT, MIG_JSON, "{}", "7b7d"},         {JSONB, MIG_BOOL, "true", "0174727565"},
                   {JSONB, MIG_NUMBER, "5", "0135"},       {INT4, MIG_NUMBER, "5", "00000005"},
                   {BOOL, MIG_BOOL, "false", "00"}};
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        char hex[512];
        struct encode_fault fault;
        struct encode_type type = {samples[i].oid, -1, 0, NULL, 0, 'X'};
        encode_text(&type, samples[i].text, strlen(samples[i].text), samples[i].kind, &fault, hex);
        CU_ASSERT_STRING_EQUAL(hex, samples[i].hex);
    }
}

static void null_and_absent_are_minus_one(void)
{
    struct encode_type type = {INT4, -1, 0, NULL, 0, 'N'};
    struct encode_buffer out = {NULL, 0, 0};
    struct encode_fault fault;
    static const mig_value_t values[] = {{NULL, 0, MIG_NULL}, {NULL, 0, MIG_ABSENT}};
    CU_ASSERT_EQUAL(encode_value(&type, &values[0], &out, &fault), 0);
    CU_ASSERT_EQUAL(encode_value(&type, &values[1], &out, &fault), 0);
    CU_ASSERT_EQUAL(out.len, 8);
    CU_ASSERT_EQUAL(memcmp(out.data, "\xff\xff\xff\xff\xff\xff\xff\xff", 8), 0);
    free(out.data);
}

static void empty_text_needs_no_address(void)
{
    static const uint32_t oids[] = {TEXT, INT4, NUMERIC, UUID, DATE, JSONB, BOOL, INTERVAL, BYTEA};
    struct encode_buffer out = {NULL, 0, 0};
    struct encode_fault fault;
    mig_value_t value = {NULL, 0, MIG_TEXT};
    for (size_t i = 0; i < sizeof oids / sizeof *oids; i++) {
        struct encode_type type = {oids[i], -1, 0, NULL, 0, 'X'};
        int status = encode_value(&type, &value, &out, &fault);
        CU_ASSERT_EQUAL(status, oids[i] == TEXT || oids[i] == BYTEA ? 0 : -1);
    }
    free(out.data);
}

static void types_without_encoder(void)
{
    static const struct encode_type types[] = {
        {869, -1, 0, NULL, 0, 'I'},   /* inet */
        {600, -1, 701, NULL, 0, 'G'}, /* point has an element type, but is no array */
        {22, -1, INT2, NULL, 0, 'A'}, /* int2vector: another text form */
        {1041, -1, 869, NULL, 0, 'A'},   {70000, -1, 0, NULL, 0, 'S'}, /* citext */
        {70001, -1, 70002, NULL, 0, 'A'}};
    mig_value_t value = {"1", 1, MIG_TEXT};
    struct encode_buffer out = {NULL, 0, 0};
    struct encode_fault fault;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        CU_ASSERT(!encode_supports(&types[i]));
        CU_ASSERT_EQUAL(encode_value(&types[i], &value, &out, &fault), -1);
        CU_ASSERT_STRING_EQUAL(fault.code, "bad_type");
    }
    CU_ASSERT_EQUAL(out.len, 0);
    free(out.data);
}

static const struct unit_case cases[] = {
    {"integers", integers},
    {"floats", floats},
    {"numerics", numerics},
    {"texts", texts},
    {"nul_bytes", nul_bytes},
    {"dates_and_times", dates_and_times},
    {"intervals", intervals},
    {"json_texts", json_texts},
    {"json_depth_has_a_limit", json_depth_has_a_limit},
    {"arrays", arrays},
    {"json_object_is_no_array", json_object_is_no_array},
    {"enums", enums},
    {"every_kind_gives_its_text", every_kind_gives_its_text},
    {"null_and_absent_are_minus_one", null_and_absent_are_minus_one},
    {"empty_text_needs_no_address", empty_text_needs_no_address},
    {"types_without_encoder", types_without_encoder},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("encode", cases, argc, argv);
}

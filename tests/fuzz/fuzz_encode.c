/* fuzz_encode.c - any bytes as a value of any type.
 *
 * First byte: the type; second byte: the kind of value; then the text. What holds for every
 * input: a fault is whole and leaves the buffer as it was, a field has the length that it says.
 * JSON is compared with jansson, numbers with strtod.
 */
#include "fuzz.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "encode.h"

static const char *const labels[] = {"sad", "ok", "very happy"};

static const struct encode_type types[] = {
    {16, -1, 0, NULL, 0, 'B'},
    {17, -1, 0, NULL, 0, 'U'},
    {19, -1, 0, NULL, 0, 'S'},
    {20, -1, 0, NULL, 0, 'N'},
    {21, -1, 0, NULL, 0, 'N'},
    {23, -1, 0, NULL, 0, 'N'},
    {25, -1, 0, NULL, 0, 'S'},
    {26, -1, 0, NULL, 0, 'N'},
    {114, -1, 0, NULL, 0, 'U'},
    {700, -1, 0, NULL, 0, 'N'},
    {701, -1, 0, NULL, 0, 'N'},
    {1042, 9, 0, NULL, 0, 'S'},
    {1043, 9, 0, NULL, 0, 'S'},
    {1082, -1, 0, NULL, 0, 'D'},
    {1083, 3, 0, NULL, 0, 'D'},
    {1114, -1, 0, NULL, 0, 'D'},
    {1184, 2, 0, NULL, 0, 'D'},
    {1186, -1, 0, NULL, 0, 'T'},
    {1186, 0xc08ffff, 0, NULL, 0, 'T'},
    {1266, -1, 0, NULL, 0, 'D'},
    {1700, -1, 0, NULL, 0, 'N'},
    {1700, 0xa0006, 0, NULL, 0, 'N'},
    {1700, 0x507ff + 4, 0, NULL, 0, 'N'},
    {2950, -1, 0, NULL, 0, 'U'},
    {3802, -1, 0, NULL, 0, 'U'},
    {99999, -1, 0, labels, 3, 'E'},
    {1009, -1, 25, NULL, 0, 'A'},
    {1007, -1, 23, NULL, 0, 'A'},
    {1231, 0xa0006, 1700, NULL, 0, 'A'},
    {3807, -1, 3802, NULL, 0, 'A'},
    {99998, -1, 99999, labels, 3, 'A'},
    {1001, -1, 17, NULL, 0, 'A'},
};
#define N_TYPES (sizeof types / sizeof *types)

/* The first byte chooses: 'A' is types[0]. */
const char *const fuzz_seeds[] = {
    "A true",
    "B \\xdead",
    "B a\\\\\\001",
    "C name",
    "D -9223372036854775808",
    "F  +42 ",
    "G text \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
    "I {\"a\":[1,2.5e-3,null,true],\"b\":{\"c\":\"\\u00e4\\ud83d\\ude00\\n\"}}",
    "J 3.4028235e38",
    "K -1.7976931348623157e+308",
    "K NaN",
    "L a  ",
    "N 2024-02-29",
    "N 4714-11-24 BC",
    "O 23:59:59.999",
    "P 2024-02-29T23:59:59.999999Z",
    "Q 2024-02-29 23:59:59.99+05:45 BC",
    "Q infinity",
    "R 1 year -2 mons +3 days -04:05:06.789",
    "R P1Y2M3W4DT5H6M7.89S",
    "S 1 day 02:03:00",
    "T 12:34:56-08:30",
    "U -00123456789.123456789e-10",
    "V 12345678.90",
    "W 12000",
    "X {a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
    "Y [1e131071,[[]],\"\\\\\\\"\"]",
    "Z very happy",
    "[ {{\"a\\\"b\",NULL},{c d,\"\"}}",
    "[ [[\"a\",null],[\"\\ud83d\\ude00\",1]]",
    "\\ {1, -2 ,NULL}",
    "] {1.50,2}",
    "^ [{\"a\":1},[2],null]",
    "_ {sad,\"very happy\"}",
    "` {\"\\\\x00\",abc}",
    NULL,
};

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_json(const mig_value_t *value, int accepted, const struct encode_fault *fault)
{
    json_error_t error;
    json_t *json = json_loadb(value->data, value->len, JSON_DECODE_ANY, &error);
    /* jansson takes a NUL byte for the end of its input. */
    if (json && !accepted && !memchr(value->data, 0, value->len))
        require(strcmp(fault->sqlstate, "54001") == 0 || strcmp(fault->code, "out_of_range") == 0);
    if (!json && accepted)
        require(json_error_code(&error) == json_error_numeric_overflow);
    json_decref(json);
}

static void check_float(const mig_value_t *value, const unsigned char *field)
{
    char text[512];
    if (value->len >= sizeof text)
        return;
    memcpy(text, value->data, value->len);
    text[value->len] = '\0';
    double expected = strtod(text, NULL), v;
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | field[i];
    memcpy(&v, &bits, sizeof v);
    require((isnan(v) && isnan(expected)) || memcmp(&v, &expected, sizeof v) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    enum { JSON = 114, FLOAT8 = 701, JSONB = 3802 };
    if (n < 2)
        return 0;
    const struct encode_type *type = &types[(data[0] - 'A') & 31];
    _Static_assert(N_TYPES == 32, "the mask above");
    mig_value_t value = {(const char *)data + 2, (uint32_t)(n - 2), MIG_TEXT + data[1] % 4U};
    struct encode_buffer out = {NULL, 0, 0};
    struct encode_fault fault = {NULL, NULL, NULL};
    encode_int32(&out, 4711);
    int accepted = encode_value(type, &value, &out, &fault) == 0;
    require(out.data[3] == (4711 & 255));
    if (accepted) {
        const unsigned char *w = out.data + 4;
        uint32_t length =
            (uint32_t)w[0] << 24 | (uint32_t)w[1] << 16 | (uint32_t)w[2] << 8 | (uint32_t)w[3];
        require(out.len == 8 + (size_t)length && !fault.code);
    } else {
        require(out.len == 4 && fault.code && fault.reason && strlen(fault.sqlstate) == 5);
    }
    if (type->oid == JSON || type->oid == JSONB)
        check_json(&value, accepted, &fault);
    if (type->oid == FLOAT8 && accepted)
        check_float(&value, out.data + 8);
    free(out.data);
    return 0;
}

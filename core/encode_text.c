/* encode_text.c - text, varchar, char(n), name, boolean, uuid, bytea and enum fields.
 *
 * Text travels as it is: the COPY connection has client_encoding UTF8. PostgreSQL cuts a name
 * at 63 bytes and spaces beyond a declared length without a word; here both are refused.
 */
#include "encode_field.h"
#include "str.h"

#define NAME_BYTES 63 /* NAMEDATALEN - 1 */

static const struct encode_fault bad_utf8 = {"bad_utf8", "the text is not valid UTF-8", "22021"};
static const struct encode_fault nul_byte = {
    "nul_byte", "the text has a NUL byte, which PostgreSQL cannot hold", "22021"};
static const struct encode_fault too_long = {
    "too_long", "the text has more characters than the column holds", "22001"};
static const struct encode_fault long_name = {"too_long", "a name has at most 63 bytes", "22001"};
static const struct encode_fault bad_boolean = {
    "bad_boolean", "the text is no boolean: true, false, t, f, yes, no, on, off, 1 or 0", "22P02"};
static const struct encode_fault bad_uuid = {"bad_uuid", "the text is no UUID", "22P02"};
static const struct encode_fault bad_hex = {
    "bad_bytes", "the text begins with \\x, but pairs of hexadecimal digits do not follow",
    "22023"};
static const struct encode_fault bad_escape = {
    "bad_bytes", "a backslash must be followed by a backslash or three octal digits", "22P02"};
static const struct encode_fault bad_label = {"bad_label", "the text is no label of the enum type",
                                              "22P02"};

static const struct encode_fault *check_text(const struct encode_field *f)
{
    if (str_utf8_ok(f->text, f->len))
        return NULL;
    return memchr(f->text, 0, f->len) ? &nul_byte : &bad_utf8;
}

const struct encode_fault *encode_text_text(const struct encode_field *f, struct encode_buffer *out)
{
    const struct encode_fault *fault = check_text(f);
    if (!fault)
        encode_bytes(out, f->text, f->len);
    return fault;
}

/* Every byte that does not go on with a sequence begins a character. */
static size_t characters(const char *text, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

const struct encode_fault *encode_text_varchar(const struct encode_field *f,
                                               struct encode_buffer *out)
{
    int32_t typmod = f->type->typmod;
    if (typmod >= ENCODE_FIELD_TYPMOD_BASE) {
        size_t most = (size_t)(typmod - ENCODE_FIELD_TYPMOD_BASE);
        if (f->len > most && characters(f->text, f->len) > most)
            return &too_long;
    }
    return encode_text_text(f, out);
}

const struct encode_fault *encode_text_name(const struct encode_field *f, struct encode_buffer *out)
{
    return f->len > NAME_BYTES ? &long_name : encode_text_text(f, out);
}

static int starts(const char *p, const char *end, const char *word, size_t least)
{
    size_t n = (size_t)(end - p);
    if (n < least || n > strlen(word))
        return 0;
    for (; p < end; p++, word++)
        if ((*p | 0x20) != *word)
            return 0;
    return 1;
}

/* As boolin does: any beginning of a word that is no beginning of another. */
const struct encode_fault *encode_text_bool(const struct encode_field *f, struct encode_buffer *out)
{
    struct encode_cursor c = encode_field_cursor(f);
    const char *p = c.p, *end = c.end;
    unsigned char v;
    if (starts(p, end, "true", 1) || starts(p, end, "yes", 1) || starts(p, end, "on", 2) ||
        (end - p == 1 && *p == '1'))
        v = 1;
    else if (starts(p, end, "false", 1) || starts(p, end, "no", 1) || starts(p, end, "off", 2) ||
             (end - p == 1 && *p == '0'))
        v = 0;
    else
        return &bad_boolean;
    encode_bytes(out, &v, 1);
    return NULL;
}

/* Value of a hexadecimal digit, above 15 for any other byte. Keys are most of a migration: a
 * table halves the time of a UUID. */
static unsigned hex_digit(char c)
{
    static const unsigned char one_more[256] = {
        ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,
        ['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
        ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12,
        ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16};
    return one_more[(unsigned char)c] - 1U;
}

/* The form that uuid_out and the host's own keys have; 0: another one, or none. */
static int canonical_uuid(const struct encode_field *f, unsigned char *to)
{
    static const unsigned char pairs[16] = {0,  2,  4,  6,  9,  11, 14, 16,
                                            19, 21, 24, 26, 28, 30, 32, 34};
    const char *p = f->text;
    if (f->len != 36 || p[8] != '-' || p[13] != '-' || p[18] != '-' || p[23] != '-')
        return 0;
    unsigned all = 0;
    for (int i = 0; i < 16; i++) {
        unsigned high = hex_digit(p[pairs[i]]), low = hex_digit(p[pairs[i] + 1]);
        all |= high | low;
        to[i] = (unsigned char)(high << 4 | low);
    }
    return all <= 15;
}

/* As uuid_in does: hyphens may stand behind any four digits, braces around the whole. */
const struct encode_fault *encode_text_uuid(const struct encode_field *f, struct encode_buffer *out)
{
    const char *p = f->text, *end = p + f->len;
    unsigned char *to = encode_room(out, 16);
    if (canonical_uuid(f, to)) {
        out->len += 16;
        return NULL;
    }
    if (f->len >= 2 && *p == '{' && end[-1] == '}') {
        p++;
        end--;
    }
    for (int i = 0; i < 16; i++) {
        if (end - p < 2)
            return &bad_uuid;
        unsigned high = hex_digit(p[0]), low = hex_digit(p[1]);
        if ((high | low) > 15)
            return &bad_uuid;
        to[i] = (unsigned char)(high << 4 | low);
        p += 2;
        if (p < end && *p == '-' && i % 2 == 1 && i < 15)
            p++;
    }
    if (p != end)
        return &bad_uuid;
    out->len += 16;
    return NULL;
}

static const struct encode_fault *bytea_hex(const char *p, const char *end,
                                            struct encode_buffer *out)
{
    unsigned char *to = encode_room(out, (size_t)(end - p) / 2 + 1);
    while (p < end) {
        if (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r') {
            p++;
            continue;
        }
        if (end - p < 2)
            return &bad_hex;
        unsigned high = hex_digit(p[0]), low = hex_digit(p[1]);
        if ((high | low) > 15)
            return &bad_hex;
        *to++ = (unsigned char)(high << 4 | low);
        p += 2;
    }
    out->len = (size_t)(to - out->data);
    return NULL;
}

static int octal_escape(const char *p)
{
    return p[0] >= '0' && p[0] <= '3' && p[1] >= '0' && p[1] <= '7' && p[2] >= '0' && p[2] <= '7';
}

/* As byteain does: \x and hexadecimal digits, else the bytes of the text with \\ and \nnn. */
const struct encode_fault *encode_text_bytea(const struct encode_field *f,
                                             struct encode_buffer *out)
{
    const struct encode_fault *fault = check_text(f);
    if (fault)
        return fault;
    const char *p = f->text, *end = p + f->len;
    if (f->len >= 2 && p[0] == '\\' && p[1] == 'x')
        return bytea_hex(p + 2, end, out);
    unsigned char *to = encode_room(out, f->len + 1);
    while (p < end) {
        if (*p != '\\') {
            *to++ = (unsigned char)*p++;
        } else if (end - p >= 4 && octal_escape(p + 1)) {
            *to++ = (unsigned char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
            p += 4;
        } else if (end - p >= 2 && p[1] == '\\') {
            *to++ = '\\';
            p += 2;
        } else {
            return &bad_escape;
        }
    }
    out->len = (size_t)(to - out->data);
    return NULL;
}

const struct encode_fault *encode_text_enum(const struct encode_field *f, struct encode_buffer *out)
{
    if (f->len > NAME_BYTES || memchr(f->text, 0, f->len))
        return &bad_label;
    for (size_t i = 0; i < f->type->n_labels; i++) {
        const char *label = f->type->labels[i];
        if (strncmp(label, f->text, f->len) == 0 && label[f->len] == '\0') {
            encode_bytes(out, f->text, f->len);
            return NULL;
        }
    }
    return &bad_label;
}

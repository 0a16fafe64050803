/* encode_json.c - json and jsonb fields: is the text one JSON value (RFC 8259) that PostgreSQL
 * will take?
 *
 * A reader of its own and not jansson, because jansson builds a tree for each value, and refuses
 * numbers beyond 64 bits which PostgreSQL keeps exactly. The text goes to the server as it is.
 *
 * A text value becomes JSON as 'text'::jsonb does: it must be JSON text itself. \u0000 and
 * halves of surrogate pairs are refused for json too, though only jsonb cannot hold them:
 * the first operator applied to such a json value would fail.
 */
#include "encode_json.h"
#include "str.h"

/* PostgreSQL is limited by max_stack_depth; its smallest common setting takes this depth. */
#define DEPTH_MAX 1000
/* A jsonb value may be at most 256 MB; it can become six times as large as its text. */
#define JSONB_TEXT_MAX ((size_t)40 << 20)

static const struct encode_fault bad_json = {"bad_json", "the text is not valid JSON", "22P02"};
static const struct encode_fault bad_utf8 = {"bad_utf8", "the text is not valid UTF-8", "22021"};
static const struct encode_fault nul_byte = {
    "nul_byte", "the JSON text has \\u0000, which PostgreSQL cannot hold", "22P05"};
static const struct encode_fault surrogate = {
    "bad_json", "the JSON text has one half of a surrogate pair", "22P02"};
static const struct encode_fault too_deep = {
    "bad_json", "the JSON text is nested deeper than 1000 levels", "54001"};
static const struct encode_fault too_long = {"too_long", "the JSON text is longer than 40 MB",
                                             "54000"};
static const struct encode_fault number_range = {
    "out_of_range", "a number in the JSON text is out of the range of numeric", "22003"};

struct reader {
    const char *p, *end;
    int jsonb; /* numbers must fit into numeric */
    int depth;
};

static void skip_space(struct reader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\t' || *r->p == '\r'))
        r->p++;
}

static int take(struct reader *r, char wanted)
{
    if (r->p == r->end || *r->p != wanted)
        return 0;
    r->p++;
    return 1;
}

/* The four digits behind \u; -1 when they are not there. */
static int take_unit(struct reader *r)
{
    if (r->end - r->p < 4)
        return -1;
    int v = 0;
    for (int i = 0; i < 4; i++) {
        char c = *r->p++;
        if (encode_field_digit(c))
            v = v << 4 | (c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            v = v << 4 | ((c | 0x20) - 'a' + 10);
        else
            return -1;
    }
    return v;
}

static const struct encode_fault *skip_unicode(struct reader *r)
{
    int unit = take_unit(r);
    if (unit < 0)
        return &bad_json;
    if (unit == 0)
        return &nul_byte;
    if (unit < 0xd800 || unit > 0xdfff)
        return NULL;
    if (unit > 0xdbff || !take(r, '\\') || !take(r, 'u'))
        return &surrogate;
    unit = take_unit(r);
    return unit < 0xdc00 || unit > 0xdfff ? &surrogate : NULL;
}

static const struct encode_fault *skip_string(struct reader *r)
{
    r->p++;
    while (r->p < r->end) {
        unsigned char c = (unsigned char)*r->p++;
        if (c == '"')
            return NULL;
        if (c < 0x20)
            return &bad_json;
        if (c != '\\')
            continue;
        if (r->p == r->end)
            return &bad_json;
        c = (unsigned char)*r->p++;
        if (c == 'u') {
            const struct encode_fault *fault = skip_unicode(r);
            if (fault)
                return fault;
        } else if (!c || !strchr("\"\\/bfnrt", c)) {
            return &bad_json;
        }
    }
    return &bad_json;
}

static int skip_digits(struct reader *r)
{
    const char *from = r->p;
    while (r->p < r->end && encode_field_digit(*r->p))
        r->p++;
    return r->p > from;
}

/* A number that is short and has no exponent always fits into numeric. */
#define PLAIN_NUMBER_MAX 1000

static const struct encode_fault *skip_number(struct reader *r)
{
    const char *from = r->p;
    int exponent = 0;
    take(r, '-');
    if (!take(r, '0') && !skip_digits(r))
        return &bad_json;
    if (take(r, '.') && !skip_digits(r))
        return &bad_json;
    if (take(r, 'e') || take(r, 'E')) {
        exponent = 1;
        if (!take(r, '-'))
            take(r, '+');
        if (!skip_digits(r))
            return &bad_json;
    }
    size_t n = (size_t)(r->p - from);
    if (r->jsonb && (exponent || n > PLAIN_NUMBER_MAX) && !encode_numeric_fits(from, n))
        return &number_range;
    return NULL;
}

static const struct encode_fault *skip_word(struct reader *r, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0)
        return &bad_json;
    r->p += n;
    return NULL;
}

static const struct encode_fault *skip_value(struct reader *r);

static const struct encode_fault *skip_array(struct reader *r)
{
    r->p++;
    skip_space(r);
    if (take(r, ']'))
        return NULL;
    do {
        const struct encode_fault *fault = skip_value(r);
        if (fault)
            return fault;
    } while (take(r, ','));
    return take(r, ']') ? NULL : &bad_json;
}

static const struct encode_fault *skip_object(struct reader *r)
{
    r->p++;
    skip_space(r);
    if (take(r, '}'))
        return NULL;
    do {
        skip_space(r);
        if (r->p == r->end || *r->p != '"')
            return &bad_json;
        const struct encode_fault *fault = skip_string(r);
        if (fault)
            return fault;
        skip_space(r);
        if (!take(r, ':'))
            return &bad_json;
        fault = skip_value(r);
        if (fault)
            return fault;
    } while (take(r, ','));
    return take(r, '}') ? NULL : &bad_json;
}

static const struct encode_fault *skip_nested(struct reader *r)
{
    if (r->depth == DEPTH_MAX)
        return &too_deep;
    r->depth++;
    const struct encode_fault *fault = *r->p == '{' ? skip_object(r) : skip_array(r);
    r->depth--;
    return fault;
}

/* One value with the white space around it. */
static const struct encode_fault *skip_value(struct reader *r)
{
    skip_space(r);
    if (r->p == r->end)
        return &bad_json;
    const struct encode_fault *fault;
    switch (*r->p) {
    case '{':
    case '[':
        fault = skip_nested(r);
        break;
    case '"':
        fault = skip_string(r);
        break;
    case 't':
        fault = skip_word(r, "true");
        break;
    case 'f':
        fault = skip_word(r, "false");
        break;
    case 'n':
        fault = skip_word(r, "null");
        break;
    default:
        fault = skip_number(r);
    }
    if (!fault)
        skip_space(r);
    return fault;
}

const struct encode_fault *encode_json_check(const char *text, size_t n, int jsonb)
{
    if (!str_utf8_ok(text, n))
        return memchr(text, 0, n) ? &bad_json : &bad_utf8;
    struct reader r = {text, text + n, jsonb, 0};
    const struct encode_fault *fault = skip_value(&r);
    if (fault)
        return fault;
    return r.p == r.end ? NULL : &bad_json;
}

const char *encode_json_skip(const char *p, const char *end)
{
    struct reader r = {p, end, 0, 0};
    return skip_value(&r) ? NULL : r.p;
}

const struct encode_fault *encode_json_json(const struct encode_field *f, struct encode_buffer *out)
{
    const struct encode_fault *fault = encode_json_check(f->text, f->len, 0);
    if (!fault)
        encode_bytes(out, f->text, f->len);
    return fault;
}

const struct encode_fault *encode_json_jsonb(const struct encode_field *f,
                                             struct encode_buffer *out)
{
    static const unsigned char version = 1; /* of jsonb's binary form */
    if (f->len > JSONB_TEXT_MAX)
        return &too_long;
    const struct encode_fault *fault = encode_json_check(f->text, f->len, 1);
    if (fault)
        return fault;
    encode_bytes(out, &version, 1);
    encode_bytes(out, f->text, f->len);
    return NULL;
}

static char *put_utf8(char *to, unsigned c)
{
    if (c < 0x80) {
        *to++ = (char)c;
        return to;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
    *to++ = (char)(lead[more] | c >> (6 * more));
    while (more-- > 0)
        *to++ = (char)(0x80 | (c >> (6 * more) & 0x3f));
    return to;
}

/* Checked before: four digits are there, and the second half follows the first. */
static char *put_unicode(struct reader *r, char *to)
{
    unsigned c = (unsigned)take_unit(r);
    if (c >= 0xd800 && c <= 0xdbff) {
        r->p += 2;
        c = 0x10000 + ((c - 0xd800) << 10) + ((unsigned)take_unit(r) - 0xdc00);
    }
    return put_utf8(to, c);
}

size_t encode_json_unescape(const char *text, size_t n, char *out)
{
    static const char from[] = "bfnrt", into[] = "\b\f\n\r\t";
    struct reader r = {text, text + n, 0, 0};
    char *to = out;
    while (r.p < r.end) {
        char c = *r.p++;
        if (c != '\\') {
            *to++ = c;
            continue;
        }
        c = *r.p++;
        const char *known = strchr(from, c);
        if (c == 'u')
            to = put_unicode(&r, to);
        else
            *to++ = known ? into[known - from] : c;
    }
    return (size_t)(to - out);
}

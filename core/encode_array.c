/* encode_array.c - array fields, from a PostgreSQL array literal or from JSON array text.
 *
 *     {a,"b c",NULL}     as array_out writes it; no bounds in front, no backslash outside quotes
 *     ["a", "b c", null] a JSON array of scalars; objects only where the elements are json
 *
 * Text that begins with { is a literal, except a JSON value, which is then an object and no
 * array. Arrays of arrays become dimensions and must be rectangular; in JSON text for json
 * elements only the outermost array is taken apart. JSON null is SQL NULL.
 *
 * The binary form wants the number of dimensions in front, which the first element tells, and
 * their sizes, which are put in at the end.
 */
#include <stdlib.h>

#include "arena.h"
#include "encode_json.h"

#define DIMENSIONS_MAX 6       /* MAXDIM */
#define ELEMENTS_MAX 0x3fffff0 /* below MaxArraySize on every platform */
#define UNESCAPED_ON_STACK ((size_t)256)

static const struct encode_fault bad_literal = {
    "bad_array", "the text is neither an array in the form {a,b} nor a JSON array", "22P02"};
static const struct encode_fault ragged = {
    "bad_array", "inner arrays of one level must have the same number of elements", "22P02"};
static const struct encode_fault too_deep = {"bad_array", "an array has at most 6 dimensions",
                                             "54000"};
static const struct encode_fault too_many = {"too_long", "the array has too many elements",
                                             "54000"};
static const struct encode_fault object_element = {
    "bad_array", "an element is a JSON object, but the element type is not json", "22P02"};

struct array {
    struct encode_type element;
    struct encode_buffer *out;
    size_t header;  /* offset in `out` */
    int whole_json; /* elements are json or jsonb */
    int depth;      /* of open braces */
    int dimensions; /* 0 until the first element */
    uint32_t total;
    uint32_t sizes[DIMENSIONS_MAX];  /* complete ones, else 0 */
    uint32_t counts[DIMENSIONS_MAX]; /* so far, per open level */
};

static const struct encode_fault *array_open(struct array *a)
{
    if (a->depth == DIMENSIONS_MAX)
        return &too_deep;
    if (a->dimensions && a->depth == a->dimensions)
        return &ragged;
    a->counts[a->depth++] = 0;
    return NULL;
}

static const struct encode_fault *array_close(struct array *a)
{
    uint32_t count = a->counts[--a->depth], *size = &a->sizes[a->depth];
    if (a->depth > 0) {
        /* An inner array before the first element is empty: {{}} is none of PostgreSQL's. */
        if (!a->dimensions || (*size && *size != count))
            return &ragged;
        a->counts[a->depth - 1]++;
    }
    *size = count;
    return NULL;
}

/* The word for "has NULLs" and the sizes stay 0 until finish(). */
static void put_header(struct array *a)
{
    a->header = a->out->len;
    encode_int32(a->out, a->dimensions);
    encode_int32(a->out, 0);
    encode_int32(a->out, (int32_t)a->element.oid);
    for (int i = 0; i < a->dimensions; i++) {
        encode_int32(a->out, 0);
        encode_int32(a->out, 1); /* lower bound */
    }
}

/* The fault may be the element's own, such as bad_uuid. */
static const struct encode_fault *array_element(struct array *a, const char *text, size_t n,
                                                uint32_t kind)
{
    if (!a->dimensions) {
        a->dimensions = a->depth;
        put_header(a);
    }
    if (a->depth != a->dimensions)
        return &ragged;
    if (++a->total > ELEMENTS_MAX)
        return &too_many;
    a->counts[a->depth - 1]++;
    if (kind == MIG_NULL)
        a->out->data[a->header + 7] = 1;
    mig_value_t value = {text, (uint32_t)n, kind};
    return encode_field_add(encode_field_of(&a->element), &a->element, &value, a->out);
}

static void finish(struct array *a)
{
    if (!a->dimensions)
        put_header(a);
    for (int i = 0; i < a->dimensions; i++)
        encode_buffer_put32(a->out->data + a->header + 12 + 8 * (size_t)i, a->sizes[i]);
}

/* Elements with escapes are rare and short: the heap is for the others. */
static const struct encode_fault *unescaped_element(struct array *a, const char *text, size_t n,
                                                    size_t (*unescape)(const char *, size_t,
                                                                       char *))
{
    char stack[UNESCAPED_ON_STACK];
    char *plain = n <= sizeof stack ? stack : arena_heap(NULL, n);
    const struct encode_fault *fault = array_element(a, plain, unescape(text, n, plain), MIG_TEXT);
    if (plain != stack)
        free(plain);
    return fault;
}

static size_t drop_backslashes(const char *text, size_t n, char *out)
{
    char *to = out;
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\\')
            i++;
        *to++ = text[i];
    }
    return (size_t)(to - out);
}

/* ---- the literal ---------------------------------------------------------------------- */

static void skip_space(struct encode_cursor *c)
{
    while (c->p < c->end && encode_field_space(*c->p))
        c->p++;
}

static const struct encode_fault *literal_quoted(struct array *a, struct encode_cursor *c)
{
    const char *from = ++c->p;
    int escaped = 0;
    while (c->p < c->end && *c->p != '"') {
        if (*c->p == '\\') {
            escaped = 1;
            if (++c->p == c->end)
                return &bad_literal;
        }
        c->p++;
    }
    if (c->p == c->end)
        return &bad_literal;
    size_t n = (size_t)(c->p++ - from);
    return escaped ? unescaped_element(a, from, n, drop_backslashes)
                   : array_element(a, from, n, MIG_TEXT);
}

static const struct encode_fault *literal_plain(struct array *a, struct encode_cursor *c)
{
    const char *from = c->p;
    while (c->p < c->end && !strchr("{},\"\\", *c->p))
        c->p++;
    const char *end = c->p;
    encode_field_trim(&from, &end);
    if (from == end || c->p == c->end || (*c->p != ',' && *c->p != '}'))
        return &bad_literal;
    if (encode_field_is(from, end, "null"))
        return array_element(a, NULL, 0, MIG_NULL);
    return array_element(a, from, (size_t)(end - from), MIG_TEXT);
}

static const struct encode_fault *literal_array(struct array *a, struct encode_cursor *c);

static const struct encode_fault *literal_item(struct array *a, struct encode_cursor *c)
{
    skip_space(c);
    if (c->p == c->end)
        return &bad_literal;
    const struct encode_fault *fault = *c->p == '{'   ? literal_array(a, c)
                                       : *c->p == '"' ? literal_quoted(a, c)
                                                      : literal_plain(a, c);
    skip_space(c);
    return fault;
}

static const struct encode_fault *literal_array(struct array *a, struct encode_cursor *c)
{
    const struct encode_fault *fault = array_open(a);
    c->p++;
    skip_space(c);
    if (!fault && c->p < c->end && *c->p == '}') {
        c->p++;
        return array_close(a);
    }
    while (!fault) {
        fault = literal_item(a, c);
        if (fault || c->p == c->end || *c->p != ',')
            break;
        c->p++;
    }
    if (fault)
        return fault;
    if (c->p == c->end || *c->p != '}')
        return &bad_literal;
    c->p++;
    return array_close(a);
}

/* ---- JSON, checked before ------------------------------------------------------------- */

static const struct encode_fault *json_array(struct array *a, struct encode_cursor *c);

static const struct encode_fault *json_string(struct array *a, const char *text, size_t n)
{
    return memchr(text, '\\', n) ? unescaped_element(a, text, n, encode_json_unescape)
                                 : array_element(a, text, n, MIG_TEXT);
}

static const struct encode_fault *json_item(struct array *a, struct encode_cursor *c)
{
    skip_space(c);
    const char *from = c->p;
    if (*from == '[' && !a->whole_json)
        return json_array(a, c);
    c->p = encode_json_skip(from, c->end);
    if (!c->p)
        return &bad_literal;
    const char *end = c->p;
    encode_field_trim(&from, &end);
    size_t n = (size_t)(end - from);
    if (*from == 'n')
        return array_element(a, NULL, 0, MIG_NULL);
    if (a->whole_json)
        return array_element(a, from, n, MIG_JSON);
    if (*from == '{')
        return &object_element;
    return *from == '"' ? json_string(a, from + 1, n - 2) : array_element(a, from, n, MIG_TEXT);
}

static const struct encode_fault *json_array(struct array *a, struct encode_cursor *c)
{
    const struct encode_fault *fault = array_open(a);
    c->p++;
    skip_space(c);
    for (int more = *c->p != ']'; more && !fault; more = *c->p == ',') {
        c->p += *c->p == ',';
        fault = json_item(a, c);
        skip_space(c);
    }
    if (fault)
        return fault;
    c->p++;
    return array_close(a);
}

/* ---- the field ------------------------------------------------------------------------ */

const struct encode_fault *encode_array_array(const struct encode_field *f,
                                              struct encode_buffer *out)
{
    enum { OID_JSON = 114, OID_JSONB = 3802 };
    const struct encode_type *type = f->type;
    struct encode_cursor c = encode_field_cursor(f);
    if (c.p == c.end || (*c.p != '[' && (*c.p != '{' || f->kind == MIG_JSON)))
        return &bad_literal;
    struct array a = {.out = out};
    a.element = *type;
    a.element.oid = type->element;
    a.element.element = 0;
    a.element.category = type->n_labels ? 'E' : '\0';
    a.whole_json = !type->n_labels && (type->element == OID_JSON || type->element == OID_JSONB);
    const struct encode_fault *fault;
    if (*c.p == '[') {
        fault = encode_json_check(c.p, (size_t)(c.end - c.p), 0);
        if (!fault)
            fault = json_array(&a, &c);
    } else {
        fault = literal_array(&a, &c);
    }
    if (!fault && c.p != c.end)
        fault = &bad_literal;
    if (!fault)
        finish(&a);
    return fault;
}

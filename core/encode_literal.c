/* encode_literal.c - {"a","b c",NULL} from ["a", "b c", null]. Every element is quoted, so that
 * none needs a look at what it holds; its type's own rules are the server's or encode_value()'s to
 * check, before. Elements of json types go in as their JSON text. */
#include "encode_literal.h"

#include <stdlib.h>

#include "arena.h"
#include "encode_json.h"

#define DEPTH_MAX 6 /* MAXDIM */

static const struct encode_fault no_array = {
    "bad_array", "the text is neither an array in the form {a,b} nor a JSON array", "22P02"};
static const struct encode_fault object_element = {
    "bad_array", "an element is a JSON object, but the element type is not json", "22P02"};
static const struct encode_fault too_deep = {"bad_array", "an array has at most 6 dimensions",
                                             "54000"};

struct literal {
    struct encode_buffer *out;
    int whole_json; /* elements are json or jsonb */
};

int encode_literal_due(const struct encode_type *type, const mig_value_t *value)
{
    if (type->category != 'A' || value->kind <= MIG_NULL)
        return 0;
    const char *p = value->data, *end = p + value->len;
    encode_field_trim(&p, &end);
    return p < end && *p == '[';
}

static void skip_space(struct encode_cursor *c)
{
    while (c->p < c->end && encode_field_space(*c->p))
        c->p++;
}

static void put_quoted(struct literal *l, const char *text, size_t n)
{
    encode_bytes(l->out, "\"", 1);
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '"' || text[i] == '\\')
            encode_bytes(l->out, "\\", 1);
        encode_bytes(l->out, text + i, 1);
    }
    encode_bytes(l->out, "\"", 1);
}

static void put_string(struct literal *l, const char *text, size_t n)
{
    char *plain = arena_heap(NULL, n + 1);
    put_quoted(l, plain, encode_json_unescape(text, n, plain));
    free(plain);
}

static const struct encode_fault *put_array(struct literal *l, struct encode_cursor *c, int depth);

static const struct encode_fault *put_item(struct literal *l, struct encode_cursor *c, int depth)
{
    const char *from = c->p;
    if (*from == '[' && !l->whole_json)
        return put_array(l, c, depth + 1);
    c->p = encode_json_skip(from, c->end);
    if (!c->p)
        return &no_array;
    const char *end = c->p;
    encode_field_trim(&from, &end);
    if (*from == 'n')
        encode_bytes(l->out, "NULL", 4);
    else if (*from == '{' && !l->whole_json)
        return &object_element;
    else if (*from == '"' && !l->whole_json)
        put_string(l, from + 1, (size_t)(end - from) - 2);
    else
        put_quoted(l, from, (size_t)(end - from));
    return NULL;
}

static const struct encode_fault *put_array(struct literal *l, struct encode_cursor *c, int depth)
{
    const struct encode_fault *fault = depth > DEPTH_MAX ? &too_deep : NULL;
    encode_bytes(l->out, "{", 1);
    c->p++;
    skip_space(c);
    for (int more = *c->p != ']'; more && !fault; more = *c->p == ',') {
        if (*c->p == ',') {
            encode_bytes(l->out, ",", 1);
            c->p++;
            skip_space(c);
        }
        fault = put_item(l, c, depth);
        skip_space(c);
    }
    c->p++;
    encode_bytes(l->out, "}", 1);
    return fault;
}

int encode_literal(const struct encode_type *type, const mig_value_t *value,
                   struct encode_buffer *out, struct encode_fault *fault)
{
    enum { OID_JSON = 114, OID_JSONB = 3802 };
    struct literal l = {out, type->element == OID_JSON || type->element == OID_JSONB};
    struct encode_cursor c = {value->data, value->data + value->len};
    size_t before = out->len;
    encode_field_trim(&c.p, &c.end);
    const struct encode_fault *found = encode_json_check(c.p, (size_t)(c.end - c.p), 0);
    if (!found)
        found = put_array(&l, &c, 1);
    if (!found)
        return 0;
    *fault = *found;
    out->len = before;
    return -1;
}

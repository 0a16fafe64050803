/* arraytext.c - writes a JSON array as array_in reads it: {1,NULL,"a\"b"}. Every text element is
 * quoted. Checks nothing: encode_array.c did. */
#include "arraytext.h"

#include <stdlib.h>

#include "arena.h"
#include "encode_json.h"

struct writer {
    int whole_json; /* elements are json or jsonb: inner arrays are values, too */
    const char *end;
    struct encode_buffer *out;
};

static void add_quoted(struct writer *w, const char *text, size_t n)
{
    encode_bytes(w->out, "\"", 1);
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '"' || text[i] == '\\')
            encode_bytes(w->out, "\\", 1);
        encode_bytes(w->out, &text[i], 1);
    }
    encode_bytes(w->out, "\"", 1);
}

static void add_string(struct writer *w, const char *text, size_t n)
{
    char *plain = arena_heap(NULL, n + 1);
    add_quoted(w, plain, encode_json_unescape(text, n, plain));
    free(plain);
}

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return p;
}

static const char *add_array(struct writer *w, const char *p);

static const char *add_item(struct writer *w, const char *p)
{
    if (*p == '[' && !w->whole_json)
        return add_array(w, p);
    const char *behind = encode_json_skip(p, w->end), *end = behind;
    while (end > p && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\n' || end[-1] == '\r'))
        end--;
    size_t n = (size_t)(end - p);
    if (*p == 'n')
        encode_bytes(w->out, "NULL", 4);
    else if (w->whole_json)
        add_quoted(w, p, n);
    else if (*p == '"')
        add_string(w, p + 1, n - 2);
    else
        encode_bytes(w->out, p, n);
    return behind;
}

/* p is at the opening bracket; gives the place behind the closing one and white space. */
static const char *add_array(struct writer *w, const char *p)
{
    encode_bytes(w->out, "{", 1);
    p = skip_space(p + 1, w->end);
    for (int more = *p != ']'; more; more = *p == ',') {
        if (*p == ',') {
            encode_bytes(w->out, ",", 1);
            p = skip_space(p + 1, w->end);
        }
        p = skip_space(add_item(w, p), w->end);
    }
    encode_bytes(w->out, "}", 1);
    return skip_space(p + 1, w->end);
}

void arraytext_add(const struct encode_type *type, const char *text, size_t n,
                   struct encode_buffer *out)
{
    enum { OID_JSON = 114, OID_JSONB = 3802 };
    const char *p = skip_space(text, text + n);
    if (p == text + n || *p != '[') {
        encode_bytes(out, text, n);
        return;
    }
    struct writer w = {!type->n_labels && (type->element == OID_JSON || type->element == OID_JSONB),
                       text + n, out};
    add_array(&w, p);
}

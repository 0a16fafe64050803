/*
 * array.c - "json.array": a JSON array, an array literal of PostgreSQL or a list with
 * separators, to an array literal (text[]) or a JSON array.
 *
 * Which of the three the source has is declared, never guessed. Each input is walked twice by
 * the same code: the first walk measures the output, the second writes it.
 */
#include <string.h>
#include <strings.h>

#include "common/jsontext.h"
#include "json.h"
#include "transform.h"
#include "units.h"
#include "utf8.h"

enum array_form { FORM_JSON, FORM_POSTGRES, FORM_LIST };

struct array {
    const mig_host_t *host;
    enum array_form from;
    int to_json, keep_empty;
    mig_str_t separator;
};

struct output {
    const struct array *array;
    char *data; /* NULL: measure only */
    size_t len, elements;
    char *scratch; /* room for one element, as long as the input */
};

/* ---- writing -------------------------------------------------------------------------- */

static void put(struct output *o, const char *data, size_t len)
{
    if (o->data && len > 0)
        memcpy(o->data + o->len, data, len);
    o->len += len;
}

static void put_control(struct output *o, char c)
{
    static const char hex[] = "0123456789abcdef";
    const char text[] = {'\\', 'u', '0', '0', hex[(unsigned char)c >> 4], hex[c & 0x0F]};
    put(o, text, sizeof text);
}

static void put_quoted(struct output *o, const char *data, size_t len)
{
    put(o, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        char c = data[i];
        if (o->array->to_json && (unsigned char)c < 0x20) {
            put_control(o, c);
            continue;
        }
        if (c == '"' || c == '\\')
            put(o, "\\", 1);
        put(o, &c, 1);
    }
    put(o, "\"", 1);
}

static void put_element(struct output *o, const mig_value_t *value)
{
    if (o->elements++ > 0)
        put(o, ",", 1);
    if (value->kind == MIG_NULL)
        put(o, o->array->to_json ? "null" : "NULL", 4);
    else if (value->kind == MIG_TEXT)
        put_quoted(o, value->data, value->len);
    else
        put(o, value->data, value->len);
}

/* ---- reading: each gives NULL or what is wrong ------------------------------------------ */

static const char *put_json_element(struct output *o, struct jsonscan_slice text)
{
    mig_value_t value;
    if (o->array->to_json) {
        value = (mig_value_t){text.data, (uint32_t)text.len, MIG_JSON};
        put_element(o, &value);
        return NULL;
    }
    char *room = o->scratch;
    if (jsontext_value(text.data, text.len, &room, &value) != 0)
        return "the text is no valid JSON array";
    if (value.kind == MIG_JSON)
        return "an element of the JSON array is an object or array, which text[] cannot hold";
    put_element(o, &value);
    return NULL;
}

static const char *walk_json(struct output *o, const char *text, size_t len)
{
    const char *at = text, *end = text + len;
    if (len < 2 || *at++ != '[')
        return "the value is no JSON array";
    for (;;) {
        struct jsonscan scan;
        size_t used;
        jsonscan_begin(&scan);
        if (jsonscan_feed(&scan, at, (size_t)(end - at), &used) != JSONSCAN_END)
            return "the text is no valid JSON array";
        struct jsonscan_slice element = jsonscan_trim(at, used);
        const char *fault = element.len > 0 ? put_json_element(o, element) : NULL;
        if (fault || at[used] != ',')
            return fault;
        at += used + 1;
    }
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && utf8_is_space((unsigned char)*at) && (unsigned char)*at < 0x80)
        at++;
    return at;
}

/* An element of an array literal, quoted or not; NULL when it does not end. */
static const char *take_literal(struct output *o, const char *at, const char *end)
{
    int quoted = *at == '"', escaped = 0;
    char *text = o->scratch;
    size_t len = 0, solid = 0; /* solid: what is not white space at the end */
    for (at += quoted; at < end; at++) {
        if (quoted ? *at == '"' : *at == ',' || *at == '}')
            break;
        if (!quoted && (*at == '{' || *at == '"'))
            return NULL;
        int backslash = *at == '\\';
        if (backslash && ++at == end)
            return NULL;
        escaped |= backslash;
        text[len++] = *at;
        if (quoted || backslash || skip_space(at, at + 1) == at)
            solid = len;
    }
    if (at == end || (solid == 0 && !quoted))
        return NULL;
    mig_value_t value = {text, (uint32_t)solid, MIG_TEXT};
    if (!quoted && !escaped && solid == 4 && strncasecmp(text, "null", 4) == 0)
        value.kind = MIG_NULL;
    put_element(o, &value);
    return skip_space(at + quoted, end);
}

static const char *walk_postgres(struct output *o, const char *text, size_t len)
{
    static const char fault[] = "the text is no array literal of one dimension";
    const char *end = text + len, *at = skip_space(text, end);
    if (at == end || *at++ != '{')
        return fault;
    at = skip_space(at, end);
    if (at < end && *at == '}')
        return skip_space(at + 1, end) == end ? NULL : fault;
    for (;;) {
        at = skip_space(at, end);
        at = at < end ? take_literal(o, at, end) : NULL;
        if (!at || at == end || (*at != ',' && *at != '}'))
            return fault;
        if (*at++ == '}')
            return skip_space(at, end) == end ? NULL : fault;
    }
}

static void put_item(struct output *o, const char *data, size_t len)
{
    size_t head = utf8_leading_space(data, len);
    size_t tail = utf8_trailing_space(data + head, len - head);
    mig_value_t value = {data + head, (uint32_t)(len - head - tail), MIG_TEXT};
    if (value.len > 0 || o->array->keep_empty)
        put_element(o, &value);
}

static const char *walk_list(struct output *o, const char *text, size_t len)
{
    const mig_str_t *separator = &o->array->separator;
    const char *at = text, *end = text + len, *stop;
    if (len == 0)
        return NULL;
    while (at < end && (stop = memmem(at, (size_t)(end - at), separator->data, separator->len))) {
        put_item(o, at, (size_t)(stop - at));
        at = stop + separator->len;
    }
    put_item(o, at, (size_t)(end - at));
    return NULL;
}

static const char *walk(struct output *o, const char *text, size_t len)
{
    o->len = o->elements = 0;
    put(o, o->array->to_json ? "[" : "{", 1);
    const char *fault = o->array->from == FORM_JSON       ? walk_json(o, text, len)
                        : o->array->from == FORM_POSTGRES ? walk_postgres(o, text, len)
                                                          : walk_list(o, text, len);
    put(o, o->array->to_json ? "]" : "}", 1);
    return fault;
}

/* ---- the unit ------------------------------------------------------------------------- */

static int32_t create(const mig_host_t *host, void **self)
{
    struct array *a = transform_new(host, sizeof *a);
    *self = a;
    a->host = host;
    a->from = transform_option_is(host, "from", "postgres") ? FORM_POSTGRES
              : transform_option_is(host, "from", "list")   ? FORM_LIST
                                                            : FORM_JSON;
    a->to_json = transform_option_is(host, "to", "json");
    a->keep_empty = transform_option_flag(host, "keep_empty");
    a->separator = transform_option_text(host, "separator");
    if (a->separator.len == 0)
        return host->fail(host, MIG_E_CONFIG, "\"separator\" is empty",
                          "name what separates elements");
    return MIG_OK;
}

static int32_t apply(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct array *a = self;
    int32_t rc;
    uint32_t takes = TRANSFORM_TAKES(MIG_TEXT);
    if (a->from == FORM_JSON)
        takes |= TRANSFORM_TAKES(MIG_JSON);
    if (transform_settled(a->host, in, n_in, takes, out, &rc))
        return rc;
    struct jsonscan_slice text = {in->data, in->len};
    if (a->from == FORM_JSON) {
        rc = json_input(a->host, in, &text);
        if (rc != MIG_OK)
            return rc;
    }
    struct output o = {.array = a, .scratch = a->host->alloc(a->host, text.len + 1)};
    const char *fault = walk(&o, text.data, text.len);
    if (fault)
        return transform_reject(a->host, "bad_array", fault);
    if (o.len > UINT32_MAX)
        return transform_reject(a->host, "too_long", "the array is too long");
    o.data = a->host->alloc(a->host, o.len);
    (void)walk(&o, text.data, text.len);
    *out = (mig_value_t){o.data, (uint32_t)o.len, a->to_json ? MIG_JSON : MIG_TEXT};
    return MIG_OK;
}

static const mig_option_t OPTIONS[] = {
    {"from", MIG_OPT_TEXT, 0, "json", "json|postgres|list",
     "What the source has: a JSON array, an array literal {a,b}, a list with separators."},
    {"to", MIG_OPT_TEXT, 0, "array", "array|json",
     "What comes out: an array literal for text[], or a JSON array."},
    {"separator", MIG_OPT_TEXT, 0, ",", NULL, "Separates the elements of a list."},
    {"keep_empty", MIG_OPT_BOOL, 0, "false", NULL, "Empty elements of a list stay."},
    TRANSFORM_NO_MORE_OPTIONS,
};

TRANSFORM_UNIT(array_unit, "json.array",
               "Reads a JSON array, an array literal or a list; gives text[] or JSON.", OPTIONS,
               create, transform_destroy_nothing, apply);

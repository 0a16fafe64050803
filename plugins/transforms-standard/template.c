/*
 * template.c - "{1}" the first value, "{2:6}" the second as a number of at least six digits,
 * "{{" and "}}" a brace.
 */
#include "template.h"

#include <string.h>

#include "common/say.h"
#include "transform.h"

#define MAX_INPUT 64
#define MAX_WIDTH 40

/* Digits up to `max`, from 1; 0 when there is no such number. */
static uint32_t read_number(const char **at, const char *end, uint32_t max)
{
    uint32_t n = 0;
    for (; *at < end && **at >= '0' && **at <= '9' && n <= max; (*at)++)
        n = n * 10 + (uint32_t)(**at - '0');
    return n <= max ? n : 0;
}

/* Behind "{". NULL when it is no place for a value. */
static const char *read_place(const char *at, const char *end, struct template_part *part)
{
    part->input = read_number(&at, end, MAX_INPUT);
    if (part->input == 0 || at == end)
        return NULL;
    if (*at == ':') {
        at++;
        part->width = read_number(&at, end, MAX_WIDTH);
        if (part->width == 0)
            return NULL;
    }
    return at < end && *at == '}' ? at + 1 : NULL;
}

/* Cuts the text into parts; NULL when a brace stands where none may. */
static const char *compile(const char *at, const char *end, struct template *out)
{
    while (at && at < end) {
        struct template_part *part = &out->parts[out->n++];
        const char *start = at;
        while (at < end && *at != '{' && *at != '}')
            at++;
        part->literal = (mig_str_t){start, (size_t)(at - start)};
        if (at == end)
            break;
        if (end - at > 1 && at[1] == *at) {
            part->literal.len++;
            at += 2;
        } else {
            at = *at == '{' ? read_place(at + 1, end, part) : NULL;
        }
    }
    return at;
}

int32_t template_read(const mig_host_t *host, const char *option, struct template *out)
{
    mig_str_t text = transform_option_text(host, option);
    out->n = 0;
    out->parts = transform_new(host, (text.len + 1) * sizeof *out->parts);
    if (text.len > 0 && compile(text.data, text.data + text.len, out))
        return MIG_OK;
    return say_fail(host, MIG_E_CONFIG,
                    "write {1} for the first value, {1:6} for six digits, {{ for a brace",
                    "\"%s\" is empty or has a brace that is no place for a value", option);
}

/* ---- filling -------------------------------------------------------------------------- */

static int is_whole(const mig_value_t *value)
{
    for (uint32_t i = 0; i < value->len; i++)
        if (value->data[i] < '0' || value->data[i] > '9')
            return 0;
    return value->len > 0;
}

static size_t zeros(const struct template_part *part, const mig_value_t *value)
{
    return value->len < part->width ? part->width - value->len : 0;
}

/* Length of the text; or *rc, or a kind without content, when there is none. */
static size_t measure(const mig_host_t *host, const struct template *t, const mig_value_t *in,
                      uint32_t n_in, uint32_t *kind, int32_t *rc)
{
    size_t len = 0;
    *kind = MIG_TEXT;
    *rc = MIG_OK;
    for (uint32_t i = 0; i < t->n && *rc == MIG_OK; i++) {
        const struct template_part *part = &t->parts[i];
        len += part->literal.len;
        if (part->input == 0)
            continue;
        if (part->input > n_in) {
            *rc = say_fail(host, MIG_E_CONFIG, "name as many source fields in \"from\"",
                           "the text has a place for value %u, but the mapping gives %u",
                           (unsigned)part->input, (unsigned)n_in);
            break;
        }
        const mig_value_t *value = &in[part->input - 1];
        if (value->kind <= MIG_NULL)
            *kind = value->kind;
        else if (value->kind == MIG_JSON)
            *rc = transform_reject(host, "bad_type", "a JSON object or array cannot be put in");
        else if (part->width > 0 && !is_whole(value))
            *rc = transform_reject(host, "bad_number",
                                   "what is to be filled up with zeros is "
                                   "no whole number without a sign");
        else
            len += value->len + zeros(part, value);
    }
    return len;
}

static void fill(const struct template *t, const mig_value_t *in, char *at)
{
    for (uint32_t i = 0; i < t->n; i++) {
        const struct template_part *part = &t->parts[i];
        memcpy(at, part->literal.data, part->literal.len);
        at += part->literal.len;
        if (part->input == 0)
            continue;
        const mig_value_t *value = &in[part->input - 1];
        size_t n = zeros(part, value);
        memset(at, '0', n);
        memcpy(at + n, value->data, value->len);
        at += n + value->len;
    }
}

int32_t template_fill(const mig_host_t *host, const struct template *t, const mig_value_t *in,
                      uint32_t n_in, mig_value_t *out)
{
    uint32_t kind;
    int32_t rc;
    size_t len = measure(host, t, in, n_in, &kind, &rc);
    if (rc == MIG_OK && len > UINT32_MAX)
        return transform_reject(host, "too_long", "the text is too long");
    *out = (mig_value_t){.kind = kind};
    if (rc != MIG_OK || kind <= MIG_NULL)
        return rc;
    char *text = host->alloc(host, len);
    fill(t, in, text);
    *out = (mig_value_t){text, (uint32_t)len, MIG_TEXT};
    return MIG_OK;
}

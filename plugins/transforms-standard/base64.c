/*
 * base64.c - the transform "base64.decode": base64 (RFC 4648 section 4) to the text in it.
 *
 * Strict: the standard alphabet, padded, no white space, no bits left over, and what comes out
 * is UTF-8 without a NUL byte. Whatever else a lenient decoder would make of a text is a guess.
 */
#include "transform.h"
#include "units.h"
#include "utf8.h"

struct base64 {
    const mig_host_t *host;
    int null_on_bad;
};

/* 0..63, or -1. */
static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* A group of four with up to two paddings; -> bytes written, 0 when it is none. */
static size_t decode_group(const char *p, int may_be_padded, char *out)
{
    size_t bytes = may_be_padded && p[3] == '=' ? (p[2] == '=' ? 1 : 2) : 3;
    uint32_t bits = 0;
    for (size_t i = 0; i < 4; i++) {
        int d = i <= bytes ? digit(p[i]) : 0;
        if (d < 0)
            return 0;
        bits = bits << 6 | (uint32_t)d;
    }
    for (size_t i = 0; i < bytes; i++)
        out[i] = (char)(bits >> (16 - 8 * i));
    return (bits & ((1U << (24 - 8 * bytes)) - 1)) == 0 ? bytes : 0;
}

static int is_text(const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        uint32_t c;
        at += utf8_decode(text + at, len - at, &c);
        if (c == 0 || c == UTF8_INVALID)
            return 0;
    }
    return 1;
}

/* What is wrong, as a static sentence, or NULL. */
static const char *decode(const mig_value_t *in, char *out, size_t *len)
{
    *len = 0;
    if (in->len % 4 != 0)
        return "the length of the base64 text is no multiple of four";
    for (size_t at = 0; at < in->len; at += 4) {
        size_t n = decode_group(in->data + at, at + 4 == in->len, out + *len);
        if (n == 0)
            return "the text is not valid base64";
        *len += n;
    }
    return is_text(out, *len) ? NULL : "what is encoded is no UTF-8 text";
}

static int32_t create(const mig_host_t *host, void **self)
{
    struct base64 *b = transform_new(host, sizeof *b);
    b->host = host;
    b->null_on_bad = transform_option_is(host, "on_bad", "null");
    *self = b;
    return MIG_OK;
}

static int32_t apply(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct base64 *b = self;
    int32_t rc;
    if (transform_settled(b->host, in, n_in, TRANSFORM_TAKES(MIG_TEXT), out, &rc))
        return rc;
    size_t len;
    char *text = b->host->alloc(b->host, in->len + 1U);
    const char *fault = decode(in, text, &len);
    if (fault && !b->null_on_bad)
        return transform_reject(b->host, "bad_base64", fault);
    *out = (mig_value_t){text, (uint32_t)len, MIG_TEXT};
    if (fault) {
        b->host->repaired(b->host, NULL, "bad_base64_to_null");
        *out = (mig_value_t){.kind = MIG_NULL};
    }
    return MIG_OK;
}

static const mig_option_t OPTIONS[] = {
    {"on_bad", MIG_OPT_TEXT, 0, "reject", "reject|null",
     "What becomes of a text that is no base64; null is counted."},
    TRANSFORM_NO_MORE_OPTIONS,
};

TRANSFORM_UNIT(base64_decode_unit, "base64.decode", "Decodes base64 that holds a text, strictly.",
               OPTIONS, create, transform_destroy_nothing, apply);

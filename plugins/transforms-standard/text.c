/*
 * text.c - the family text.*: white space, case, replacing, cutting.
 *
 * Letters are mapped one by one as Unicode's simple mappings have it, independent of the
 * locale of the process; "ß" stays "ß". Bytes that are no UTF-8 pass through untouched.
 */
#include <locale.h>
#include <string.h>
#include <wctype.h>

#include "transform.h"
#include "units.h"
#include "utf8.h"

struct text {
    const mig_host_t *host;
    locale_t locale;
    mig_str_t from, to;
    int64_t length;
    int blank;
};

static int32_t create(const mig_host_t *host, void **self)
{
    struct text *t = transform_new(host, sizeof *t);
    t->host = host;
    *self = t;
    return MIG_OK;
}

static void set_text(mig_value_t *out, const char *data, size_t len)
{
    *out = (mig_value_t){data, (uint32_t)len, MIG_TEXT};
}

/* ---- white space ---------------------------------------------------------------------- */

static void trim(const mig_value_t *in, mig_value_t *out)
{
    size_t head = utf8_leading_space(in->data, in->len);
    size_t tail = utf8_trailing_space(in->data + head, in->len - head);
    set_text(out, in->data + head, in->len - head - tail);
}

static int32_t apply_trim(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct text *t = self;
    int32_t rc;
    if (transform_settled(t->host, in, n_in, TRANSFORM_SCALAR, out, &rc))
        return rc;
    trim(in, out);
    return MIG_OK;
}

TRANSFORM_UNIT(text_trim_unit, "text.trim", "Removes white space at both ends.", NULL, create,
               transform_destroy_nothing, apply_trim);

static int32_t apply_collapse(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct text *t = self;
    int32_t rc;
    if (transform_settled(t->host, in, n_in, TRANSFORM_SCALAR, out, &rc))
        return rc;
    mig_value_t inner;
    trim(in, &inner);
    char *text = t->host->alloc(t->host, inner.len + 1U);
    size_t len = 0;
    for (size_t at = 0; at < inner.len;) {
        size_t space = utf8_leading_space(inner.data + at, inner.len - at);
        if (space > 0) {
            text[len++] = ' ';
            at += space;
        } else {
            text[len++] = inner.data[at++];
        }
    }
    set_text(out, text, len);
    return MIG_OK;
}

TRANSFORM_UNIT(text_collapse_unit, "text.collapse",
               "Trims, and makes one blank of each white space inside.", NULL, create,
               transform_destroy_nothing, apply_collapse);

static int32_t create_null_if_empty(const mig_host_t *host, void **self)
{
    int32_t rc = create(host, self);
    ((struct text *)*self)->blank = transform_option_flag(host, "blank");
    return rc;
}

static int32_t apply_null_if_empty(void *self, const mig_value_t *in, uint32_t n_in,
                                   mig_value_t *out)
{
    const struct text *t = self;
    int32_t rc;
    if (transform_settled(t->host, in, n_in, TRANSFORM_SCALAR, out, &rc))
        return rc;
    size_t space = t->blank ? utf8_leading_space(in->data, in->len) : 0;
    *out = *in;
    if (in->len == space)
        *out = (mig_value_t){.kind = MIG_NULL};
    return MIG_OK;
}

static const mig_option_t NULL_IF_EMPTY_OPTIONS[] = {
    {"blank", MIG_OPT_BOOL, 0, "false", NULL, "A text of white space alone is empty, too."},
    TRANSFORM_NO_MORE_OPTIONS,
};

TRANSFORM_UNIT(text_null_if_empty_unit, "text.null_if_empty", "Makes NULL of an empty text.",
               NULL_IF_EMPTY_OPTIONS, create_null_if_empty, transform_destroy_nothing,
               apply_null_if_empty);

/* ---- case ----------------------------------------------------------------------------- */

static int32_t create_case(const mig_host_t *host, void **self)
{
    struct text *t = transform_new(host, sizeof *t);
    t->host = host;
    t->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (t->locale == (locale_t)0)
        return host->fail(host, MIG_E_CONFIG, "the locale C.UTF-8 is not there",
                          "install the C library's locale C.UTF-8");
    *self = t;
    return MIG_OK;
}

static void destroy_case(void *self)
{
    const struct text *t = self;
    if (t && t->locale != (locale_t)0)
        freelocale(t->locale);
}

static char map_ascii(char c, int upper)
{
    char first = upper ? 'a' : 'A';
    return c >= first && c <= first + ('z' - 'a') ? (char)(c ^ 0x20) : c;
}

/* Most text is ASCII, and the tables of the C library are slow for it. */
static size_t map_char(const struct text *t, const char *p, size_t left, int upper, char *out,
                       size_t *written)
{
    uint32_t c;
    size_t n = utf8_decode(p, left, &c);
    *written = 1;
    if (n == 1) {
        out[0] = map_ascii(*p, upper);
        return 1;
    }
    wint_t mapped = upper ? towupper_l((wint_t)c, t->locale) : towlower_l((wint_t)c, t->locale);
    *written = utf8_encode((uint32_t)mapped, out);
    return n;
}

static int32_t change_case(const struct text *t, const mig_value_t *in, int upper, mig_value_t *out)
{
    /* A character of two bytes may become one of three; none grows by more. */
    char *text = t->host->alloc(t->host, (size_t)in->len * 2 + 4);
    size_t len = 0;
    for (size_t at = 0; at < in->len;) {
        size_t written;
        at += map_char(t, in->data + at, in->len - at, upper, text + len, &written);
        len += written;
    }
    if (len > UINT32_MAX)
        return transform_reject(t->host, "too_long", "the text is too long");
    set_text(out, text, len);
    return MIG_OK;
}

static int32_t apply_lower(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct text *t = self;
    int32_t rc;
    if (transform_settled(t->host, in, n_in, TRANSFORM_SCALAR, out, &rc))
        return rc;
    return change_case(t, in, 0, out);
}

TRANSFORM_UNIT(text_lower_unit, "text.lower", "Makes lower case.", NULL, create_case, destroy_case,
               apply_lower);

static int32_t apply_upper(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct text *t = self;
    int32_t rc;
    if (transform_settled(t->host, in, n_in, TRANSFORM_SCALAR, out, &rc))
        return rc;
    return change_case(t, in, 1, out);
}

TRANSFORM_UNIT(text_upper_unit, "text.upper", "Makes upper case.", NULL, create_case, destroy_case,
               apply_upper);

/* ---- replacing and cutting ------------------------------------------------------------ */

static int32_t create_replace(const mig_host_t *host, void **self)
{
    struct text *t = transform_new(host, sizeof *t);
    t->host = host;
    t->from = transform_option_text(host, "from");
    t->to = transform_option_text(host, "to");
    *self = t;
    if (t->from.len == 0)
        return host->fail(host, MIG_E_CONFIG, "option \"from\" is empty", "name what to replace");
    return MIG_OK;
}

static size_t count_matches(const struct text *t, const mig_value_t *in)
{
    size_t n = 0;
    const char *at = in->data, *end = in->data + in->len;
    while ((at = memmem(at, (size_t)(end - at), t->from.data, t->from.len)) != NULL) {
        at += t->from.len;
        n++;
    }
    return n;
}

static void replace(const struct text *t, const mig_value_t *in, char *text)
{
    const char *at = in->data, *end = in->data + in->len;
    for (;;) {
        const char *match = memmem(at, (size_t)(end - at), t->from.data, t->from.len);
        size_t keep = (size_t)((match ? match : end) - at);
        memcpy(text, at, keep);
        if (!match)
            return;
        memcpy(text + keep, t->to.data, t->to.len);
        text += keep + t->to.len;
        at = match + t->from.len;
    }
}

static int32_t apply_replace(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct text *t = self;
    int32_t rc;
    if (transform_settled(t->host, in, n_in, TRANSFORM_SCALAR, out, &rc))
        return rc;
    size_t matches = in->len > 0 ? count_matches(t, in) : 0;
    set_text(out, in->data, in->len);
    if (matches == 0)
        return MIG_OK;
    if (t->to.len > UINT32_MAX / matches || in->len > UINT32_MAX - matches * t->to.len)
        return transform_reject(t->host, "too_long", "the text is too long");
    size_t len = in->len - matches * t->from.len + matches * t->to.len;
    char *text = t->host->alloc(t->host, len + 1);
    replace(t, in, text);
    set_text(out, text, len);
    return MIG_OK;
}

static const mig_option_t REPLACE_OPTIONS[] = {
    {"from", MIG_OPT_TEXT, MIG_OPTF_REQUIRED, NULL, NULL, "What is replaced, everywhere."},
    {"to", MIG_OPT_TEXT, 0, "", NULL, "What stands there afterwards."},
    TRANSFORM_NO_MORE_OPTIONS,
};

TRANSFORM_UNIT(text_replace_unit, "text.replace", "Replaces one text by another, everywhere.",
               REPLACE_OPTIONS, create_replace, transform_destroy_nothing, apply_replace);

static int32_t create_cut(const mig_host_t *host, void **self)
{
    struct text *t = transform_new(host, sizeof *t);
    t->host = host;
    t->length = transform_option_int(host, "length", 0);
    *self = t;
    return MIG_OK;
}

static int32_t apply_cut(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct text *t = self;
    int32_t rc;
    if (transform_settled(t->host, in, n_in, TRANSFORM_SCALAR, out, &rc))
        return rc;
    size_t at = 0;
    for (int64_t i = 0; i < t->length && at < in->len; i++) {
        uint32_t c;
        at += utf8_decode(in->data + at, in->len - at, &c);
    }
    if (at < in->len)
        t->host->repaired(t->host, NULL, "cut");
    set_text(out, in->data, at);
    return MIG_OK;
}

static const mig_option_t CUT_OPTIONS[] = {
    {"length", MIG_OPT_INT, MIG_OPTF_REQUIRED, NULL, "0..1000000000",
     "Characters that stay; the rest is cut off and counted."},
    TRANSFORM_NO_MORE_OPTIONS,
};

TRANSFORM_UNIT(text_cut_unit, "text.cut", "Cuts a text to a number of characters, counted.",
               CUT_OPTIONS, create_cut, transform_destroy_nothing, apply_cut);

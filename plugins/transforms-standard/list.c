/*
 * list.c - "concat" (several values to one) and "split" (one part of a value).
 */
#include <string.h>

#include "transform.h"
#include "units.h"

struct list {
    const mig_host_t *host;
    mig_str_t separator;
    int64_t index; /* from 1; negative: from the end; 0: `rest` */
    int rest, reject_missing;
};

/* ---- concat --------------------------------------------------------------------------- */

static int32_t create_concat(const mig_host_t *host, void **self)
{
    struct list *l = transform_new(host, sizeof *l);
    l->host = host;
    l->separator = transform_option_text(host, "separator");
    *self = l;
    return MIG_OK;
}

/* Bytes of all that is joined; `n` is how many there are. */
static size_t measure(const struct list *l, const mig_value_t *in, uint32_t n_in, uint32_t *n)
{
    size_t len = 0;
    *n = 0;
    for (uint32_t i = 0; i < n_in; i++) {
        if (in[i].kind <= MIG_NULL || in[i].len == 0)
            continue;
        len += in[i].len + (*n > 0 ? l->separator.len : 0);
        (*n)++;
    }
    return len;
}

static uint32_t kind_of_nothing(const mig_value_t *in, uint32_t n_in)
{
    for (uint32_t i = 0; i < n_in; i++)
        if (in[i].kind != MIG_ABSENT)
            return MIG_NULL;
    return MIG_ABSENT;
}

static void join(const struct list *l, const mig_value_t *in, uint32_t n_in, char *text)
{
    const char *start = text;
    for (uint32_t i = 0; i < n_in; i++) {
        if (in[i].kind <= MIG_NULL || in[i].len == 0)
            continue;
        if (text > start && l->separator.len > 0) {
            memcpy(text, l->separator.data, l->separator.len);
            text += l->separator.len;
        }
        memcpy(text, in[i].data, in[i].len);
        text += in[i].len;
    }
}

static int32_t apply_concat(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct list *l = self;
    for (uint32_t i = 0; i < n_in; i++)
        if (in[i].kind == MIG_JSON)
            return transform_reject(l->host, "bad_type", "a JSON object or array cannot be joined");
    uint32_t n;
    size_t len = measure(l, in, n_in, &n);
    if (len > UINT32_MAX)
        return transform_reject(l->host, "too_long", "the text is too long");
    if (n == 0) {
        *out = (mig_value_t){.kind = kind_of_nothing(in, n_in)};
        return MIG_OK;
    }
    char *text = l->host->alloc(l->host, len);
    join(l, in, n_in, text);
    *out = (mig_value_t){text, (uint32_t)len, MIG_TEXT};
    return MIG_OK;
}

/* ---- split ---------------------------------------------------------------------------- */

static int32_t create_split(const mig_host_t *host, void **self)
{
    int32_t rc = create_concat(host, self);
    struct list *l = *self;
    l->index = transform_option_int(host, "index", 0);
    mig_str_t part = transform_option_text(host, "part");
    l->reject_missing = transform_option_is(host, "missing", "reject");
    if (l->separator.len == 0)
        return host->fail(host, MIG_E_CONFIG, "\"separator\" is empty",
                          "name what separates parts");
    if ((l->index != 0) == (part.len > 0))
        return host->fail(host, MIG_E_CONFIG, "give one of \"part\" and \"index\"",
                          "\"part\": first, last or rest; \"index\": from 1, from the end with -1");
    if (part.len > 0) {
        l->rest = transform_option_is(host, "part", "rest");
        l->index = transform_option_is(host, "part", "last") ? -1 : 1;
    }
    return rc;
}

static const char *find(const struct list *l, const char *at, const char *end)
{
    return at < end ? memmem(at, (size_t)(end - at), l->separator.data, l->separator.len) : NULL;
}

static int64_t count_parts(const struct list *l, const mig_value_t *in)
{
    const char *at = in->data, *end = in->data + in->len;
    int64_t n = 1;
    for (; (at = find(l, at, end)) != NULL; at += l->separator.len)
        n++;
    return n;
}

/* The part with this number, from 1; the rest behind the first one where that is wanted. */
static int take_part(const struct list *l, const mig_value_t *in, mig_value_t *out)
{
    int64_t wanted = l->rest ? 2 : l->index;
    if (wanted < 0)
        wanted += count_parts(l, in) + 1;
    const char *at = in->data, *end = in->data + in->len, *stop;
    if (wanted < 1)
        return 0;
    while ((stop = find(l, at, end)) != NULL && --wanted > 0)
        at = stop + l->separator.len;
    if (!stop && wanted > 1)
        return 0;
    stop = !stop || l->rest ? end : stop;
    *out = (mig_value_t){at, (uint32_t)(stop - at), MIG_TEXT};
    return 1;
}

static int32_t apply_split(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct list *l = self;
    int32_t rc;
    if (transform_settled(l->host, in, n_in, TRANSFORM_SCALAR, out, &rc))
        return rc;
    if (take_part(l, in, out))
        return MIG_OK;
    if (l->reject_missing)
        return transform_reject(l->host, "no_such_part", "the text has fewer parts");
    *out = (mig_value_t){.kind = MIG_NULL};
    return MIG_OK;
}

static const mig_option_t CONCAT_OPTIONS[] = {
    {"separator", MIG_OPT_TEXT, 0, "", NULL, "Stands between two values."},
    TRANSFORM_NO_MORE_OPTIONS,
};

static const mig_option_t SPLIT_OPTIONS[] = {
    {"separator", MIG_OPT_TEXT, MIG_OPTF_REQUIRED, NULL, NULL, "What separates the parts."},
    {"part", MIG_OPT_TEXT, 0, NULL, "first|last|rest",
     "Which part; rest is all behind the first separator."},
    {"index", MIG_OPT_INT, 0, NULL, "-1000000..1000000",
     "Which part by number, from 1; from the end with -1."},
    {"missing", MIG_OPT_TEXT, 0, "null", "null|reject",
     "What becomes of a text without that part."},
    TRANSFORM_NO_MORE_OPTIONS,
};

TRANSFORM_UNIT(list_concat_unit, "concat",
               "Joins several values; those that are absent, NULL or empty are left out.",
               CONCAT_OPTIONS, create_concat, transform_destroy_nothing, apply_concat);
TRANSFORM_UNIT(list_split_unit, "split", "Takes one part of a text.", SPLIT_OPTIONS, create_split,
               transform_destroy_nothing, apply_split);

/*
 * transform.c - shared beginnings of apply() and create().
 *
 * No family of transforms is known here.
 */
#include "transform.h"

#include <stdlib.h>
#include <string.h>

#include "common/keep.h"
#include "common/say.h"

int32_t transform_reject(const mig_host_t *host, const char *code, const char *reason)
{
    return host->reject(host, NULL, code, reason);
}

int32_t transform_one_input(const mig_host_t *host, uint32_t n_in)
{
    if (n_in == 1)
        return MIG_OK;
    return say_fail(host, MIG_E_CONFIG,
                    "put a transform that joins them before it, such as \"concat\"",
                    "takes one value, but the mapping gives it %u", (unsigned)n_in);
}

static const char *bad_type_reason(uint32_t kind)
{
    switch (kind) {
    case MIG_JSON:
        return "a JSON object or array stands where a single value is expected";
    case MIG_BOOL:
        return "a JSON boolean stands where another kind of value is expected";
    case MIG_NUMBER:
        return "a JSON number stands where another kind of value is expected";
    case MIG_TEXT:
        return "a text stands where another kind of value is expected";
    default:
        return "a value of an unknown kind was given";
    }
}

int transform_settled(const mig_host_t *host, const mig_value_t *in, uint32_t n_in, uint32_t takes,
                      mig_value_t *out, int32_t *rc)
{
    *rc = transform_one_input(host, n_in);
    if (*rc != MIG_OK)
        return 1;
    if (in->kind == MIG_ABSENT || in->kind == MIG_NULL) {
        *out = *in;
        return 1;
    }
    if (in->kind < 32 && (takes & TRANSFORM_TAKES(in->kind)) != 0)
        return 0;
    *rc = transform_reject(host, "bad_type", bad_type_reason(in->kind));
    return 1;
}

void *transform_new(const mig_host_t *host, size_t size)
{
    void *self = host->alloc(host, size);
    memset(self, 0, size);
    return self;
}

int32_t transform_create_plain(const mig_host_t *host, void **self)
{
    const mig_host_t **instance = transform_new(host, sizeof(const mig_host_t *));
    *instance = host;
    *self = instance;
    return MIG_OK;
}

void transform_destroy_nothing(void *self)
{
    (void)self;
}

mig_str_t transform_option_text(const mig_host_t *host, const char *name)
{
    mig_value_t value;
    if (host->option(host, name, &value) != MIG_OK || value.kind <= MIG_NULL)
        return (mig_str_t){"", 0};
    return (mig_str_t){value.data, value.len};
}

int64_t transform_option_int(const mig_host_t *host, const char *name, int64_t when_not_set)
{
    mig_str_t text = transform_option_text(host, name);
    char digits[24] = "";
    if (text.len == 0 || text.len >= sizeof digits)
        return when_not_set;
    memcpy(digits, text.data, text.len);
    return strtoll(digits, NULL, 10);
}

int transform_option_is(const mig_host_t *host, const char *name, const char *word)
{
    mig_str_t text = transform_option_text(host, name);
    return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

int transform_option_flag(const mig_host_t *host, const char *name)
{
    return transform_option_is(host, name, "true");
}

int transform_equal(const mig_value_t *value, const char *text)
{
    size_t len = strlen(text);
    return value->len == len && memcmp(value->data, text, len) == 0;
}

const mig_value_t *transform_option_list(const mig_host_t *host, const char *name, uint32_t *n,
                                         int32_t *rc)
{
    *n = 0;
    json_t *list = keep_option_json(host, name, rc);
    mig_value_t *values = NULL;
    size_t size = json_array_size(list);
    if (*rc != MIG_OK)
        goto out;
    int fits = json_is_array(list) && size <= 1000;
    values = transform_new(host, (size + 1) * sizeof *values);
    for (size_t i = 0; i < size && fits; i++) {
        const json_t *item = json_array_get(list, i);
        fits = json_is_string(item) && keep_constant(host, item, &values[i]) == 0;
    }
    if (!fits)
        *rc = say_fail(host, MIG_E_CONFIG, NULL, "option \"%s\" must be a list of texts", name);
    *n = fits ? (uint32_t)size : 0;
out:
    json_decref(list);
    return *rc == MIG_OK ? values : NULL;
}

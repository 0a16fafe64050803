/*
 * object.c - the transform "json.object": several values as the members of one JSON object.
 *
 * Values keep their kind: numbers their digits, JSON its text. What is absent has no member.
 */
#include <string.h>

#include "../common/plural.h"
#include "common/buf.h"
#include "common/jsontext.h"
#include "common/say.h"
#include "transform.h"
#include "units.h"

#define MAX_OBJECT ((size_t)64 << 20)

struct object {
    const mig_host_t *host;
    mig_str_t *names; /* quoted, with the colon behind */
    uint32_t n;
    int omit_null, omit_empty;
    struct buf text; /* of the current record */
};

static int32_t load_names(struct object *o)
{
    int32_t rc;
    const mig_value_t *list = transform_option_list(o->host, "names", &o->n, &rc);
    if (rc != MIG_OK)
        return rc;
    o->names = transform_new(o->host, (o->n + 1U) * sizeof *o->names);
    for (uint32_t i = 0; i < o->n; i++) {
        for (uint32_t j = 0; j < i; j++)
            if (list[i].len == list[j].len && memcmp(list[i].data, list[j].data, list[i].len) == 0)
                return o->host->fail(o->host, MIG_E_CONFIG, "\"names\" holds a name twice", NULL);
        o->text.len = 0;
        if (jsontext_quote(&o->text, list[i].data, list[i].len) || buf_add_char(&o->text, ':'))
            return o->host->fail(o->host, MIG_E_NOMEM, "out of memory", NULL);
        char *name = transform_new(o->host, o->text.len);
        memcpy(name, o->text.data, o->text.len);
        o->names[i] = (mig_str_t){name, o->text.len};
    }
    return MIG_OK;
}

static int32_t load_omit(struct object *o)
{
    int32_t rc;
    uint32_t n;
    const mig_value_t *omit = transform_option_list(o->host, "omit", &n, &rc);
    for (uint32_t i = 0; i < n && rc == MIG_OK; i++) {
        int null = transform_equal(&omit[i], "null"), empty = transform_equal(&omit[i], "empty");
        o->omit_null |= null;
        o->omit_empty |= empty;
        if (!null && !empty)
            rc = o->host->fail(o->host, MIG_E_CONFIG, "\"omit\" takes null and empty", NULL);
    }
    return rc;
}

static int32_t create(const mig_host_t *host, void **self)
{
    struct object *o = transform_new(host, sizeof *o);
    *self = o;
    o->host = host;
    buf_init(&o->text, MAX_OBJECT);
    int32_t rc = load_names(o);
    return rc != MIG_OK ? rc : load_omit(o);
}

static void destroy(void *self)
{
    struct object *o = self;
    if (o)
        buf_clear(&o->text);
}

static int is_omitted(const struct object *o, const mig_value_t *value)
{
    if (value->kind == MIG_NULL)
        return o->omit_null;
    return value->kind == MIG_ABSENT || (o->omit_empty && value->len == 0);
}

static int add_value(struct buf *text, const mig_value_t *value)
{
    if (value->kind == MIG_NULL)
        return buf_add_text(text, "null");
    if (value->kind == MIG_TEXT)
        return jsontext_quote(text, value->data, value->len);
    return buf_add(text, value->data, value->len);
}

static int add_members(struct object *o, const mig_value_t *in)
{
    o->text.len = 0;
    int failed = buf_add_char(&o->text, '{');
    for (uint32_t i = 0; i < o->n && !failed; i++) {
        if (is_omitted(o, &in[i]))
            continue;
        failed = (o->text.len > 1 && buf_add_char(&o->text, ',')) ||
                 buf_add(&o->text, o->names[i].data, o->names[i].len) ||
                 add_value(&o->text, &in[i]);
    }
    return failed || buf_add_char(&o->text, '}');
}

static int32_t apply(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    struct object *o = self;
    if (n_in != o->n)
        return say_fail(o->host, MIG_E_CONFIG, "name one member for each source field of \"from\"",
                        "\"names\" has %u %s, but the mapping gives %u %s", (unsigned)o->n,
                        plural((unsigned)o->n, "name", "names"), (unsigned)n_in,
                        plural((unsigned)n_in, "value", "values"));
    if (add_members(o, in))
        return transform_reject(o->host, "too_long", "the JSON object is too long");
    char *text = o->host->alloc(o->host, o->text.len);
    memcpy(text, o->text.data, o->text.len);
    *out = (mig_value_t){text, (uint32_t)o->text.len, MIG_JSON};
    return MIG_OK;
}

static const mig_option_t OPTIONS[] = {
    {"names", MIG_OPT_JSON, MIG_OPTF_REQUIRED, NULL, NULL,
     "The members' names, one for each value, in their order."},
    {"omit", MIG_OPT_JSON, 0, "[]", NULL,
     "Values that get no member, as absent ones never do: a list of null, empty."},
    TRANSFORM_NO_MORE_OPTIONS,
};

TRANSFORM_UNIT(object_unit, "json.object",
               "Makes one JSON object of several values; absent ones are left out.", OPTIONS,
               create, destroy, apply);

/*
 * json.c - "json.parse" (a text that is JSON) and "json.path" (one member of it).
 *
 * jansson says whether a text is JSON; the values themselves are cut out of it byte by byte,
 * so that numbers keep their digits. Integers are decoded as doubles there only because
 * jansson refuses those of more than 64 bits.
 */
#include "json.h"

#include <jansson.h>

#include "common/jsontext.h"
#include "transform.h"
#include "units.h"

struct json {
    const mig_host_t *host;
    mig_str_t path;
};

int32_t json_input(const mig_host_t *host, const mig_value_t *in, struct jsonscan_slice *out)
{
    *out = jsonscan_trim(in->data, in->len);
    if (in->kind == MIG_JSON)
        return MIG_OK;
    json_error_t error;
    json_t *json =
        json_loadb(in->data, in->len,
                   JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_REJECT_DUPLICATES, &error);
    if (!json)
        return transform_reject(host, "bad_json", "the text is no valid JSON");
    json_decref(json);
    return MIG_OK;
}

static int32_t to_value(const mig_host_t *host, struct jsonscan_slice text, mig_value_t *out)
{
    /* Only strings with escapes need room of their own. */
    char *room = text.len > 0 && *text.data == '"' ? host->alloc(host, text.len) : NULL;
    if (jsontext_value(text.data, text.len, &room, out) != 0)
        return transform_reject(host, "bad_json", "the text is no valid JSON");
    return MIG_OK;
}

static int32_t apply_parse(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const mig_host_t *host = *(const mig_host_t **)self;
    int32_t rc;
    uint32_t takes = TRANSFORM_SCALAR | TRANSFORM_TAKES(MIG_JSON);
    if (transform_settled(host, in, n_in, takes, out, &rc))
        return rc;
    *out = *in;
    if (in->kind != MIG_TEXT)
        return MIG_OK;
    struct jsonscan_slice text;
    rc = json_input(host, in, &text);
    return rc != MIG_OK ? rc : to_value(host, text, out);
}

static int32_t create_path(const mig_host_t *host, void **self)
{
    struct json *j = transform_new(host, sizeof *j);
    j->host = host;
    j->path = transform_option_text(host, "path");
    *self = j;
    return MIG_OK;
}

static int32_t apply_path(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct json *j = self;
    int32_t rc;
    uint32_t takes = TRANSFORM_TAKES(MIG_TEXT) | TRANSFORM_TAKES(MIG_JSON);
    if (transform_settled(j->host, in, n_in, takes, out, &rc))
        return rc;
    struct jsonscan_slice text, found;
    rc = json_input(j->host, in, &text);
    if (rc != MIG_OK)
        return rc;
    if (jsonscan_path(text.data, text.len, j->path.data, j->path.len, &found))
        return to_value(j->host, found, out);
    *out = (mig_value_t){.kind = MIG_ABSENT};
    return MIG_OK;
}

static const mig_option_t PATH_OPTIONS[] = {
    {"path", MIG_OPT_TEXT, MIG_OPTF_REQUIRED, NULL, NULL,
     "Names and positions from 0, with dots: address.city, lines.0.price."},
    TRANSFORM_NO_MORE_OPTIONS,
};

TRANSFORM_UNIT(json_parse_unit, "json.parse", "Reads a text as the JSON value that it holds.", NULL,
               transform_create_plain, transform_destroy_nothing, apply_parse);
TRANSFORM_UNIT(json_path_unit, "json.path",
               "Takes one member out of JSON; what is not there is absent.", PATH_OPTIONS,
               create_path, transform_destroy_nothing, apply_path);

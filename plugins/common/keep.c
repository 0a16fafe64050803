/*
 * keep.c - constants of the project file in memory of the host.
 *
 * jansson keeps decimal numbers as doubles, so the text of the file is gone; the shortest
 * digits that give the same double are the ones that were written, up to 15 of them.
 */
#include "common/keep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/say.h"

char *keep_text(const mig_host_t *host, const char *data, size_t len)
{
    char *copy = host->alloc(host, len + 1);
    if (len > 0)
        memcpy(copy, data, len);
    copy[len] = '\0';
    return copy;
}

static int set(const mig_host_t *host, const char *data, size_t len, uint32_t kind,
               mig_value_t *out)
{
    if (len > UINT32_MAX)
        return -1;
    out->data = keep_text(host, data, len);
    out->len = (uint32_t)len;
    out->kind = kind;
    return 0;
}

static int same_double(const char *digits, double value)
{
    double again = strtod(digits, NULL);
    return memcmp(&again, &value, sizeof value) == 0;
}

static int set_number(const mig_host_t *host, const json_t *json, mig_value_t *out)
{
    char digits[64];
    if (json_is_integer(json)) {
        (void)snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
    } else {
        double value = json_real_value(json);
        int precision = 15;
        do
            (void)snprintf(digits, sizeof digits, "%.*g", precision, value);
        while (!same_double(digits, value) && ++precision <= 17);
    }
    return set(host, digits, strlen(digits), MIG_NUMBER, out);
}

static int set_json(const mig_host_t *host, const json_t *json, mig_value_t *out)
{
    char *text = json_dumps(json, JSON_COMPACT);
    int rc = text ? set(host, text, strlen(text), MIG_JSON, out) : -1;
    free(text);
    return rc;
}

int keep_constant(const mig_host_t *host, const json_t *json, mig_value_t *out)
{
    switch (json_typeof(json)) {
    case JSON_STRING:
        return set(host, json_string_value(json), json_string_length(json), MIG_TEXT, out);
    case JSON_INTEGER:
    case JSON_REAL:
        return set_number(host, json, out);
    case JSON_TRUE:
        return set(host, "true", 4, MIG_BOOL, out);
    case JSON_FALSE:
        return set(host, "false", 5, MIG_BOOL, out);
    case JSON_NULL:
        *out = (mig_value_t){.kind = MIG_NULL};
        return 0;
    default:
        return set_json(host, json, out);
    }
}

json_t *keep_option_json(const mig_host_t *host, const char *name, int32_t *rc)
{
    mig_value_t value;
    *rc = host->option(host, name, &value);
    if (*rc != MIG_OK) {
        (void)say_fail(host, *rc, NULL, "there is no option \"%s\"", name);
        return NULL;
    }
    if (value.kind == MIG_ABSENT || value.kind == MIG_NULL)
        return NULL;
    json_error_t error;
    json_t *json =
        json_loadb(value.data, value.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!json)
        *rc = say_fail(host, MIG_E_CONFIG, NULL, "option \"%s\": %s", name, error.text);
    return json;
}

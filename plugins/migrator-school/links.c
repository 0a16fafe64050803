/*
 * links.c - lists of links, as the queries of the project make them.
 */
#include "links.h"

#include <stdio.h>
#include <string.h>

int32_t links_each(const mig_host_t *host, const char *field, const mig_value_t *value,
                   const void *self, const mig_value_t *owner,
                   int32_t (*link)(const void *self, const mig_value_t *owner,
                                   const json_t *member))
{
    if (value->kind <= MIG_NULL)
        return MIG_OK;
    json_t *list = value->kind == MIG_JSON ? json_loadb(value->data, value->len, 0, NULL) : NULL;
    int32_t rc = json_is_array(list)
                     ? MIG_OK
                     : host->reject(host, field, "bad_list", "the field must hold a list");
    for (size_t i = 0; i < json_array_size(list) && rc == MIG_OK; i++)
        rc = link(self, owner, json_array_get(list, i));
    json_decref(list);
    return rc;
}

mig_value_t links_value(const mig_host_t *host, const json_t *member, const char *key)
{
    const json_t *v = key ? json_object_get(member, key) : member;
    if (json_is_integer(v)) {
        char *text = host->alloc(host, 24);
        int len = snprintf(text, 24, "%lld", (long long)json_integer_value(v));
        return (mig_value_t){text, (uint32_t)len, MIG_NUMBER};
    }
    if (!json_is_string(v))
        return (mig_value_t){.kind = MIG_NULL};
    size_t len = json_string_length(v);
    char *text = host->alloc(host, len + 1);
    memcpy(text, json_string_value(v), len);
    return (mig_value_t){text, (uint32_t)len, MIG_TEXT};
}

/*
 * classroom.c - what the units of this plugin share: fields, columns and lists, by their names.
 */
#include "classroom.h"

int32_t classroom_reads(const mig_host_t *host, const char *const *fields)
{
    uint32_t index;
    int32_t rc = MIG_OK;
    for (size_t i = 0; fields[i] && rc == MIG_OK; i++)
        rc = host->reads(host, fields[i], &index);
    return rc;
}

int32_t classroom_writes(const mig_host_t *host, const char *table, const char *const *columns,
                         uint32_t *index)
{
    uint32_t column;
    int32_t rc = host->writes(host, table, index);
    for (size_t i = 0; columns[i] && rc == MIG_OK; i++)
        rc = host->column(host, *index, columns[i], &column);
    return rc;
}

int32_t classroom_list(const mig_host_t *host, const char *field, const mig_value_t *value,
                       json_t **list)
{
    *list = NULL;
    if (value->kind == MIG_ABSENT || value->kind == MIG_NULL)
        return MIG_OK;
    if (value->kind == MIG_JSON)
        *list = json_loadb(value->data, value->len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_array(*list))
        return MIG_OK;
    json_decref(*list);
    *list = NULL;
    return host->reject(host, field, "bad_list", "the field must hold a list, or nothing");
}

mig_value_t classroom_text(const json_t *json)
{
    return (mig_value_t){json_string_value(json), (uint32_t)json_string_length(json), MIG_TEXT};
}

/*
 * classroom.c - the plugin of the example share/examples/classroom: two migrators for what a
 * field mapping cannot say, lists inside of records. Here are the exported symbol and what both
 * units need; classes.c is the one to read first.
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

static const mig_unit_t *const UNITS[] = {&classroom_classes, &classroom_rosters, NULL};

MIG_EXPORT const mig_plugin_t mighost_plugin = {
    .magic = MIG_MAGIC,
    .abi_major = MIG_ABI_MAJOR,
    .abi_minor = MIG_ABI_MINOR,
    .size = sizeof(mig_plugin_t),
    .id = "org.mighost.example.classroom",
    .version = "1.0",
    .units = UNITS,
};

/*
 * option.c - options as C values.
 */
#include "common/option.h"

#include <stdlib.h>
#include <string.h>

static int is_set(const mig_host_t *host, const char *name, mig_value_t *v)
{
    return host->option(host, name, v) == MIG_OK && v->kind != MIG_ABSENT && v->kind != MIG_NULL;
}

char *option_text(const mig_host_t *host, const char *name)
{
    mig_value_t v;
    return is_set(host, name, &v) ? strndup(v.data, v.len) : NULL;
}

int32_t option_keep(const mig_host_t *host, const char *name, const char **text)
{
    mig_value_t v;
    int32_t status = host->option(host, name, &v);
    *text = NULL;
    if (status != MIG_OK || v.kind == MIG_ABSENT || v.kind == MIG_NULL)
        return status;
    char *copy = host->alloc(host, (size_t)v.len + 1);
    memcpy(copy, v.data, v.len);
    copy[v.len] = '\0';
    *text = copy;
    return MIG_OK;
}

size_t option_number(const mig_host_t *host, const char *name, size_t otherwise)
{
    mig_value_t v;
    char digits[32];
    if (!is_set(host, name, &v) || v.len >= sizeof digits)
        return otherwise;
    memcpy(digits, v.data, v.len);
    digits[v.len] = '\0';
    return (size_t)strtoull(digits, NULL, 10);
}

int option_flag(const mig_host_t *host, const char *name)
{
    mig_value_t v;
    return is_set(host, name, &v) && v.len == 4 && memcmp(v.data, "true", 4) == 0;
}

/* kind.c - the kinds of units, and features "kind:name". Pure. */
#include "kind.h"

#include <string.h>

static const char *const names[] = {"source", "transform", "migrator", "validator", "reporter"};

const char *kind_name(uint32_t kind)
{
    if (kind < MIG_SOURCE || kind > MIG_REPORTER)
        return NULL;
    return names[kind - MIG_SOURCE];
}

uint32_t kind_split(const char *feature, const char **name)
{
    for (uint32_t kind = MIG_SOURCE; kind <= MIG_REPORTER; kind++) {
        size_t length = strlen(kind_name(kind));
        if (strncmp(feature, kind_name(kind), length) != 0 || feature[length] != ':')
            continue;
        *name = feature + length + 1;
        return kind;
    }
    return 0;
}

const char *kind_extension(const char *feature)
{
    static const char kind[] = "extension:";
    return strncmp(feature, kind, sizeof kind - 1) == 0 ? feature + sizeof kind - 1 : NULL;
}

/*
 * columns.c - the header of a CSV file.
 *
 * A field that the project reads and the header lacks ends the reading before it begins: in a
 * file with a header no record can have it. The nearest name is told.
 */
#include "columns.h"

#include <stdlib.h>
#include <string.h>

#include "common/nearest.h"
#include "common/say.h"

#define UNREAD 200U /* columns that nobody reads and that are named, at most */

void columns_init(struct columns *c, const mig_host_t *host)
{
    *c = (struct columns){.host = host};
}

void columns_clear(struct columns *c)
{
    for (size_t i = 0; i < c->n; i++)
        free(c->names[i]);
    free(c->names);
    free(c->wanted);
    free(c->unread);
    free(c->filled);
    columns_init(c, c->host);
}

static int32_t no_memory(const struct columns *c)
{
    return say_fail(c->host, MIG_E_NOMEM, NULL, "no memory for the names of columns");
}

int32_t columns_add(struct columns *c, const char *name, size_t len)
{
    if (c->n == c->capacity) {
        size_t capacity = c->capacity ? c->capacity * 2 : 16;
        char **names = realloc(c->names, capacity * sizeof *names);
        if (!names)
            return no_memory(c);
        c->names = names;
        c->capacity = capacity;
    }
    c->names[c->n] = strndup(name, len);
    return c->names[c->n++] ? MIG_OK : no_memory(c);
}

int32_t columns_set(struct columns *c, const json_t *names, const char *entity)
{
    size_t i;
    json_t *name;
    int32_t status = MIG_OK;
    if (!json_is_array(names) || !json_array_size(names))
        status = MIG_E_CONFIG;
    json_array_foreach(names, i, name)
    {
        if (status == MIG_OK && !json_string_length(name))
            status = MIG_E_CONFIG;
        if (status == MIG_OK)
            status = columns_add(c, json_string_value(name), json_string_length(name));
    }
    if (status == MIG_E_CONFIG)
        say_fail(c->host, status, "write it as {\"entity\": [\"name\", ...], ...}",
                 "option \"columns\": \"%s\" is not given a list of names", entity);
    return status;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static const char *duplicate(char **names, size_t n)
{
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 1; i < n; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return names[i];
    return NULL;
}

int32_t columns_check(const struct columns *c, const char *path)
{
    const char *fix = "name the columns by the option \"columns\"";
    for (size_t i = 0; i < c->n; i++)
        if (!*c->names[i])
            return say_fail(c->host, MIG_E_SOURCE, fix, "file \"%s\": column %zu has no name", path,
                            i + 1);
    char **sorted = malloc((c->n ? c->n : 1) * sizeof *sorted);
    if (!sorted)
        return no_memory(c);
    if (c->n)
        memcpy(sorted, c->names, c->n * sizeof *sorted);
    const char *twice = duplicate(sorted, c->n);
    free(sorted);
    return twice ? say_fail(c->host, MIG_E_SOURCE, fix,
                            "file \"%s\": more than one column is named \"%s\"", path, twice)
                 : MIG_OK;
}

static int32_t no_such_column(const struct columns *c, const char *path, const char *field)
{
    struct nearest near = {0};
    for (size_t i = 0; i < c->n; i++)
        nearest_offer(&near, field, c->names[i]);
    const char *fix = "correct the field in the stage's options, or the option \"delimiter\"";
    if (near.name)
        return say_fail(c->host, MIG_E_SOURCE, fix,
                        "file \"%s\" has no column \"%s\"; did you mean \"%s\"?", path, field,
                        near.name);
    return say_fail(c->host, MIG_E_SOURCE, fix, "file \"%s\" has no column \"%s\"", path, field);
}

static size_t find(const struct columns *c, const char *name)
{
    size_t i = 0;
    while (i < c->n && strcmp(c->names[i], name) != 0)
        i++;
    return i;
}

static int is_wanted(const struct columns *c, size_t column)
{
    for (uint32_t i = 0; i < c->n_wanted; i++)
        if (c->wanted[i] == column)
            return 1;
    return 0;
}

int32_t columns_want(struct columns *c, const char *path, const char *const *fields, uint32_t n)
{
    c->wanted = calloc(n ? n : 1, sizeof *c->wanted);
    c->unread = calloc(c->n + 1, sizeof *c->unread);
    c->filled = calloc(c->n + 1, sizeof *c->filled);
    if (!c->wanted || !c->unread || !c->filled)
        return no_memory(c);
    for (uint32_t i = 0; i < n; i++) {
        size_t column = find(c, fields[i]);
        if (column == c->n)
            return no_such_column(c, path, fields[i]);
        c->wanted[i] = (uint32_t)column;
    }
    c->n_wanted = n;
    for (size_t i = 0; i < c->n; i++)
        if (!is_wanted(c, i))
            c->unread[c->n_unread++] = (uint32_t)i;
    for (uint32_t i = 0; i < c->n_unread && i < UNREAD; i++)
        say_log(c->host, MIG_LOG_DEBUG, "file \"%s\" has a column \"%s\" that nobody reads", path,
                c->names[c->unread[i]]);
    return MIG_OK;
}

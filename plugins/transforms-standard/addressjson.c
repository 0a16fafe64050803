/*
 * addressjson.c - which member of an object is which part of an address. The first of several names
 * for one part counts; the others, and all members without a known name, are the rest.
 */
#include "addressjson.h"

#include <stdlib.h>
#include <string.h>

#include "words.h"

static const char *const NAMES[][7] = {
    {"street", "line1", "address1", "address", "street_address", "road", NULL},
    {"city", "town", "locality", "place", NULL},
    {"zip", "postcode", "postal_code", "zip_code", "zipcode", "postalcode", NULL},
    {"country", "country_code", "country_name", NULL},
};

static int is_empty(const json_t *value)
{
    return json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0);
}

static const char *member_of(const json_t *object, const char *name)
{
    const char *key;
    json_t *value;
    const struct word w = {name, strlen(name), 0};
    json_object_foreach((json_t *)object, key, value)
    {
        if (!is_empty(value) && words_is(&w, key, strlen(key)))
            return key;
    }
    return NULL;
}

/* The member that is this part, or NULL. */
static const char *part_member(const json_t *object, size_t part)
{
    for (size_t i = 0; NAMES[part][i]; i++) {
        const char *key = member_of(object, NAMES[part][i]);
        if (key)
            return key;
    }
    return NULL;
}

/* A value as text, appended; NULL `to`: only its length. */
static size_t put(const json_t *value, char *to)
{
    char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *from = json_is_string(value) ? json_string_value(value) : text ? text : "";
    size_t len = strlen(from);
    if (to)
        memcpy(to, from, len);
    free(text);
    return len;
}

static size_t put_rest(const json_t *object, char *to)
{
    size_t len = 0;
    const char *key, *taken[4];
    json_t *value;
    for (size_t i = 0; i < 4; i++)
        taken[i] = part_member(object, i);
    json_object_foreach((json_t *)object, key, value)
    {
        if (is_empty(value) || key == taken[0] || key == taken[1] || key == taken[2] ||
            key == taken[3])
            continue;
        size_t n = strlen(key);
        if (to)
            memcpy(to + len, len ? ", " : "", len ? 2 : 0);
        len += len ? 2 : 0;
        if (to) {
            memcpy(to + len, key, n);
            memcpy(to + len + n, ": ", 2);
        }
        len += n + 2;
        len += put(value, to ? to + len : NULL);
    }
    return len;
}

char *addressjson_part(const mig_host_t *host, const json_t *object, const char *part)
{
    const char *key = NULL;
    int rest = 1;
    for (size_t i = 0; i < 4; i++)
        if (strcmp(NAMES[i][0], part) == 0) {
            key = part_member(object, i);
            rest = 0;
        }
    const json_t *value = key ? json_object_get(object, key) : NULL;
    size_t len = rest ? put_rest(object, NULL) : value ? put(value, NULL) : 0;
    if (!len)
        return NULL;
    char *text = host->alloc(host, len + 1);
    if (rest)
        put_rest(object, text);
    else
        put(value, text);
    text[len] = '\0';
    return text;
}

/*
 * lookup.c - the transforms "lookup" (a declared table of values) and "map_null" (values that
 * mean NULL).
 *
 * A value that the table does not have is never put into a message: it stays in the rejected
 * record.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/keep.h"
#include "common/say.h"
#include "transform.h"
#include "units.h"

struct entry {
    mig_value_t from, to;
};

struct lookup {
    const mig_host_t *host;
    struct entry *entries; /* sorted by `from` */
    size_t n;
    mig_str_t missing;
    mig_value_t fallback;
};

static int compare(const mig_value_t *a, const mig_value_t *b)
{
    size_t n = a->len < b->len ? a->len : b->len;
    int order = n > 0 ? memcmp(a->data, b->data, n) : 0;
    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

static int compare_entries(const void *a, const void *b)
{
    return compare(&((const struct entry *)a)->from, &((const struct entry *)b)->from);
}

static const struct entry *find(const struct lookup *l, const mig_value_t *value)
{
    size_t low = 0, high = l->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(value, &l->entries[middle].from);
        if (order == 0)
            return &l->entries[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static void sort(struct lookup *l)
{
    if (l->n > 1)
        qsort(l->entries, l->n, sizeof *l->entries, compare_entries);
}

static int32_t load_map(struct lookup *l)
{
    int32_t rc;
    json_t *map = keep_option_json(l->host, "map", &rc);
    if (rc != MIG_OK)
        return rc;
    if (!json_is_object(map)) {
        rc =
            l->host->fail(l->host, MIG_E_CONFIG, "\"map\" must be an object: value -> value", NULL);
        goto out;
    }
    l->entries = transform_new(l->host, (json_object_size(map) + 1) * sizeof *l->entries);
    const char *name;
    json_t *value;
    json_object_foreach(map, name, value)
    {
        struct entry *e = &l->entries[l->n++];
        size_t len = strlen(name);
        e->from = (mig_value_t){keep_text(l->host, name, len), (uint32_t)len, MIG_TEXT};
        if (keep_constant(l->host, value, &e->to) != 0)
            rc = l->host->fail(l->host, MIG_E_CONFIG, "a value of \"map\" is too long", NULL);
    }
    sort(l);
out:
    json_decref(map);
    return rc;
}

static int32_t load_fallback(struct lookup *l)
{
    int32_t rc;
    json_t *fallback = keep_option_json(l->host, "default", &rc);
    int wanted = transform_option_is(l->host, "missing", "default");
    if (rc == MIG_OK && wanted != (fallback != NULL))
        rc = l->host->fail(l->host, MIG_E_CONFIG,
                           "\"default\" and \"missing\": \"default\" go together",
                           "give both or neither");
    else if (fallback && keep_constant(l->host, fallback, &l->fallback) != 0)
        rc = l->host->fail(l->host, MIG_E_CONFIG, "\"default\" is too long", NULL);
    json_decref(fallback);
    return rc;
}

static int32_t create(const mig_host_t *host, void **self)
{
    struct lookup *l = transform_new(host, sizeof *l);
    *self = l;
    l->host = host;
    l->missing = transform_option_text(host, "missing");
    int32_t rc = load_map(l);
    return rc != MIG_OK ? rc : load_fallback(l);
}

static int32_t unmapped(const struct lookup *l, const mig_value_t *in, mig_value_t *out)
{
    switch (l->missing.len > 0 ? l->missing.data[0] : 'r') {
    case 'n':
        l->host->repaired(l->host, NULL, "unmapped_to_null");
        *out = (mig_value_t){.kind = MIG_NULL};
        return MIG_OK;
    case 'd':
        l->host->repaired(l->host, NULL, "unmapped_to_default");
        *out = l->fallback;
        return MIG_OK;
    case 'k':
        l->host->repaired(l->host, NULL, "unmapped_kept");
        *out = *in;
        return MIG_OK;
    default:
        return transform_reject(l->host, "unmapped", "the lookup table does not have this value");
    }
}

static int32_t apply(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct lookup *l = self;
    int32_t rc;
    if (transform_settled(l->host, in, n_in, TRANSFORM_SCALAR, out, &rc))
        return rc;
    const struct entry *e = find(l, in);
    if (!e)
        return unmapped(l, in, out);
    *out = e->to;
    return MIG_OK;
}

static const mig_option_t OPTIONS[] = {
    {"map", MIG_OPT_JSON, MIG_OPTF_REQUIRED, NULL, NULL, "Source value -> target value."},
    {"missing", MIG_OPT_TEXT, 0, "reject", "reject|null|default|keep",
     "What becomes of a value that the map does not have; all but reject are counted."},
    {"default", MIG_OPT_JSON, 0, NULL, NULL, "The value for \"missing\": \"default\"."},
    TRANSFORM_NO_MORE_OPTIONS,
};

TRANSFORM_UNIT(lookup_unit, "lookup", "Replaces values by a declared table.", OPTIONS, create,
               transform_destroy_nothing, apply);

/* ---- map_null ------------------------------------------------------------------------- */

static int32_t create_null(const mig_host_t *host, void **self)
{
    struct lookup *l = transform_new(host, sizeof *l);
    *self = l;
    l->host = host;
    int32_t rc;
    uint32_t n;
    const mig_value_t *values = transform_option_list(host, "values", &n, &rc);
    if (rc != MIG_OK)
        return rc;
    l->entries = transform_new(host, (n + 1U) * sizeof *l->entries);
    for (uint32_t i = 0; i < n; i++)
        l->entries[l->n++] = (struct entry){.from = values[i], .to = {.kind = MIG_NULL}};
    sort(l);
    return MIG_OK;
}

static int32_t apply_null(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct lookup *l = self;
    int32_t rc;
    if (transform_settled(l->host, in, n_in, TRANSFORM_SCALAR, out, &rc))
        return rc;
    const struct entry *e = find(l, in);
    *out = e ? e->to : *in;
    return MIG_OK;
}

static const mig_option_t NULL_OPTIONS[] = {
    {"values", MIG_OPT_JSON, MIG_OPTF_REQUIRED, NULL, NULL, "Texts that mean NULL, exactly."},
    TRANSFORM_NO_MORE_OPTIONS,
};

TRANSFORM_UNIT(lookup_null_unit, "map_null", "Makes NULL of declared values.", NULL_OPTIONS,
               create_null, transform_destroy_nothing, apply_null);

/*
 * only.c - ids in batches. Ids begin with the moment of creation, so their order is about that in
 * which all things are read.
 */
#include "only.h"

#include <stdlib.h>
#include <string.h>

#define BATCH 50U /* ids of 32 letters, escaped, stay below 8,000 */

static int by_text(const void *a, const void *b)
{
    return strcmp(json_string_value(*(json_t *const *)a), json_string_value(*(json_t *const *)b));
}

int only_set(struct only *o, const mig_str_t *keys, uint32_t n)
{
    json_t **texts = calloc(n ? n : 1, sizeof *texts);
    int failed = !texts;
    only_clear(o);
    o->ids = json_array();
    for (uint32_t i = 0; i < n && !failed; i++) {
        texts[i] = json_stringn(keys[i].data, keys[i].len);
        failed = !texts[i];
    }
    if (!failed)
        qsort(texts, n, sizeof *texts, by_text);
    for (uint32_t i = 0; texts && i < n; i++)
        if (texts[i])
            json_array_append_new(o->ids, texts[i]);
    free(texts);
    if (failed)
        only_clear(o);
    return failed ? -1 : 0;
}

void only_clear(struct only *o)
{
    json_decref(o->ids);
    json_decref(o->batch);
    *o = (struct only){.ids = NULL};
}

const json_t *only_next(struct only *o)
{
    size_t n = json_array_size(o->ids);
    json_decref(o->batch);
    o->batch = o->at < n ? json_array() : NULL;
    for (size_t i = 0; i < BATCH && o->at < n; i++)
        json_array_append(o->batch, json_array_get(o->ids, o->at++));
    return o->batch;
}

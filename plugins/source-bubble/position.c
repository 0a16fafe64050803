/*
 * position.c - the keyset point behind the last thing, with what must outlive it: how many things
 * there were, and which fields had a value.
 */
#include "position.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "facts.h"

#define IDS_MOST 1000U /* of one moment */

static json_t *moment(int64_t ms)
{
    return ms == MOMENT_NONE ? json_null() : json_integer(ms);
}

static json_t *ids_of(const struct ids *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->n_slots; i++)
        if (s->slots[i].len)
            json_array_append_new(list,
                                  json_stringn(s->text.data + s->slots[i].at, s->slots[i].len));
    return list;
}

char *position_make(const struct reader *r, const struct record *record)
{
    const struct keyset *k = &r->keyset;
    char *met = malloc(record->fields.n_wanted + 1);
    if (!met || k->seen.n > IDS_MOST) {
        free(met);
        return met ? strdup("") : NULL;
    }
    record_met(record, met);
    json_t *json =
        json_pack("{so so so so sI sI sI ss}", "facts", facts_keep(record, &r->count), "base",
                  moment(k->base), "last", moment(k->last), "ids", ids_of(&k->seen), "below",
                  (json_int_t)k->below, "total", (json_int_t)r->first_total, "things",
                  (json_int_t)record->n, "met", met);
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    free(met);
    return text;
}

static int64_t moment_of(const json_t *json, const char *name)
{
    const json_t *value = json_object_get(json, name);
    return json_is_integer(value) ? json_integer_value(value) : MOMENT_NONE;
}

static int add_ids(struct ids *s, const json_t *list)
{
    size_t i;
    json_t *id;
    json_array_foreach((json_t *)list, i, id)
    {
        size_t n = json_string_length(id);
        if (!n || n > IDS_LONGEST || ids_add(s, json_string_value(id), n) < 0)
            return -1;
    }
    return 0;
}

int position_set(struct reader *r, struct record *record, const char *text, size_t len)
{
    struct keyset *k = &r->keyset;
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    const char *met = json_string_value(json_object_get(json, "met"));
    int64_t below = moment_of(json, "below"), things = moment_of(json, "things");
    int failed =
        !met || below < 0 || things < 0 || add_ids(&k->seen, json_object_get(json, "ids")) != 0;
    if (!failed) {
        k->base = moment_of(json, "base");
        k->last = moment_of(json, "last");
        k->below = (uint64_t)below;
        r->first_total = moment_of(json, "total");
        r->pages = 1; /* there was one before */
        record->n = (uint64_t)things;
        record_set_met(record, met, strlen(met));
        facts_restore(json_object_get(json, "facts"), record, &r->count);
    }
    json_decref(json);
    return failed ? -1 : 0;
}

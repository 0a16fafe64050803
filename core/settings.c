/* settings.c - what --show-config prints. Holds no secret: callers mask values before. */
#include "settings.h"

#include <string.h>

static void fill(struct settings *s, struct project_setting *item, const char *value,
                 const char *origin)
{
    item->value = arena_strdup(s->mem, value);
    item->origin = arena_strdup(s->mem, origin);
}

void settings_add(struct settings *s, const char *key, const char *value, const char *origin)
{
    if (s->n == s->capacity) {
        s->capacity = s->capacity ? s->capacity * 2 : 64;
        struct project_setting *bigger = arena_alloc(s->mem, s->capacity * sizeof *bigger);
        if (s->n)
            memcpy(bigger, s->items, s->n * sizeof *bigger);
        s->items = bigger;
    }
    struct project_setting *item = &s->items[s->n++];
    item->key = arena_strdup(s->mem, key);
    fill(s, item, value, origin);
}

void settings_set(struct settings *s, const char *key, const char *value, const char *origin)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->items[i].key, key) == 0) {
            fill(s, &s->items[i], value, origin);
            return;
        }
    settings_add(s, key, value, origin);
}

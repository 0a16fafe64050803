/* settings.h - what --show-config prints: each value and where it came from. Leaf. */
#ifndef MIGHOST_SETTINGS_H
#define MIGHOST_SETTINGS_H

#include "arena.h"
#include "project.h"

struct settings {
    struct arena *mem;
    struct project_setting *items;
    size_t n, capacity;
};

/* Texts are copied. The caller has masked what is secret (url_mask, "***"). */
void settings_add(struct settings *s, const char *key, const char *value, const char *origin);
/* The same, but a key that is there gets the new value and origin. */
void settings_set(struct settings *s, const char *key, const char *value, const char *origin);

#endif

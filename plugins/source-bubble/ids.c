/*
 * ids.c - a hash table of texts.
 *
 * A set is mostly one id, and is cleared with each moment: clearing costs as much as was put in.
 */
#include "ids.h"

#include <stdlib.h>
#include <string.h>

#define MOST ((size_t)1 << 30)

void ids_clear(struct ids *s)
{
    if (s->n)
        memset(s->slots, 0, s->n_slots * sizeof *s->slots);
    s->n = 0;
    s->text.len = 0;
}

void ids_free(struct ids *s)
{
    free(s->slots);
    buf_clear(&s->text);
    *s = (struct ids){.n = 0};
}

/* FNV-1a. */
static struct ids_slot *find(const struct ids *s, const char *id, size_t len)
{
    uint64_t h = 14695981039346656037U;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)id[i]) * 1099511628211U;
    for (uint64_t i = h ^ h >> 29;; i++) {
        struct ids_slot *slot = &s->slots[i & (s->n_slots - 1)];
        if (!slot->len || (slot->len == len && memcmp(s->text.data + slot->at, id, len) == 0))
            return slot;
    }
}

static int grow(struct ids *s)
{
    struct ids larger = {.text = s->text, .n = s->n, .n_slots = s->n_slots ? s->n_slots * 4 : 8};
    larger.slots = calloc(larger.n_slots, sizeof *larger.slots);
    if (!larger.slots)
        return -1;
    for (size_t i = 0; i < s->n_slots; i++)
        if (s->slots[i].len)
            *find(&larger, s->text.data + s->slots[i].at, s->slots[i].len) = s->slots[i];
    free(s->slots);
    *s = larger;
    s->text.max = MOST;
    return 0;
}

int ids_add(struct ids *s, const char *id, size_t len)
{
    if (2 * s->n >= s->n_slots && grow(s))
        return -1;
    struct ids_slot *slot = find(s, id, len);
    if (slot->len)
        return 0;
    size_t at = s->text.len;
    if (buf_add(&s->text, id, len))
        return -1;
    *slot = (struct ids_slot){at, len};
    s->n++;
    return 1;
}

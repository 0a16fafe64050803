/* keyset.c - a set of texts: open addressing over texts in an arena. */
#include "keyset.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

struct entry {
    const char *text; /* NULL: free */
    size_t n;
    uint64_t hash;
};

struct keyset {
    struct arena *mem;
    struct entry *entries;
    size_t n, capacity; /* a power of two, at most half full */
};

/* FNV-1a: keys come from the user's own rejects, not from someone who wants them to collide. */
static uint64_t hash_of(const char *text, size_t n)
{
    uint64_t h = 0xcbf29ce484222325U;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)text[i]) * 0x100000001b3U;
    return h;
}

struct keyset *keyset_new(void)
{
    struct keyset *k = arena_heap(NULL, sizeof *k);
    memset(k, 0, sizeof *k);
    k->mem = arena_new();
    return k;
}

void keyset_free(struct keyset *k)
{
    if (!k)
        return;
    arena_free(k->mem);
    free(k->entries);
    free(k);
}

/* Where the text is, or the free place where it belongs. */
static struct entry *place(const struct keyset *k, uint64_t hash, const char *text, size_t n)
{
    for (size_t i = hash & (k->capacity - 1);; i = (i + 1) & (k->capacity - 1)) {
        struct entry *e = &k->entries[i];
        if (!e->text || (e->hash == hash && e->n == n && memcmp(e->text, text, n) == 0))
            return e;
    }
}

static void grow(struct keyset *k)
{
    struct entry *old = k->entries;
    size_t n = k->capacity;
    k->capacity = n ? n * 2 : 64;
    k->entries = arena_heap(NULL, k->capacity * sizeof *k->entries);
    memset(k->entries, 0, k->capacity * sizeof *k->entries);
    for (size_t i = 0; i < n; i++)
        if (old[i].text)
            *place(k, old[i].hash, old[i].text, old[i].n) = old[i];
    free(old);
}

void keyset_add(struct keyset *k, const char *text, size_t n)
{
    if (k->n * 2 >= k->capacity)
        grow(k);
    uint64_t hash = hash_of(text, n);
    struct entry *e = place(k, hash, text, n);
    if (e->text)
        return;
    *e = (struct entry){arena_strndup(k->mem, text, n), n, hash};
    k->n++;
}

int keyset_has(const struct keyset *k, const char *text, size_t n)
{
    return k->n && place(k, hash_of(text, n), text, n)->text != NULL;
}

size_t keyset_size(const struct keyset *k)
{
    return k->n;
}

void keyset_list(const struct keyset *k, mig_str_t *out)
{
    for (size_t i = 0; i < k->capacity; i++)
        if (k->entries[i].text)
            *out++ = (mig_str_t){k->entries[i].text, k->entries[i].n};
}

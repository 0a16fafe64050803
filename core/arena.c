/* arena.c - memory freed at once: blocks in a list, the newest first. */
#include "arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)64 << 10)
#define ALIGNMENT _Alignof(max_align_t)

struct block {
    struct block *next;
    size_t used, size;
    _Alignas(max_align_t) char data[];
};

struct arena {
    struct block *head;
    size_t total;
};

void *arena_heap(void *old, size_t n)
{
    void *p = realloc(old, n ? n : 1);
    if (!p) {
        static const char text[] = "mighost: error: out of memory\n  state: nothing is lost, "
                                   "the same command goes on where this one stopped\n";
        fwrite(text, 1, sizeof text - 1, stderr);
        _Exit(1);
    }
    return p;
}

static struct block *block_new(size_t size)
{
    struct block *b = arena_heap(NULL, sizeof *b + size);
    b->next = NULL;
    b->used = 0;
    b->size = size;
    return b;
}

struct arena *arena_new(void)
{
    struct arena *a = arena_heap(NULL, sizeof *a);
    a->head = block_new(BLOCK_SIZE);
    a->total = 0;
    return a;
}

void arena_reset(struct arena *a)
{
    while (a->head->next) {
        struct block *b = a->head;
        a->head = b->next;
        free(b);
    }
    a->head->used = 0;
    a->total = 0;
}

void arena_wipe(struct arena *a)
{
    for (struct block *b = a->head; b; b = b->next)
        explicit_bzero(b->data, b->used);
    arena_reset(a);
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    while (a->head) {
        struct block *b = a->head;
        a->head = b->next;
        free(b);
    }
    free(a);
}

void *arena_alloc(struct arena *a, size_t n)
{
    size_t need = (n + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    if (need < n) /* overflow: more than memory can ever be */
        need = SIZE_MAX / 2;
    if (need > a->head->size - a->head->used) {
        struct block *b = block_new(need > BLOCK_SIZE ? need : BLOCK_SIZE);
        b->next = a->head;
        a->head = b;
    }
    void *p = a->head->data + a->head->used;
    a->head->used += need;
    a->total += need;
    return memset(p, 0, n);
}

char *arena_strndup(struct arena *a, const char *text, size_t n)
{
    char *p = arena_alloc(a, n + 1);
    memcpy(p, text, n);
    return p;
}

char *arena_strdup(struct arena *a, const char *text)
{
    return text ? arena_strndup(a, text, strlen(text)) : NULL;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    char *p = arena_alloc(a, (size_t)(n < 0 ? 0 : n) + 1);
    va_start(ap, format);
    vsnprintf(p, (size_t)(n < 0 ? 0 : n) + 1, format, ap);
    va_end(ap);
    return p;
}

size_t arena_size(const struct arena *a)
{
    return a->total;
}

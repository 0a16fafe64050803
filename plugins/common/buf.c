/*
 * buf.c - the growing buffer of the plugins.
 *
 * Grows by doubling, so that adding n bytes costs O(n) whatever the pieces; never beyond
 * `max`, because what is put into it comes from a source that nobody here controls.
 */
#include "common/buf.h"

#include <stdlib.h>
#include <string.h>

#define SMALLEST 256U

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_clear(struct buf *b)
{
    free(b->data);
    buf_init(b, b->max);
}

int buf_reserve(struct buf *b, size_t total)
{
    if (total <= b->capacity)
        return 0;
    if (total > b->max)
        return -1;
    size_t capacity = b->capacity > SMALLEST ? b->capacity : SMALLEST;
    while (capacity < total)
        capacity = capacity > b->max / 2 ? b->max : capacity * 2;
    char *data = realloc(b->data, capacity);
    if (!data)
        return -1;
    b->data = data;
    b->capacity = capacity;
    return 0;
}

int buf_add(struct buf *b, const char *data, size_t n)
{
    if (n > b->max - b->len || buf_reserve(b, b->len + n))
        return -1;
    if (n)
        memcpy(b->data + b->len, data, n);
    b->len += n;
    return 0;
}

int buf_add_text(struct buf *b, const char *text)
{
    return buf_add(b, text, strlen(text));
}

int buf_add_char(struct buf *b, char c)
{
    return buf_add(b, &c, 1);
}

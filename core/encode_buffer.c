/* encode_buffer.c - the bytes that encoders append to, in network byte order. Memory is taken when
 * it has to grow, never per value. */
#include "encode_buffer.h"

#include "arena.h"

void encode_grow(struct encode_buffer *out, size_t n)
{
    size_t capacity = out->capacity ? out->capacity : 256;
    while (capacity - out->len < n)
        capacity *= 2;
    out->data = arena_heap(out->data, capacity);
    out->capacity = capacity;
}

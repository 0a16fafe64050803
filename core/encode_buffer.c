/* encode_buffer.c - the bytes that encoders append to, in network byte order. Memory is taken when
 * it has to grow, never per value. */
#include "encode_buffer.h"

#include <string.h>

#include "arena.h"

void encode_grow(struct encode_buffer *out, size_t n)
{
    size_t capacity = out->capacity ? out->capacity : 256;
    while (capacity - out->len < n)
        capacity *= 2;
    out->data = arena_heap(out->data, capacity);
    out->capacity = capacity;
}

void encode_int16(struct encode_buffer *out, int16_t v)
{
    encode_buffer_put16(encode_room(out, 2), (uint16_t)v);
    out->len += 2;
}

void encode_int32(struct encode_buffer *out, int32_t v)
{
    encode_buffer_put32(encode_room(out, 4), (uint32_t)v);
    out->len += 4;
}

void encode_int64(struct encode_buffer *out, int64_t v)
{
    encode_buffer_put64(encode_room(out, 8), (uint64_t)v);
    out->len += 8;
}

void encode_bytes(struct encode_buffer *out, const void *data, size_t n)
{
    if (n == 0)
        return;
    memcpy(encode_room(out, n), data, n);
    out->len += n;
}

/* encode_buffer.h - the bytes that encoders append to, in network byte order. Pure. */
#ifndef MIGHOST_ENCODE_BUFFER_H
#define MIGHOST_ENCODE_BUFFER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct encode_buffer { /* grows by arena_heap; owned by the caller, freed with free(data) */
    unsigned char *data;
    size_t len, capacity;
};

void encode_grow(struct encode_buffer *out, size_t n);

/* Inline from here on: asked for each word of each field. */

/* Makes room for n bytes behind the end; the caller adds to `len` what it wrote. */
static inline unsigned char *encode_room(struct encode_buffer *out, size_t n)
{
    if (n > out->capacity - out->len)
        encode_grow(out, n);
    return out->data + out->len;
}

/* Network byte order; compilers make one store of it. */
static inline void encode_buffer_put16(unsigned char *p, uint16_t v)
{
    p[0] = (unsigned char)(v >> 8);
    p[1] = (unsigned char)v;
}

static inline void encode_buffer_put32(unsigned char *p, uint32_t v)
{
    encode_buffer_put16(p, (uint16_t)(v >> 16));
    encode_buffer_put16(p + 2, (uint16_t)v);
}

static inline void encode_buffer_put64(unsigned char *p, uint64_t v)
{
    encode_buffer_put32(p, (uint32_t)(v >> 32));
    encode_buffer_put32(p + 4, (uint32_t)v);
}

static inline void encode_int16(struct encode_buffer *out, int16_t v)
{
    encode_buffer_put16(encode_room(out, 2), (uint16_t)v);
    out->len += 2;
}

static inline void encode_int32(struct encode_buffer *out, int32_t v)
{
    encode_buffer_put32(encode_room(out, 4), (uint32_t)v);
    out->len += 4;
}

static inline void encode_int64(struct encode_buffer *out, int64_t v)
{
    encode_buffer_put64(encode_room(out, 8), (uint64_t)v);
    out->len += 8;
}

static inline void encode_bytes(struct encode_buffer *out, const void *data, size_t n)
{
    if (n == 0)
        return;
    memcpy(encode_room(out, n), data, n);
    out->len += n;
}

#endif

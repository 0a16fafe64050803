/* encode_buffer.h - the bytes that encoders append to, in network byte order. Pure. */
#ifndef MIGHOST_ENCODE_BUFFER_H
#define MIGHOST_ENCODE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct encode_buffer { /* grows by arena_heap; owned by the caller, freed with free(data) */
    unsigned char *data;
    size_t len, capacity;
};

void encode_int16(struct encode_buffer *out, int16_t v);
void encode_int32(struct encode_buffer *out, int32_t v);
void encode_int64(struct encode_buffer *out, int64_t v);
void encode_bytes(struct encode_buffer *out, const void *data, size_t n);

void encode_grow(struct encode_buffer *out, size_t n);

/* Makes room for n bytes behind the end; the caller adds to `len` what it wrote. Inline: it is
 * asked for each word of each field. */
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

#endif

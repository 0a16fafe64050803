/* encode_field.h - what the encoders of single types share. Internal to encode*.c.
 *
 * An encoder appends the bytes of one field without its length word. It answers NULL, or a
 * static fault; encode_field.c takes back what it appended before a fault. */
#ifndef MIGHOST_ENCODE_FIELD_H
#define MIGHOST_ENCODE_FIELD_H

#include <string.h>

#include "encode.h"

/* The largest field that PostgreSQL can hold is below 1 GiB, its header included. */
#define ENCODE_FIELD_MAX ((size_t)0x3fffff00)

/* The four bytes that PostgreSQL adds to the declared length or precision in atttypmod. */
#define ENCODE_FIELD_TYPMOD_BASE 4

struct encode_field {
    const struct encode_type *type;
    const char *text; /* not NUL-terminated */
    size_t len;       /* at most ENCODE_FIELD_MAX */
    uint32_t kind;    /* MIG_TEXT ... MIG_JSON */
};

typedef const struct encode_fault *encode_field_fn(const struct encode_field *f,
                                                   struct encode_buffer *out);

encode_field_fn encode_text_text, encode_text_varchar, encode_text_name, encode_text_bool,
    encode_text_uuid, encode_text_bytea, encode_text_enum;
encode_field_fn encode_number_int2, encode_number_int4, encode_number_int8, encode_number_oid,
    encode_number_float4, encode_number_float8;
encode_field_fn encode_numeric_numeric;
encode_field_fn encode_time_date, encode_time_time, encode_time_timetz, encode_time_timestamp,
    encode_time_timestamptz;
encode_field_fn encode_interval_interval;
encode_field_fn encode_json_json, encode_json_jsonb;
encode_field_fn encode_array_array;

/* The encoder of a type that is no array; NULL: it has none. */
encode_field_fn *encode_field_of(const struct encode_type *type);
/* The whole field: its length and its bytes, or -1 for NULL. The fault is static, and leaves the
 * buffer as it was. */
const struct encode_fault *encode_field_add(encode_field_fn *encode, const struct encode_type *type,
                                            const mig_value_t *value, struct encode_buffer *out);

/* Whether a JSON number can become a numeric, as jsonb stores it. */
int encode_numeric_fits(const char *text, size_t n);

/* In encode_buffer.c, as encode_int16() and the like. */
/* The white space that the input functions of PostgreSQL skip. */
static inline int encode_field_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline void encode_field_trim(const char **p, const char **end)
{
    while (*p < *end && encode_field_space(**p))
        ++*p;
    while (*p < *end && encode_field_space((*end)[-1]))
        --*end;
}

/* The part of a text that is still to be read. */
struct encode_cursor {
    const char *p, *end;
};

/* The text of a field without the white space around it. */
static inline struct encode_cursor encode_field_cursor(const struct encode_field *f)
{
    struct encode_cursor c = {f->text, f->text + f->len};
    encode_field_trim(&c.p, &c.end);
    return c;
}

static inline int encode_field_take(struct encode_cursor *c, char wanted)
{
    if (c->p == c->end || *c->p != wanted)
        return 0;
    c->p++;
    return 1;
}

/* Reads the exponent of a number behind its e, up to the end, as far as ENCODE_EXPONENT_END;
 * 0 when it is none. In encode_number.c. */
int encode_number_exponent(struct encode_cursor c, int64_t *out);
/* The first exponent that numeric_in refuses, whatever the digits; no float reaches it. */
#define ENCODE_EXPONENT_END (INT32_MAX / 2)

static inline int encode_field_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Whether the text is the word, in any case; `word` is in lower case. */
static inline int encode_field_is(const char *p, const char *end, const char *word)
{
    for (; p < end && *word; p++, word++)
        if ((*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p) != *word)
            return 0;
    return p == end && !*word;
}

#endif

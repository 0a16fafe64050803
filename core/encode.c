/* encode.c - one value to one field of a binary COPY: the buffer, and the choice of encoder.
 *
 * The encoders are in encode_text.c, encode_number.c, encode_numeric.c, encode_time.c,
 * encode_interval.c, encode_json.c and encode_array.c. Nothing here knows a row, a table or a
 * server. No memory is taken per value but the growth of the buffer.
 */
#include "encode.h"

#include "arena.h"
#include "encode_field.h"

/* Object identifiers of built-in types never change (pg_type.dat). */
enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_NAME = 19,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_OID = 26,
    OID_JSON = 114,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_BPCHAR = 1042,
    OID_VARCHAR = 1043,
    OID_DATE = 1082,
    OID_TIME = 1083,
    OID_TIMESTAMP = 1114,
    OID_TIMESTAMPTZ = 1184,
    OID_INTERVAL = 1186,
    OID_TIMETZ = 1266,
    OID_NUMERIC = 1700,
    OID_UUID = 2950,
    OID_JSONB = 3802
};

static const struct encode_fault no_encoder = {
    "bad_type", "this type has no binary form here; load the table as text", "0A000"};
static const struct encode_fault too_large = {
    "too_long", "a field of PostgreSQL holds less than 1 GB", "54000"};

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
    encode_field_put16(encode_room(out, 2), (uint16_t)v);
    out->len += 2;
}

void encode_int32(struct encode_buffer *out, int32_t v)
{
    encode_field_put32(encode_room(out, 4), (uint32_t)v);
    out->len += 4;
}

void encode_int64(struct encode_buffer *out, int64_t v)
{
    encode_field_put64(encode_room(out, 8), (uint64_t)v);
    out->len += 8;
}

void encode_bytes(struct encode_buffer *out, const void *data, size_t n)
{
    if (n == 0)
        return;
    memcpy(encode_room(out, n), data, n);
    out->len += n;
}

static encode_field_fn *scalar_encoder(uint32_t oid)
{
    switch (oid) {
    case OID_BOOL:
        return encode_text_bool;
    case OID_BYTEA:
        return encode_text_bytea;
    case OID_NAME:
        return encode_text_name;
    case OID_INT8:
        return encode_number_int8;
    case OID_INT2:
        return encode_number_int2;
    case OID_INT4:
        return encode_number_int4;
    case OID_TEXT:
        return encode_text_text;
    case OID_OID:
        return encode_number_oid;
    case OID_JSON:
        return encode_json_json;
    case OID_FLOAT4:
        return encode_number_float4;
    case OID_FLOAT8:
        return encode_number_float8;
    case OID_BPCHAR:
    case OID_VARCHAR:
        return encode_text_varchar;
    case OID_DATE:
        return encode_time_date;
    case OID_TIME:
        return encode_time_time;
    case OID_TIMESTAMP:
        return encode_time_timestamp;
    case OID_TIMESTAMPTZ:
        return encode_time_timestamptz;
    case OID_INTERVAL:
        return encode_interval_interval;
    case OID_TIMETZ:
        return encode_time_timetz;
    case OID_NUMERIC:
        return encode_numeric_numeric;
    case OID_UUID:
        return encode_text_uuid;
    case OID_JSONB:
        return encode_json_jsonb;
    default:
        return NULL;
    }
}

/* name, point, int2vector and others have an element type too, but are no arrays to the
 * parser; the category tells them apart, and the two vectors by their number. */
static encode_field_fn *encoder(const struct encode_type *type)
{
    if (type->category == 'A') {
        enum { OID_INT2VECTOR = 22, OID_OIDVECTOR = 30 };
        if (!type->element || type->oid == OID_INT2VECTOR || type->oid == OID_OIDVECTOR)
            return NULL;
        return type->n_labels > 0 || scalar_encoder(type->element) ? encode_array_array : NULL;
    }
    if (type->n_labels > 0 || type->category == 'E')
        return encode_text_enum;
    return scalar_encoder(type->oid);
}

int encode_supports(const struct encode_type *type)
{
    return encoder(type) != NULL;
}

/* The length word is written last, when the length is known. */
static const struct encode_fault *put_field(encode_field_fn *encode, const struct encode_field *f,
                                            struct encode_buffer *out)
{
    size_t at = out->len;
    encode_int32(out, 0);
    const struct encode_fault *fault = encode(f, out);
    size_t n = out->len - at - 4;
    if (!fault && n > ENCODE_FIELD_MAX)
        fault = &too_large;
    if (fault)
        out->len = at;
    else
        encode_field_put32(out->data + at, (uint32_t)n);
    return fault;
}

const struct encode_fault *encode_element(const struct encode_type *type, const mig_value_t *value,
                                          struct encode_buffer *out)
{
    if (value->kind == MIG_NULL || value->kind == MIG_ABSENT) {
        encode_int32(out, -1);
        return NULL;
    }
    encode_field_fn *encode = encoder(type);
    if (!encode)
        return &no_encoder;
    if (value->len > ENCODE_FIELD_MAX)
        return &too_large;
    /* An empty text may come without an address. */
    struct encode_field f = {type, value->len ? value->data : "", value->len, value->kind};
    return put_field(encode, &f, out);
}

int encode_value(const struct encode_type *type, const mig_value_t *value,
                 struct encode_buffer *out, struct encode_fault *fault)
{
    const struct encode_fault *found = encode_element(type, value, out);
    if (found)
        *fault = *found;
    return found ? -1 : 0;
}

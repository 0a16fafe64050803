/* encode_field.c - one value that is no array to one field: the choice of its encoder, and the
 * length word around what that appends. Arrays do the same for each of their elements. */
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

static encode_field_fn *by_oid(uint32_t oid)
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

encode_field_fn *encode_field_of(const struct encode_type *type)
{
    return type->n_labels > 0 || type->category == 'E' ? encode_text_enum : by_oid(type->oid);
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
        encode_buffer_put32(out->data + at, (uint32_t)n);
    return fault;
}

const struct encode_fault *encode_field_add(encode_field_fn *encode, const struct encode_type *type,
                                            const mig_value_t *value, struct encode_buffer *out)
{
    if (value->kind == MIG_NULL || value->kind == MIG_ABSENT) {
        encode_int32(out, -1);
        return NULL;
    }
    if (!encode)
        return &no_encoder;
    if (value->len > ENCODE_FIELD_MAX)
        return &too_large;
    /* An empty text may come without an address. */
    struct encode_field f = {type, value->len ? value->data : "", value->len, value->kind};
    return put_field(encode, &f, out);
}

/* encode.h - text slices -> fields of a PostgreSQL binary COPY, which is also the check of
 * the value. Pure. Follows the *_recv functions of PostgreSQL 13 and later. No silent
 * rounding: what the declared precision, scale or length would change is refused. */
#ifndef MIGHOST_ENCODE_H
#define MIGHOST_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include <mighost/plugin.h>

#include "encode_buffer.h"

/* A column's type as the catalog has it; domains are resolved to their base by the caller. */
struct encode_type {
    uint32_t oid;              /* pg_type.oid of the base type */
    int32_t typmod;            /* atttypmod, -1 none */
    uint32_t element;          /* oid of the element type when it is an array, else 0 */
    const char *const *labels; /* enum labels (of the element, for arrays of an enum) */
    size_t n_labels;           /* > 0: an enum */
    char category;             /* pg_type.typcategory */
};

/* Codes that a refused value gets in rejects. */
struct encode_fault {
    const char *code;     /* "bad_uuid", "bad_date", "out_of_range", "too_long", "bad_number",
                             "bad_json", "bad_array", "bad_label", "bad_utf8", "nul_byte",
                             "bad_boolean", "unknown_zone", "precision", "bad_time",
                             "bad_interval", "bad_bytes", "zone_lost", "bad_type" */
    const char *reason;   /* a sentence without the value; static text */
    const char *sqlstate; /* what PostgreSQL would have said: "22P02" */
};

/* 1 when encode_value() can write this type in binary: bool, int2/4/8, oid, float4/8, numeric,
 * text, varchar, bpchar, name, uuid, bytea, date, time, timetz, timestamp, timestamptz, interval,
 * json, jsonb, enums, and arrays of these.
 *
 * Every kind of value gives its text, which is read as the type's input function of PostgreSQL
 * reads it, or refused; nothing is accepted that PostgreSQL would refuse or read otherwise
 * (IntervalStyle postgres, TimeZone UTC). Refused though PostgreSQL takes them: dates that are
 * not ISO 8601, zone names, "now" and the like, the second 60, an offset for a column without
 * time zone, spaces beyond a declared length, names over 63 bytes, \u0000 in json, bounds in
 * front of an array. Text for json is JSON text itself, as for 'text'::jsonb. The connection has
 * client_encoding UTF8. Infinities of numeric need PostgreSQL 14. */
int encode_supports(const struct encode_type *type);
/* Appends the field: int32 length and bytes; -1 length for MIG_NULL and MIG_ABSENT.
 * 0, or -1 with `fault` filled and the buffer as before. */
int encode_value(const struct encode_type *type, const mig_value_t *value,
                 struct encode_buffer *out, struct encode_fault *fault);

#endif

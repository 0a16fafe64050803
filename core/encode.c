/* encode.c - one value to one field of a binary COPY, arrays included.
 *
 * The encoders are in encode_text.c, encode_number.c, encode_numeric.c, encode_time.c,
 * encode_interval.c, encode_json.c and encode_array.c; encode_field.c chooses among them. Nothing
 * here knows a row, a table or a server.
 */
#include "encode.h"

#include "encode_field.h"

/* name, point, int2vector and others have an element type too, but are no arrays to the
 * parser; the category tells them apart, and the two vectors by their number. */
static encode_field_fn *encoder(const struct encode_type *type)
{
    enum { OID_INT2VECTOR = 22, OID_OIDVECTOR = 30 };
    if (type->category != 'A')
        return encode_field_of(type);
    if (!type->element || type->oid == OID_INT2VECTOR || type->oid == OID_OIDVECTOR)
        return NULL;
    struct encode_type element = {.oid = type->element, .n_labels = type->n_labels};
    return encode_field_of(&element) ? encode_array_array : NULL;
}

int encode_supports(const struct encode_type *type)
{
    return encoder(type) != NULL;
}

int encode_value(const struct encode_type *type, const mig_value_t *value,
                 struct encode_buffer *out, struct encode_fault *fault)
{
    const struct encode_fault *found = encode_field_add(encoder(type), type, value, out);
    if (found)
        *fault = *found;
    return found ? -1 : 0;
}

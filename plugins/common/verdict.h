/* verdict.h - is a record valid JSON that may be used? */
#ifndef MIGHOST_PLUGINS_VERDICT_H
#define MIGHOST_PLUGINS_VERDICT_H

#include <stddef.h>
#include <stdint.h>

struct verdict {
    const char *code;   /* NULL: the record is fine; else a short stable word */
    const char *reason; /* static text without any value of the record */
    size_t at;          /* byte of the record where it was noticed */
    int cut;            /* the text ends too early */
};

/* `value_limit`: values that one record may hold, which bounds the memory that parsing takes
 * (about 250 bytes each). MIG_OK, or MIG_E_NOMEM: nothing is known. */
int32_t verdict_find(const char *text, size_t len, size_t value_limit, struct verdict *out);

#endif

/* fuzz_copyrow.c - any bytes as a line of COPY from a hostile server.
 *
 * First byte: the number of fields; second byte: their types. What holds for every input: values
 * lie inside the line, and written again as COPY writes them they give the line again.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "source-postgres/copyrow.h"

const char *const fuzz_seeds[] = {
    "3012\\t\\N\ttab\\t, line\\n, back\\\\slash\t-1.50\n",
    "2At\tf\n",
    "3C{\"a\": 1}\t[]\t\\\\N",
    "1B\n",
    "4D\\N\t\\N\t\\N\t\\b\\f\\n\\r\\t\\v",
    NULL,
};

static void require(int condition)
{
    if (!condition)
        abort();
}

static void add_field(struct buf *out, const mig_value_t *v)
{
    static const char plain[] = "\\\b\f\n\r\t\v", letters[] = "\\bfnrtv";
    if (v->kind == MIG_NULL) {
        buf_add_text(out, "\\N");
        return;
    }
    for (uint32_t i = 0; i < v->len; i++) {
        const char *special = v->data[i] ? strchr(plain, v->data[i]) : NULL;
        if (special)
            buf_add_char(out, '\\');
        buf_add_char(out, special ? letters[special - plain] : v->data[i]);
    }
}

/* The server writes control characters with a backslash; a line that has them bare is taken, but
 * does not come out the same. */
static int is_canonical(const char *line, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strchr("\b\f\n\r\v", line[i]) && line[i])
            return 0;
    return 1;
}

/* `again`: the values as COPY would write them. Gives 0 when one of them is a boolean, which is
 * not written as it was read. */
static int write_again(const char *line, size_t n, const mig_value_t *values, uint32_t n_values,
                       struct buf *again)
{
    int same = 1;
    for (uint32_t i = 0; i < n_values; i++) {
        const mig_value_t *v = &values[i];
        require(v->kind >= MIG_NULL && v->kind <= MIG_JSON);
        require(v->kind == MIG_NULL || v->kind == MIG_BOOL ||
                (v->data >= line && v->data + v->len <= line + n));
        same &= v->kind != MIG_BOOL;
        if (i)
            buf_add_char(again, '\t');
        add_field(again, v);
    }
    return same;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    enum { FIELDS = 8 };
    enum statement_type types[FIELDS];
    mig_value_t values[FIELDS];
    struct buf again;
    if (n < 2)
        return 0;
    uint32_t n_fields = data[0] % (FIELDS + 1U);
    for (uint32_t i = 0; i < FIELDS; i++)
        types[i] = (enum statement_type)((data[1] + i) % 4U);
    const char *given = (const char *)data + 2;
    n -= 2;
    size_t end = n && given[n - 1] == '\n' ? n - 1 : n;
    char *line = malloc(n + 1);
    require(line != NULL);
    memcpy(line, given, n);
    buf_init(&again, 2 * n + 64);
    if (copyrow_split(line, n, types, n_fields, values) == 0 &&
        write_again(line, n, values, n_fields, &again) && is_canonical(given, end))
        require(again.len == end && (!end || memcmp(again.data, given, end) == 0));
    buf_clear(&again);
    free(line);
    return 0;
}

/* encode_copy.c - values of one type from stdin to a binary COPY stream on stdout.
 *
 *     encode_copy OID TYPMOD ELEMENT CATEGORY [LABEL...] <values.tsv >copy.bin 2>refused.tsv
 *
 * Lines are "id TAB kind TAB value" as COPY (text format) writes them. Rows of the stream are
 * (id int4, value). Values that the encoder refuses go to stderr as "id TAB code TAB sqlstate".
 * Used by encode.sh; no part of mighost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encode.h"

/* Undoes the escapes of COPY text that can occur; in place. */
static size_t unescape(char *text)
{
    char *to = text;
    for (const char *p = text; *p; p++) {
        if (*p != '\\' || !p[1]) {
            *to++ = *p;
            continue;
        }
        static const char from[] = "bfnrtv", into[] = "\b\f\n\r\t\v";
        const char *known = strchr(from, *++p);
        *to++ = known ? into[known - from] : *p;
    }
    return (size_t)(to - text);
}

static int encode_line(const struct encode_type *type, char *line, struct encode_buffer *out)
{
    char *kind = strchr(line, '\t'), *text = kind ? strchr(kind + 1, '\t') : NULL;
    if (!text)
        return -1;
    *kind++ = *text++ = '\0';
    text[strcspn(text, "\n")] = '\0';
    mig_value_t value = {text, (uint32_t)unescape(text), (uint32_t)strtoul(kind, NULL, 10)};
    struct encode_fault fault;
    size_t before = out->len;
    encode_int16(out, 2);
    encode_int32(out, 4);
    encode_int32(out, (int32_t)strtol(line, NULL, 10));
    size_t field = out->len;
    if (encode_value(type, &value, out, &fault) == 0)
        return 0;
    if (out->len != field)
        return -1;
    out->len = before;
    fprintf(stderr, "%s\t%s\t%s\n", line, fault.code, fault.sqlstate);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "usage: encode_copy OID TYPMOD ELEMENT CATEGORY [LABEL...]\n");
        return 2;
    }
    struct encode_type type = {(uint32_t)strtoul(argv[1], NULL, 10),
                               (int32_t)strtol(argv[2], NULL, 10),
                               (uint32_t)strtoul(argv[3], NULL, 10),
                               (const char *const *)argv + 5,
                               (size_t)argc - 5,
                               argv[4][0]};
    struct encode_buffer out = {NULL, 0, 0};
    char *line = NULL;
    size_t capacity = 0;
    int status = encode_supports(&type) ? 0 : 3;
    encode_bytes(&out, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
    while (status == 0 && getline(&line, &capacity, stdin) > 0)
        status = encode_line(&type, line, &out) ? 1 : 0;
    encode_int16(&out, -1);
    if (status == 0 && fwrite(out.data, 1, out.len, stdout) != out.len)
        status = 1;
    free(line);
    free(out.data);
    return status;
}

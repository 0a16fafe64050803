/*
 * copyrow.c - the text format of COPY (PostgreSQL manual, "COPY", "Text Format").
 *
 * Fields are separated by tabs, \N alone is NULL, and a backslash stands before what has a
 * meaning of its own. Decoding never makes a field longer, so it is done where it stands.
 */
#include "copyrow.h"

#include <string.h>

/* What the letter behind a backslash stands for; 0: COPY does not write that. */
static char escaped(char letter)
{
    static const char from[] = "\\bfnrtv", to[] = "\\\b\f\n\r\t\v";
    const char *known = letter ? strchr(from, letter) : NULL;
    return known ? to[known - from] : 0;
}

/* The new length, or -1. */
static ptrdiff_t unescape(char *field, size_t len)
{
    char *to = field, *end = field + len;
    for (char *p = field; p < end; p++) {
        char c = *p;
        if (c == '\\') {
            c = p + 1 < end ? escaped(*++p) : 0;
            if (!c)
                return -1;
        }
        *to++ = c;
    }
    return to - field;
}

/* NaN and the infinities are numbers to PostgreSQL only. */
static uint32_t kind_of(enum statement_type type, const char *text, size_t len)
{
    if (type == STATEMENT_NUMBER)
        return len && text[*text == '-' && len > 1] >= '0' && text[*text == '-' && len > 1] <= '9'
                   ? MIG_NUMBER
                   : MIG_TEXT;
    if (type == STATEMENT_JSON)
        return len && (*text == '{' || *text == '[') ? MIG_JSON : MIG_TEXT;
    return MIG_TEXT;
}

static int take_field(char *field, size_t len, enum statement_type type, mig_value_t *out)
{
    if (len == 2 && field[0] == '\\' && field[1] == 'N') {
        *out = (mig_value_t){.kind = MIG_NULL};
        return 0;
    }
    if (memchr(field, '\\', len)) {
        ptrdiff_t n = unescape(field, len);
        if (n < 0)
            return -1;
        len = (size_t)n;
    }
    if (type == STATEMENT_BOOL && len == 1) {
        *out = *field == 't' ? (mig_value_t){"true", 4, MIG_BOOL}
                             : (mig_value_t){"false", 5, MIG_BOOL};
        return 0;
    }
    *out = (mig_value_t){field, (uint32_t)len, kind_of(type, field, len)};
    return 0;
}

int copyrow_split(char *line, size_t len, const enum statement_type *types, uint32_t n,
                  mig_value_t *values)
{
    char *at = line, *end = line + len;
    if (len && end[-1] == '\n')
        end--;
    for (uint32_t i = 0; i < n; i++) {
        char *tab = memchr(at, '\t', (size_t)(end - at));
        char *stop = tab ? tab : end;
        if (!tab != (i + 1 == n) || take_field(at, (size_t)(stop - at), types[i], &values[i]))
            return -1;
        at = stop + 1;
    }
    return n || at == end ? 0 : -1;
}

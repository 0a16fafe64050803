/* fieldvalue.c - one value of fields.h from its text. Own number reading instead of strtod: the
 * decimal point must not depend on the locale, and 1e9, 0x10, " 1" are refused. Pure. */
#include "fieldvalue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"

#define OVERLAP_SECONDS_MAX INT64_C(3155760000) /* a hundred years */
#define IDENTIFIER_MAX 63                       /* NAMEDATALEN - 1 */

static int plain_int(const char *text, int64_t *out)
{
    size_t sign = text[0] == '-', n = strspn(text + sign, "0123456789");
    if (!n || text[sign + n])
        return -1;
    errno = 0;
    long long value = strtoll(text, NULL, 10);
    if (errno)
        return -1;
    *out = value;
    return 0;
}

int fieldvalue_int(const char *text, const char *allowed, int64_t *out)
{
    int64_t value;
    if (plain_int(text, &value) != 0)
        return -1;
    if (allowed) {
        const char *dots = strstr(allowed, "..");
        if (value < strtoll(allowed, NULL, 10) || (dots && value > strtoll(dots + 2, NULL, 10)))
            return -1;
    }
    *out = value;
    return 0;
}

int fieldvalue_percent(const char *text, double *out)
{
    size_t whole = strspn(text, "0123456789"), part = 0;
    const char *p = text + whole;
    if (!whole || whole > 3)
        return -1;
    double value = (double)strtol(text, NULL, 10), scale = 1;
    if (*p == '.') {
        part = strspn(++p, "0123456789");
        if (!part || part > 9)
            return -1;
        for (size_t i = 0; i < part; i++, p++) {
            scale /= 10;
            value += scale * (*p - '0');
        }
    }
    if (strcmp(p, "%") != 0 || value > 100)
        return -1;
    *out = value;
    return 0;
}

int fieldvalue_limit(const char *text, struct limit *out)
{
    int64_t count;
    struct limit limit = {-1, 0};
    if (strcmp(text, "null") == 0) {
        *out = limit;
        return 0;
    }
    if (fieldvalue_percent(text, &limit.value) == 0)
        limit.is_percent = 1;
    else if (fieldvalue_int(text, "0..9007199254740992", &count) == 0)
        limit.value = (double)count;
    else
        return -1;
    *out = limit;
    return 0;
}

int fieldvalue_overlap(const char *text, struct project_overlap *out)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    char digits[16] = "";
    size_t n = strspn(text, "0123456789");
    if (!n || n >= sizeof digits || (text[n] && text[n + 1]))
        return -1;
    memcpy(digits, text, n);
    *out = (struct project_overlap){strtoll(digits, NULL, 10), 0};
    for (size_t i = 0; text[n] && i < sizeof units / sizeof *units; i++)
        if (text[n] == units[i].unit && out->value <= OVERLAP_SECONDS_MAX / units[i].seconds) {
            out->value *= units[i].seconds * 1000000;
            out->is_time = 1;
        }
    return text[n] && !out->is_time ? -1 : 0;
}

int fieldvalue_word(const char *text, const char *allowed)
{
    size_t n = strlen(text);
    int i = 0;
    for (const char *p = allowed;; i++) {
        size_t k = strcspn(p, "|");
        if (k == n && memcmp(p, text, n) == 0)
            return i;
        if (!p[k])
            return -1;
        p += k + 1;
    }
}

static int is_made_of(const char *text, const char *characters)
{
    size_t n = strspn(text, characters);
    return n >= 1 && n <= IDENTIFIER_MAX && !text[n];
}

int fieldvalue_is_name(const char *text)
{
    return is_made_of(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");
}

int fieldvalue_is_unit(const char *text)
{
    return is_made_of(text, "abcdefghijklmnopqrstuvwxyz0123456789_.-");
}

int fieldvalue_is_identifier(const char *text, size_t n)
{
    if (n < 1 || n > IDENTIFIER_MAX)
        return 0;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return 0;
    return str_utf8_ok(text, n); /* arguments of the command line may be anything */
}

int fieldvalue_is_table(const char *text)
{
    const char *dot = strchr(text, '.');
    if (!dot)
        return fieldvalue_is_identifier(text, strlen(text));
    return fieldvalue_is_identifier(text, (size_t)(dot - text)) &&
           fieldvalue_is_identifier(dot + 1, strlen(dot + 1));
}

const char *fieldvalue_nearest(const char *text, const char *allowed, char *out, size_t size)
{
    const char *names[32];
    size_t n = 0;
    snprintf(out, size, "%s", allowed);
    for (char *p = out; p && n < 32;) {
        names[n++] = p;
        p = strchr(p, '|');
        if (p)
            *p++ = '\0';
    }
    return str_nearest(text, names, n);
}

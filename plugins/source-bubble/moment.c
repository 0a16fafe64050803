/*
 * moment.c - moments between text and milliseconds, without locale and time zone.
 *
 * Days are counted by the proleptic Gregorian calendar, in years that begin in March, so that
 * the leap day is the last one.
 */
#include "moment.h"

#include <inttypes.h>
#include <stdio.h>

static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = year / 400, of_era = year % 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* Takes `n` digits; -1 when there are fewer. */
static int64_t digits(const char **at, const char *end, int n)
{
    int64_t value = 0;
    for (; n > 0; n--, ++*at) {
        if (*at == end || **at < '0' || **at > '9')
            return -1;
        value = value * 10 + (**at - '0');
    }
    return value;
}

static int letter(const char **at, const char *end, char c)
{
    if (*at == end || **at != c)
        return 0;
    ++*at;
    return 1;
}

/* Milliseconds behind the point; -1: it cannot be said in milliseconds. */
static int64_t fraction(const char **at, const char *end)
{
    int64_t ms = 0, weight = 100;
    const char *begin = *at;
    for (; *at < end && **at >= '0' && **at <= '9'; ++*at, weight /= 10) {
        if (!weight && **at != '0')
            return -1;
        ms += (**at - '0') * weight;
    }
    return *at == begin ? -1 : ms;
}

int64_t moment_parse(const char *text, size_t len)
{
    const char *at = text, *end = text + len;
    static const char behind[] = "--T::"; /* and nothing behind the seconds */
    static const int64_t most[] = {9999, 12, 31, 23, 59, 59};
    int64_t part[6], ms = 0;
    for (int i = 0; i < 6; i++) {
        part[i] = digits(&at, end, i ? 2 : 4);
        if (part[i] < (i == 1 || i == 2) || part[i] > most[i] ||
            (i < 5 && !letter(&at, end, behind[i])))
            return MOMENT_NONE;
    }
    if (letter(&at, end, '.') && (ms = fraction(&at, end)) < 0)
        return MOMENT_NONE;
    if (!letter(&at, end, 'Z') || at != end)
        return MOMENT_NONE;
    int64_t days = days_of(part[0], part[1], part[2]);
    return (((days * 24 + part[3]) * 60 + part[4]) * 60 + part[5]) * 1000 + ms;
}

void moment_format(int64_t ms, char out[MOMENT_TEXT])
{
    int64_t day = ms / 86400000 - (ms % 86400000 < 0), rest = ms - day * 86400000;
    int64_t shifted = day + 719468, era = shifted / 146097 - (shifted % 146097 < 0);
    int64_t of_era = shifted - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153, date = of_year - (153 * month + 2) / 5 + 1;
    month += month < 10 ? 3 : -9;
    year += era * 400 + (month <= 2);
    snprintf(out, MOMENT_TEXT,
             "%04" PRId64 "-%02" PRId64 "-%02" PRId64 "T%02" PRId64 ":%02" PRId64 ":%02" PRId64
             ".%03" PRId64 "Z",
             year, month, date, rest / 3600000, rest / 60000 % 60, rest / 1000 % 60, rest % 1000);
}

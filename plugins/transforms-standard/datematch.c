/*
 * datematch.c - texts matched against a compiled date format.
 *
 * A format decides by form alone; only then is the day looked up in the calendar. So a day
 * that does not exist is an error and never a reason to try the next format.
 */
#include "datematch.h"

#include <string.h>
#include <strings.h>

#include "calendar.h"

static const char *const MONTHS[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                     "jul", "aug", "sep", "oct", "nov", "dec"};

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

struct matcher {
    const char *at, *end;
    int pivot;
    struct datematch_parts *out;
};

/* Up to `max` digits as a number; how many there were. */
static size_t take_number(struct matcher *m, size_t max, int64_t *value)
{
    size_t n = 0;
    *value = 0;
    for (; n < max && m->at < m->end && is_digit(*m->at); n++)
        *value = *value * 10 + (*m->at++ - '0');
    return n;
}

static int take_month_name(struct matcher *m)
{
    for (int i = 0; m->end - m->at >= 3 && i < 12; i++)
        if (strncasecmp(m->at, MONTHS[i], 3) == 0) {
            m->out->month = i + 1;
            m->at += 3;
            return 1;
        }
    return 0;
}

/* "Z", "+02", "+0200", "+02:00". */
static int take_zone(struct matcher *m)
{
    char *zone = m->out->zone;
    if (m->at < m->end && (*m->at == 'Z' || *m->at == 'z')) {
        memcpy(zone, "Z", 2);
        m->at++;
        return 1;
    }
    if (m->at == m->end || (*m->at != '+' && *m->at != '-'))
        return 0;
    char sign = *m->at++;
    int64_t hours, minutes = 0;
    if (take_number(m, 2, &hours) != 2)
        return 0;
    int colon = m->at < m->end && *m->at == ':';
    m->at += colon;
    size_t n = take_number(m, 2, &minutes);
    if (n == 1 || (n == 0 && colon) || hours > 15 || minutes > 59)
        return 0;
    const char text[] = {sign, (char)('0' + hours / 10),   (char)('0' + hours % 10),
                         ':',  (char)('0' + minutes / 10), (char)('0' + minutes % 10),
                         '\0'};
    memcpy(zone, text, sizeof text);
    return 1;
}

static void set_epoch(struct matcher *m, int64_t seconds)
{
    struct datematch_parts *p = m->out;
    int64_t days = seconds / 86400, rest = seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    if (calendar_from_days(days, &p->year, &p->month, &p->day) != 0)
        p->month = 0;
    p->has_time = 1;
    p->hour = (int)(rest / 3600);
    p->minute = (int)(rest / 60 % 60);
    p->second = (int)(rest % 60);
    memcpy(p->zone, "Z", 2);
}

static int take_epoch(struct matcher *m, int64_t per_second)
{
    int negative = m->at < m->end && *m->at == '-';
    int64_t value;
    m->at += negative;
    if (take_number(m, DATEFORMAT_EPOCH_DIGITS, &value) == 0)
        return 0;
    if (negative)
        value = -value;
    int64_t seconds = value / per_second, part = value % per_second;
    if (part < 0) {
        part += per_second;
        seconds--;
    }
    if (part > 0) {
        char *room = m->out->fraction_room;
        room[0] = (char)('0' + part / 100);
        room[1] = (char)('0' + part / 10 % 10);
        room[2] = (char)('0' + part % 10);
        m->out->fraction = room;
        m->out->fraction_len = 3;
    }
    set_epoch(m, seconds);
    return 1;
}

static int take_digits_item(struct matcher *m, const struct dateformat_item *item)
{
    struct datematch_parts *p = m->out;
    const char *start = m->at;
    int64_t value;
    size_t n = take_number(m, item->max, &value);
    if (n < item->min)
        return 0;
    switch (item->kind) {
    case KIND_YEAR:
        p->year = (int)value;
        break;
    case KIND_SHORT_YEAR:
        p->year = (int)value + (value < m->pivot ? 2000 : 1900);
        break;
    case KIND_MONTH:
        p->month = (int)value;
        break;
    case KIND_DAY:
        p->day = (int)value;
        break;
    case KIND_HOUR:
        p->hour = (int)value;
        p->has_time = 1;
        break;
    case KIND_MINUTE:
        p->minute = (int)value;
        break;
    case KIND_SECOND:
        p->second = (int)value;
        break;
    default:
        p->fraction = start;
        p->fraction_len = n;
    }
    return 1;
}

static int take_item(struct matcher *m, const struct dateformat_item *item)
{
    switch (item->kind) {
    case KIND_LITERAL:
        return m->at < m->end && *m->at++ == item->literal;
    case KIND_T_OR_BLANK:
        return m->at < m->end && (*m->at == 'T' || *m->at == 't' || *m->at == ' ') && m->at++;
    case KIND_MONTH_NAME:
        return take_month_name(m);
    case KIND_ZONE:
        return take_zone(m);
    case KIND_EPOCH_SECONDS:
        return take_epoch(m, 1);
    case KIND_EPOCH_MILLIS:
        return take_epoch(m, 1000);
    default:
        return take_digits_item(m, item);
    }
}

enum datematch_result datematch_text(const struct dateformat *format, const char *text, size_t len,
                                     int pivot, struct datematch_parts *out)
{
    struct matcher m = {text, text + len, pivot, out};
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < format->n; i++)
        if (!take_item(&m, &format->items[i]))
            return DATEMATCH_OTHER;
    if (m.at != m.end)
        return DATEMATCH_OTHER;
    int possible = calendar_has_day(out->year, out->month, out->day) && out->hour <= 23 &&
                   out->minute <= 59 && out->second <= 59;
    return possible ? DATEMATCH_OK : DATEMATCH_IMPOSSIBLE;
}

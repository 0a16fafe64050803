/*
 * date.c - the transforms "date" and "datetime": texts of declared formats to ISO 8601.
 *
 * Nothing is guessed: two formats that would read one text in two ways are refused when the
 * project is read, and a text is read by the first format whose form it has.
 */
#include <string.h>

#include "common/keep.h"
#include "common/say.h"
#include "datematch.h"
#include "transform.h"
#include "units.h"

#define MAX_FORMATS 32
/* "YYYY-MM-DDTHH:mm:ss.fffffffff+hh:mm" and more than enough. */
#define ROOM 64

enum time_rule { TIME_KEEP, TIME_REFUSE, TIME_CUT, TIME_ALWAYS };

struct date {
    const mig_host_t *host;
    struct dateformat *formats;
    size_t n;
    int pivot;
    enum time_rule time;
    int null_on_bad;
    char zone[8]; /* for values that have none; empty: they stay without */
};

/* ---- create --------------------------------------------------------------------------- */

static int32_t fault(const struct date *d, const mig_value_t *format, const char *why)
{
    return say_fail(d->host, MIG_E_CONFIG,
                    "elements are YYYY YY MM M DD D HH H mm ss SSS Z MMM, whole formats iso, "
                    "epoch_seconds and epoch_millis",
                    "date format \"%.*s\": %s", (int)format->len, format->data, why);
}

static int32_t add_format(struct date *d, const mig_value_t *list, uint32_t declared)
{
    const mig_value_t *format = &list[declared];
    const char *why;
    struct dateformat *added = &d->formats[d->n];
    size_t n = dateformat_compile(format->data, format->len, added, &why);
    if (n == 0)
        return fault(d, format, why);
    for (size_t i = 0; i < n; i++) {
        added[i].declared = declared;
        if (added[i].has_two_digit_year && d->pivot < 0)
            return fault(d, format, "a year of two digits needs the option \"pivot\"");
        for (size_t j = 0; j < d->n; j++)
            if (dateformat_conflict(&d->formats[j], &added[i]))
                return say_fail(d->host, MIG_E_CONFIG,
                                "leave one out, or migrate the records of each kind apart",
                                "the date formats \"%.*s\" and \"%.*s\" read one text in two ways",
                                (int)list[d->formats[j].declared].len,
                                list[d->formats[j].declared].data, (int)format->len, format->data);
    }
    d->n += n;
    return MIG_OK;
}

static int32_t add_formats(struct date *d)
{
    int32_t rc;
    uint32_t n;
    const mig_value_t *list = transform_option_list(d->host, "formats", &n, &rc);
    if (rc != MIG_OK)
        return rc;
    if (n == 0 || n > MAX_FORMATS)
        return say_fail(d->host, MIG_E_CONFIG, NULL, "\"formats\" must name 1 to %d formats",
                        MAX_FORMATS);
    d->formats = transform_new(d->host, n * DATEFORMAT_MAX_FORMS * sizeof *d->formats);
    for (uint32_t i = 0; i < n && rc == MIG_OK; i++)
        rc = add_format(d, list, i);
    return rc;
}

static int32_t set_zone(struct date *d)
{
    mig_str_t zone = transform_option_text(d->host, "zone");
    if (zone.len == 0)
        return MIG_OK;
    static const struct dateformat offset = {.items = {{KIND_ZONE, 0, 1, 6}}, .n = 1};
    struct datematch_parts parts;
    /* The day is missing, so that a right offset alone is "impossible", not of another form. */
    if (datematch_text(&offset, zone.data, zone.len, 0, &parts) == DATEMATCH_OTHER)
        return d->host->fail(d->host, MIG_E_CONFIG, "\"zone\" is no offset",
                             "give \"Z\" or an offset such as \"+02:00\"");
    memcpy(d->zone, parts.zone, sizeof d->zone);
    return MIG_OK;
}

static int32_t create(const mig_host_t *host, enum time_rule time, void **self)
{
    struct date *d = transform_new(host, sizeof *d);
    *self = d;
    d->host = host;
    d->pivot = (int)transform_option_int(host, "pivot", -1);
    d->time = time;
    d->null_on_bad = transform_option_is(host, "on_bad", "null");
    int32_t rc = add_formats(d);
    return rc != MIG_OK ? rc : set_zone(d);
}

static int32_t create_date(const mig_host_t *host, void **self)
{
    return create(host,
                  transform_option_is(host, "time", "refuse") ? TIME_REFUSE
                  : transform_option_is(host, "time", "cut")  ? TIME_CUT
                                                              : TIME_KEEP,
                  self);
}

static int32_t create_datetime(const mig_host_t *host, void **self)
{
    return create(host, TIME_ALWAYS, self);
}

/* ---- apply ---------------------------------------------------------------------------- */

static int is_midnight(const struct datematch_parts *p)
{
    for (size_t i = 0; i < p->fraction_len; i++)
        if (p->fraction[i] != '0')
            return 0;
    return p->hour == 0 && p->minute == 0 && p->second == 0;
}

/* `n` digits of a number that has no more. Not by printf(), which took a fifth of all
 * processor time where each record has two dates. */
static char *put_number(char *out, int value, int n)
{
    for (int i = n - 1; i >= 0; i--, value /= 10)
        out[i] = (char)('0' + value % 10);
    return out + n;
}

static char *put_text(char *out, const char *text, size_t len)
{
    memcpy(out, text, len);
    return out + len;
}

static char *put_time(char *out, const struct datematch_parts *p, const char *zone)
{
    *out++ = 'T';
    out = put_number(out, p->hour, 2);
    *out++ = ':';
    out = put_number(out, p->minute, 2);
    *out++ = ':';
    out = put_number(out, p->second, 2);
    if (p->fraction_len > 0) {
        *out++ = '.';
        out = put_text(out, p->fraction, p->fraction_len);
    }
    return put_text(out, zone, strlen(zone));
}

static int32_t write(const struct date *d, const struct datematch_parts *p, mig_value_t *out)
{
    char *text = d->host->alloc(d->host, ROOM), *end = put_number(text, p->year, 4);
    *end++ = '-';
    end = put_number(end, p->month, 2);
    *end++ = '-';
    end = put_number(end, p->day, 2);
    if (d->time == TIME_ALWAYS || (d->time == TIME_KEEP && p->has_time))
        end = put_time(end, p, p->zone[0] ? p->zone : d->zone);
    *out = (mig_value_t){text, (uint32_t)(end - text), MIG_TEXT};
    return MIG_OK;
}

static int32_t finish(const struct date *d, const struct datematch_parts *p, mig_value_t *out)
{
    int loses = p->has_time && !is_midnight(p);
    if (d->time == TIME_REFUSE && loses)
        return transform_reject(d->host, "precision",
                                "the value has a time of day, which a date "
                                "cannot hold");
    if (d->time == TIME_CUT && loses)
        d->host->repaired(d->host, NULL, "cut_time");
    return write(d, p, out);
}

static int32_t bad(const struct date *d, const char *reason, mig_value_t *out)
{
    if (!d->null_on_bad)
        return transform_reject(d->host, "bad_date", reason);
    d->host->repaired(d->host, NULL, "bad_date_to_null");
    *out = (mig_value_t){.kind = MIG_NULL};
    return MIG_OK;
}

static int32_t apply(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct date *d = self;
    int32_t rc;
    uint32_t takes = TRANSFORM_TAKES(MIG_TEXT) | TRANSFORM_TAKES(MIG_NUMBER);
    if (transform_settled(d->host, in, n_in, takes, out, &rc))
        return rc;
    for (size_t i = 0; i < d->n; i++) {
        struct datematch_parts parts;
        switch (datematch_text(&d->formats[i], in->data, in->len, d->pivot, &parts)) {
        case DATEMATCH_OK:
            return finish(d, &parts, out);
        case DATEMATCH_IMPOSSIBLE:
            return bad(d, "there is no such day or time of day in the calendar", out);
        default:
            break;
        }
    }
    return bad(d, "the text has none of the declared date formats", out);
}

/* ---- the units ------------------------------------------------------------------------ */

#define COMMON_OPTIONS                                                                             \
    {"formats", MIG_OPT_JSON, 0, "[\"iso\"]", NULL, "Date formats, tried in this order."},         \
        {"pivot", MIG_OPT_INT,                                                                     \
         0,       NULL,                                                                            \
         "0..99", "Years of two digits below it are 20xx, others 19xx; needed for YY."},           \
        {"zone", MIG_OPT_TEXT, 0,                                                                  \
         NULL,   NULL,         "Offset of times that have none: \"Z\" or \"+02:00\"."},            \
    {                                                                                              \
        "on_bad", MIG_OPT_TEXT, 0, "reject", "reject|null",                                        \
            "What becomes of a text that is no date; null is counted."                             \
    }

static const mig_option_t DATE_OPTIONS[] = {
    COMMON_OPTIONS,
    {"time", MIG_OPT_TEXT, 0, "keep", "keep|refuse|cut",
     "What becomes of a time of day: cut takes it off, counted."},
    TRANSFORM_NO_MORE_OPTIONS,
};

static const mig_option_t DATETIME_OPTIONS[] = {COMMON_OPTIONS, TRANSFORM_NO_MORE_OPTIONS};

TRANSFORM_UNIT(date_unit, "date", "Reads dates of declared formats; gives ISO 8601.", DATE_OPTIONS,
               create_date, transform_destroy_nothing, apply);
TRANSFORM_UNIT(date_time_unit, "datetime",
               "Reads times of declared formats; gives ISO 8601 with a time of day.",
               DATETIME_OPTIONS, create_datetime, transform_destroy_nothing, apply);

/* encode_time.c - date, time, timetz, timestamp and timestamptz fields.
 *
 * ISO 8601 forms only, so that no order of day and month is ever guessed:
 *     YYYY-MM-DD            years 4 to 7 digits, " BC" at the end, infinity, -infinity
 *     HH:MM[:SS[.ffffff]]   24:00 is the end of the day
 *     date and time with T or spaces between; a timestamp may be a date alone
 *     zone: Z, UTC, +HH, +HHMM, +HH:MM, +HH:MM:SS; no zone is taken as UTC
 * A column without time zone takes no offset but zero: PostgreSQL would drop it. The second 60
 * is refused: PostgreSQL would make the next minute of it. Zone names are refused: their
 * meaning depends on the zone data of the reader.
 */
#include "encode_field.h"

#define DAY_SECONDS INT64_C(86400)
#define MICROS INT64_C(1000000)
/* Bounds of the types, in days from 2000-01-01: from 4714-11-24 BC on, to before 5874898-01-01
 * (date) and before 294277-01-01 (timestamps). */
#define DAY_FIRST INT64_C(-2451545)
#define DATE_END INT64_C(2145031949)
#define TIMESTAMP_END_DAY INT64_C(106751983)
/* No form that is read here is longer; PostgreSQL has a limit of its own near 150. */
#define TEXT_MAX 64

static const struct encode_fault bad_date = {"bad_date",
                                             "the text is no date in the form YYYY-MM-DD", "22007"};
static const struct encode_fault no_such_date = {
    "bad_date", "there is no such date, or it is not in the form YYYY-MM-DD", "22008"};
static const struct encode_fault bad_time = {
    "bad_time", "the text is no time of day in the form HH:MM:SS", "22007"};
static const struct encode_fault no_such_time = {"bad_time", "there is no such time of day",
                                                 "22008"};
static const struct encode_fault date_range = {
    "out_of_range", "the date is out of the range of the column's type", "22008"};
static const struct encode_fault precision = {
    "precision", "the time has more digits of a second than the column keeps", "22008"};
static const struct encode_fault unknown_zone = {
    "unknown_zone", "the time zone is no offset such as +02:00 and not Z", "22023"};
static const struct encode_fault zone_range = {"unknown_zone", "there is no such time zone offset",
                                               "22009"};
static const struct encode_fault zone_lost = {
    "zone_lost", "the column has no time zone and would lose the offset of the value", "22008"};

struct moment {
    int64_t days;   /* from 2000-01-01 */
    int64_t micros; /* of the day */
    int64_t offset; /* seconds east of UTC */
};

/* Reads `n` digits, and nothing else. */
static int take_digits(struct encode_cursor *c, int n, int *v)
{
    if (c->end - c->p < n)
        return 0;
    *v = 0;
    for (int i = 0; i < n; i++, c->p++) {
        if (!encode_field_digit(*c->p))
            return 0;
        *v = *v * 10 + (*c->p - '0');
    }
    return 1;
}

static int take_spaces(struct encode_cursor *c)
{
    const char *from = c->p;
    while (c->p < c->end && *c->p == ' ')
        c->p++;
    return c->p > from;
}

static int take_sign(struct encode_cursor *c)
{
    if (c->p == c->end || (*c->p != '+' && *c->p != '-'))
        return 0;
    return *c->p++ == '-' ? -1 : 1;
}

/* Cuts " BC" off the end. */
static int take_bc(struct encode_cursor *c)
{
    if (c->end - c->p < 3 || c->end[-3] != ' ' || !encode_field_is(c->end - 2, c->end, "bc"))
        return 0;
    c->end -= 3;
    return 1;
}

/* Days from 2000-01-01. Years count from -4800 here, a multiple of 400 before every date that
 * the types hold, so that all divisions are of positive numbers. */
static int64_t day_number(int64_t year, int month, int day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t y = year + 4800;
    int leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return 365 * y + (y + 3) / 4 - (y + 99) / 100 + (y + 399) / 400 + before[month - 1] +
           (leap && month > 2) + day - 1 - 2483649;
}

static int days_of(int64_t year, int month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (leap && month == 2);
}

/* A text of digits and separators is a date that means something to somebody, such as
 * 31/13/2020; PostgreSQL answers to those with another SQLSTATE than to other text. */
static const struct encode_fault *date_fault(struct encode_cursor c)
{
    if (c.p == c.end || !encode_field_digit(*c.p))
        return &bad_date;
    for (; c.p < c.end; c.p++)
        if (!encode_field_digit(*c.p) && !strchr("-/.:+TZ ", *c.p))
            return &bad_date;
    return &no_such_date;
}

static const struct encode_fault *take_date(struct encode_cursor *c, int bc, int64_t *days)
{
    struct encode_cursor all = *c;
    int64_t year = 0;
    while (c->p < c->end && encode_field_digit(*c->p) && c->p - all.p < 7)
        year = year * 10 + (*c->p++ - '0');
    int month, day;
    if (c->p - all.p < 4 || !encode_field_take(c, '-') || !take_digits(c, 2, &month) ||
        !encode_field_take(c, '-') || !take_digits(c, 2, &day))
        return date_fault(all);
    if (year == 0 || month < 1 || month > 12)
        return &no_such_date;
    if (bc)
        year = 1 - year;
    if (day < 1 || day > days_of(year, month))
        return &no_such_date;
    if (year < -4800)
        return &date_range;
    *days = day_number(year, month, day);
    return NULL;
}

/* Digits behind the point, at most nine, which is what other systems give. */
static const struct encode_fault *take_fraction(struct encode_cursor *c, int32_t digits,
                                                int64_t *micros)
{
    int64_t v = 0;
    int n = 0, lost = 0;
    for (; c->p < c->end && encode_field_digit(*c->p) && n < 9; c->p++, n++) {
        if (n < 6)
            v = v * 10 + (*c->p - '0');
        lost |= n >= digits && *c->p != '0';
    }
    if (n == 0)
        return &bad_time;
    for (; n < 6; n++)
        v *= 10;
    *micros = v;
    return lost ? &precision : NULL;
}

static const struct encode_fault *take_time(struct encode_cursor *c, int32_t typmod,
                                            int64_t *micros)
{
    int hour, minute, second = 0;
    int64_t fraction = 0;
    if (!take_digits(c, 2, &hour) || !encode_field_take(c, ':') || !take_digits(c, 2, &minute))
        return &bad_time;
    if (encode_field_take(c, ':')) {
        if (!take_digits(c, 2, &second))
            return &bad_time;
        if (encode_field_take(c, '.')) {
            const struct encode_fault *fault =
                take_fraction(c, typmod >= 0 && typmod < 6 ? typmod : 6, &fraction);
            if (fault)
                return fault;
        }
    }
    *micros = ((hour * 60 + minute) * 60 + second) * MICROS + fraction;
    if (minute > 59 || second > 59 || *micros > DAY_SECONDS * MICROS)
        return &no_such_time;
    return NULL;
}

static const struct encode_fault *take_offset(struct encode_cursor *c, int sign, int64_t *offset)
{
    int hour, minute = 0, second = 0;
    if (!take_digits(c, 2, &hour))
        return &unknown_zone;
    if (encode_field_take(c, ':')) {
        if (!take_digits(c, 2, &minute) ||
            (encode_field_take(c, ':') && !take_digits(c, 2, &second)))
            return &unknown_zone;
    } else if (c->p < c->end && !take_digits(c, 2, &minute)) {
        return &unknown_zone;
    }
    if (hour > 15 || minute > 59 || second > 59)
        return &zone_range;
    *offset = sign * ((hour * 60 + minute) * 60 + second);
    return NULL;
}

/* The rest of the text is a zone, or nothing. */
static const struct encode_fault *take_zone(struct encode_cursor *c, int64_t *offset)
{
    *offset = 0;
    if (c->p == c->end)
        return NULL;
    take_spaces(c);
    int sign = take_sign(c);
    if (sign) {
        const struct encode_fault *fault = take_offset(c, sign, offset);
        return fault || c->p == c->end ? fault : &unknown_zone;
    }
    if (encode_field_is(c->p, c->end, "z") || encode_field_is(c->p, c->end, "utc"))
        return NULL;
    int letter = (*c->p | 0x20) >= 'a' && (*c->p | 0x20) <= 'z';
    return letter ? &unknown_zone : &bad_time;
}

static const struct encode_fault *read_timestamp(const struct encode_field *f, struct moment *m)
{
    struct encode_cursor c = encode_field_cursor(f);
    if (c.end - c.p > TEXT_MAX)
        return &bad_date;
    int bc = take_bc(&c);
    const struct encode_fault *fault = take_date(&c, bc, &m->days);
    if (fault)
        return fault;
    m->micros = m->offset = 0;
    if (c.p == c.end)
        return NULL;
    if (!encode_field_take(&c, 'T') && !take_spaces(&c))
        return &bad_date;
    fault = take_time(&c, f->type->typmod, &m->micros);
    return fault ? fault : take_zone(&c, &m->offset);
}

static int infinite(const struct encode_field *f, int *sign)
{
    struct encode_cursor c = encode_field_cursor(f);
    *sign = encode_field_take(&c, '-') ? -1 : 1;
    return encode_field_is(c.p, c.end, "infinity");
}

const struct encode_fault *encode_time_date(const struct encode_field *f, struct encode_buffer *out)
{
    struct encode_cursor c = encode_field_cursor(f);
    int64_t days;
    struct encode_cursor all = c;
    int bc = take_bc(&c), sign;
    const struct encode_fault *fault = take_date(&c, bc, &days);
    if (fault && infinite(f, &sign)) {
        encode_int32(out, sign < 0 ? INT32_MIN : INT32_MAX);
        return NULL;
    }
    if (fault)
        return fault;
    if (c.p != c.end)
        return date_fault(all);
    if (days < DAY_FIRST || days >= DATE_END)
        return &date_range;
    encode_int32(out, (int32_t)days);
    return NULL;
}

static const struct encode_fault *put_timestamp(const struct encode_field *f, int with_zone,
                                                struct encode_buffer *out)
{
    struct moment m;
    int sign;
    const struct encode_fault *fault = read_timestamp(f, &m);
    if (fault && infinite(f, &sign)) {
        encode_int64(out, sign < 0 ? INT64_MIN : INT64_MAX);
        return NULL;
    }
    if (fault)
        return fault;
    if (!with_zone && m.offset != 0)
        return &zone_lost;
    /* A day more on both sides: an offset can bring it back. */
    if (m.days < DAY_FIRST - 1 || m.days > TIMESTAMP_END_DAY)
        return &date_range;
    int64_t v = m.days * DAY_SECONDS * MICROS + m.micros - m.offset * MICROS;
    if (v < DAY_FIRST * DAY_SECONDS * MICROS || v >= TIMESTAMP_END_DAY * DAY_SECONDS * MICROS)
        return &date_range;
    encode_int64(out, v);
    return NULL;
}

const struct encode_fault *encode_time_timestamp(const struct encode_field *f,
                                                 struct encode_buffer *out)
{
    return put_timestamp(f, 0, out);
}

const struct encode_fault *encode_time_timestamptz(const struct encode_field *f,
                                                   struct encode_buffer *out)
{
    return put_timestamp(f, 1, out);
}

static const struct encode_fault *read_time(const struct encode_field *f, struct moment *m)
{
    struct encode_cursor c = encode_field_cursor(f);
    if (c.end - c.p > TEXT_MAX)
        return &bad_time;
    const struct encode_fault *fault = take_time(&c, f->type->typmod, &m->micros);
    return fault ? fault : take_zone(&c, &m->offset);
}

const struct encode_fault *encode_time_time(const struct encode_field *f, struct encode_buffer *out)
{
    struct moment m;
    const struct encode_fault *fault = read_time(f, &m);
    if (fault)
        return fault;
    if (m.offset != 0)
        return &zone_lost;
    encode_int64(out, m.micros);
    return NULL;
}

const struct encode_fault *encode_time_timetz(const struct encode_field *f,
                                              struct encode_buffer *out)
{
    struct moment m;
    const struct encode_fault *fault = read_time(f, &m);
    if (fault)
        return fault;
    encode_int64(out, m.micros);
    encode_int32(out, (int32_t)-m.offset); /* seconds west on the wire */
    return NULL;
}

/* encode_interval.c - interval fields: months, days and microseconds, three separate things.
 *
 * Two forms, as PostgreSQL writes them:
 *     1 year 2 mons -3 days +04:05:06.7    IntervalStyle postgres; also weeks to seconds by name
 *     P1Y2M-3DT4H5M6.7S                    ISO 8601
 * Fractions belong to seconds only, as a fraction of a month has no one meaning. A declared
 * field restriction (interval day to minute) refuses what PostgreSQL would cut off.
 */
#include "encode_field.h"

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

static const struct encode_fault bad_interval = {
    "bad_interval", "the text is no interval such as 1 day 02:03:04 or P1DT2H3M4S", "22007"};
static const struct encode_fault out_of_range = {
    "out_of_range", "the interval is out of the range of the type", "22008"};
static const struct encode_fault precision = {
    "precision", "the interval has parts that the column does not keep", "22008"};

/* Bits of the parts that a text has named; none may come twice. */
enum { YEARS = 1, MONTHS = 2, WEEKS = 4, DAYS = 8, HOURS = 16, MINUTES = 32, SECONDS = 64 };
#define CLOCK (HOURS | MINUTES | SECONDS)

struct interval {
    int64_t months, days, micros;
    int seen;
};

struct amount {
    int64_t whole, micros; /* both with the sign */
    int negative;          /* also where `whole` is 0, as in -00:30 */
    int fraction;          /* there was a point */
};

/* At most 9 digits, which is more than any part of a real interval has and below int32. */
static int take_digits(struct encode_cursor *c, int64_t *v)
{
    int n = 0;
    for (*v = 0; c->p < c->end && encode_field_digit(*c->p); c->p++, n++) {
        if (n == 9)
            return 0;
        *v = *v * 10 + (*c->p - '0');
    }
    return n;
}

/* Digits of a second: those beyond the sixth must be zeros. */
static int take_micros(struct encode_cursor *c, int64_t *micros)
{
    int64_t v, unit = SECOND;
    int n = take_digits(c, &v);
    for (int i = 0; i < n && i < 6; i++)
        unit /= 10;
    for (int i = 6; i < n; i++) {
        if (v % 10 != 0)
            return 0;
        v /= 10;
    }
    *micros = v * unit;
    return n > 0;
}

static int take_amount(struct encode_cursor *c, struct amount *a)
{
    a->negative = encode_field_take(c, '-');
    if (take_digits(c, &a->whole) == 0)
        return 0;
    a->micros = 0;
    a->fraction = encode_field_take(c, '.');
    if (a->fraction && !take_micros(c, &a->micros))
        return 0;
    if (a->negative) {
        a->whole = -a->whole;
        a->micros = -a->micros;
    }
    return 1;
}

/* No overflow: every part is below 10^9 and comes once. */
static int add_part(struct interval *v, int part, const struct amount *a)
{
    if ((v->seen & part) || (a->fraction && part != SECONDS))
        return 0;
    v->seen |= part;
    switch (part) {
    case YEARS:
        v->months += a->whole * 12;
        break;
    case MONTHS:
        v->months += a->whole;
        break;
    case WEEKS:
        v->days += a->whole * 7;
        break;
    case DAYS:
        v->days += a->whole;
        break;
    case HOURS:
        v->micros += a->whole * HOUR;
        break;
    case MINUTES:
        v->micros += a->whole * MINUTE;
        break;
    default:
        v->micros += a->whole * SECOND + a->micros;
    }
    return 1;
}

static int unit_part(const char *p, const char *end)
{
    static const struct {
        const char *name;
        int part;
    } units[] = {
        {"year", YEARS},   {"years", YEARS},   {"mon", MONTHS},     {"mons", MONTHS},
        {"month", MONTHS}, {"months", MONTHS}, {"week", WEEKS},     {"weeks", WEEKS},
        {"day", DAYS},     {"days", DAYS},     {"hour", HOURS},     {"hours", HOURS},
        {"min", MINUTES},  {"mins", MINUTES},  {"minute", MINUTES}, {"minutes", MINUTES},
        {"sec", SECONDS},  {"secs", SECONDS},  {"second", SECONDS}, {"seconds", SECONDS},
    };
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (encode_field_is(p, end, units[i].name))
            return units[i].part;
    return 0;
}

static int take_sixty(struct encode_cursor *c, int64_t *v)
{
    const char *from = c->p;
    return take_digits(c, v) && c->p - from <= 2 && *v < 60;
}

/* The rest of HH:MM[:SS[.f]], behind the hours, up to the end of the text. With a field
 * restriction PostgreSQL may read HH:MM as MM:SS; then only the long form is taken. */
static int take_clock(struct encode_cursor *c, struct interval *v, const struct amount *hours,
                      int restricted)
{
    int64_t minutes, seconds = 0, micros = 0;
    if ((v->seen & CLOCK) || hours->fraction || !take_sixty(c, &minutes))
        return 0;
    if (encode_field_take(c, ':')) {
        if (!take_sixty(c, &seconds) || (encode_field_take(c, '.') && !take_micros(c, &micros)))
            return 0;
    } else if (restricted) {
        return 0;
    }
    v->seen |= CLOCK;
    int64_t rest = minutes * MINUTE + seconds * SECOND + micros;
    v->micros += hours->whole * HOUR + (hours->negative ? -rest : rest);
    return c->p == c->end;
}

static int read_words(struct encode_cursor *c, struct interval *v, int restricted)
{
    while (c->p < c->end) {
        struct amount a;
        int plus = encode_field_take(c, '+'); /* in this form only */
        if (!take_amount(c, &a) || (plus && a.negative))
            return 0;
        if (encode_field_take(c, ':'))
            return take_clock(c, v, &a, restricted);
        if (!encode_field_take(c, ' '))
            return 0;
        const char *unit = c->p;
        while (c->p < c->end && *c->p != ' ')
            c->p++;
        int part = unit_part(unit, c->p);
        if (!part || !add_part(v, part, &a))
            return 0;
        if (c->p < c->end && (!encode_field_take(c, ' ') || c->p == c->end))
            return 0;
    }
    return v->seen != 0;
}

/* ISO 8601 behind the P: parts in order, each at most once. */
static int read_iso(struct encode_cursor *c, struct interval *v)
{
    static const char date_units[] = "YMWD", time_units[] = "HMS";
    const char *units = date_units;
    int first = YEARS, clock = 0;
    while (c->p < c->end) {
        if (!clock && encode_field_take(c, 'T')) {
            units = time_units;
            first = HOURS;
            clock = 1;
        }
        struct amount a;
        if (!take_amount(c, &a) || c->p == c->end)
            return 0;
        const char *unit = strchr(units, *c->p);
        if (!unit || !*unit || !add_part(v, first << (unit - units), &a))
            return 0;
        first <<= unit - units + 1;
        units = unit + 1;
        c->p++;
    }
    return v->seen != 0;
}

/* Bits of the field restriction in the upper half of typmod (utils/timestamp.h). */
enum { FIELD_MONTH = 1 << 1, FIELD_YEAR = 1 << 2, FIELD_DAY = 1 << 3 };
enum { FIELD_HOUR = 1 << 10, FIELD_MINUTE = 1 << 11, FIELD_SECOND = 1 << 12, FIELD_ALL = 0x7fff };
#define PRECISION_FULL 0xffff

/* Whether the smallest declared field, and so the column, keeps the whole value. */
static int kept(const struct interval *v, int fields, int digits)
{
    int64_t unit = 1;
    if (fields != FIELD_ALL && !(fields & FIELD_SECOND)) {
        if (!(fields & (FIELD_MINUTE | FIELD_HOUR)))
            return v->micros == 0 && ((fields & FIELD_DAY) || v->days == 0) &&
                   ((fields & (FIELD_DAY | FIELD_MONTH)) || v->months % 12 == 0);
        unit = fields & FIELD_MINUTE ? MINUTE : HOUR;
    }
    for (int i = digits; unit < SECOND && i < 6; i++)
        unit *= 10;
    return v->micros % unit == 0;
}

const struct encode_fault *encode_interval_interval(const struct encode_field *f,
                                                    struct encode_buffer *out)
{
    struct encode_cursor c = encode_field_cursor(f);
    uint32_t typmod = (uint32_t)f->type->typmod;
    int declared = f->type->typmod >= 0;
    int fields = declared ? (int)(typmod >> 16 & FIELD_ALL) : FIELD_ALL;
    int digits = declared ? (int)(typmod & PRECISION_FULL) : PRECISION_FULL;
    struct interval v = {0, 0, 0, 0};
    if (!(encode_field_take(&c, 'P') ? read_iso(&c, &v) : read_words(&c, &v, fields != FIELD_ALL)))
        return &bad_interval;
    if (v.months < INT32_MIN || v.months > INT32_MAX || v.days < INT32_MIN || v.days > INT32_MAX)
        return &out_of_range;
    if (!kept(&v, fields, digits))
        return &precision;
    encode_int64(out, v.micros);
    encode_int32(out, (int32_t)v.days);
    encode_int32(out, (int32_t)v.months);
    return NULL;
}

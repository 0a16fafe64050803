/* digits.h - decimal numbers as digits: read, rounded and written without ever becoming a
 * double. Pure; the caller gives the memory. */
#ifndef MIGHOST_TRANSFORMS_DIGITS_H
#define MIGHOST_TRANSFORMS_DIGITS_H

#include <mighost/plugin.h>

/* The limits of PostgreSQL's numeric: digits before and after the point. */
#define DIGITS_MAX_WHOLE 131072
#define DIGITS_MAX_FRACTION 16383

/* 0.DIGITS times ten to the `point`. */
struct digits {
    char *data; /* '0'..'9'; one byte in front of it is free, for a carry */
    size_t n;
    int64_t point;
    int negative;
};

struct digits_format {
    mig_str_t decimal;   /* the separator; never empty */
    mig_str_t thousands; /* empty: none */
};

enum digits_result { DIGITS_OK, DIGITS_BAD, DIGITS_TOO_LARGE };
enum digits_mode { DIGITS_HALF_UP, DIGITS_HALF_EVEN, DIGITS_DOWN };

/* `room` holds text.len + 1 bytes. Sign, digits in groups of three where there are thousands
 * separators, fraction, exponent. No white space. */
enum digits_result digits_read(mig_str_t text, const struct digits_format *format, char *room,
                               struct digits *out);
/* 1 when there is something else than zeros behind the point. */
int digits_has_fraction(const struct digits *d);
/* At most `scale` digits behind the point. 1 when the value changed. HALF_UP is away from
 * zero, as PostgreSQL rounds numeric. */
int digits_round(struct digits *d, int64_t scale, enum digits_mode mode);
/* Bytes that digits_write() needs. */
size_t digits_size(const struct digits *d);
/* As PostgreSQL and JSON take it: "-12.50". Zero has no sign. Returns the length. */
size_t digits_write(const struct digits *d, char *out);

#endif

/* dateformat.h - declared date formats: compiled once, matched against texts. Pure.
 *
 * Elements: YYYY YY MM M DD D HH H mm ss SSS (fraction, 1 to 9 digits) Z (offset) MMM (English
 * month, three letters); [text] and all but letters stand for themselves, T too. A whole
 * format may be iso, epoch_seconds or epoch_millis. */
#ifndef MIGHOST_TRANSFORMS_DATEFORMAT_H
#define MIGHOST_TRANSFORMS_DATEFORMAT_H

#include <stddef.h>
#include <stdint.h>

#define DATEFORMAT_MAX_ITEMS 40
#define DATEFORMAT_EPOCH_DIGITS 15

enum { /* kinds of items */
       KIND_LITERAL = 'l',
       KIND_T_OR_BLANK = 't',
       KIND_YEAR = 'Y',
       KIND_SHORT_YEAR = 'y',
       KIND_MONTH = 'M',
       KIND_MONTH_NAME = 'b',
       KIND_DAY = 'D',
       KIND_HOUR = 'H',
       KIND_MINUTE = 'm',
       KIND_SECOND = 's',
       KIND_FRACTION = 'f',
       KIND_ZONE = 'Z',
       KIND_EPOCH_SECONDS = 'E',
       KIND_EPOCH_MILLIS = 'e',
};

struct dateformat_item {
    char kind;
    char literal; /* of KIND_LITERAL */
    uint8_t min, max;
};

struct dateformat {
    struct dateformat_item items[DATEFORMAT_MAX_ITEMS];
    size_t n;
    int has_year, has_month, has_day, has_hour, has_part_of_hour, has_two_digit_year;
    size_t declared; /* number of the declared format that this one came from */
};

/* Compiles one declared format to one or more (iso has several forms). Returns how many, 0 and
 * a static `fault` when it is no format. `out` has room for DATEFORMAT_MAX_FORMS. */
#define DATEFORMAT_MAX_FORMS 8
size_t dateformat_compile(const char *text, size_t len, struct dateformat *out, const char **fault);
/* 1 when a text may fit both and would mean something else in each. */
int dateformat_conflict(const struct dateformat *a, const struct dateformat *b);

#endif

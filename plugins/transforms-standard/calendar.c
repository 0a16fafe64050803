/*
 * calendar.c - which days there are, and the day behind a number of days.
 *
 * The Gregorian rule is applied to all years, as ISO 8601 and PostgreSQL do.
 */
#include "calendar.h"

#define DAYS_TO_1970 719162 /* from 0001-01-01 */
#define DAYS_TO_10000 3652059
#define DAYS_IN_400_YEARS 146097
#define DAYS_IN_100_YEARS 36524
#define DAYS_IN_4_YEARS 1461

static int is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

int calendar_has_day(int year, int month, int day)
{
    return year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 &&
           day <= days_in_month(year, month);
}

int calendar_from_days(int64_t days, int *year, int *month, int *day)
{
    if (days < -DAYS_TO_1970 || days >= DAYS_TO_10000 - DAYS_TO_1970)
        return -1;
    int left = (int)days + DAYS_TO_1970;
    int y = 1 + left / DAYS_IN_400_YEARS * 400;
    left %= DAYS_IN_400_YEARS;
    /* The last century of four and the last year of four are a day longer. */
    int centuries = left / DAYS_IN_100_YEARS < 4 ? left / DAYS_IN_100_YEARS : 3;
    left -= centuries * DAYS_IN_100_YEARS;
    y += centuries * 100 + left / DAYS_IN_4_YEARS * 4;
    left %= DAYS_IN_4_YEARS;
    int years = left / 365 < 4 ? left / 365 : 3;
    left -= years * 365;
    *year = y + years;
    *month = 1;
    for (; left >= days_in_month(*year, *month); (*month)++)
        left -= days_in_month(*year, *month);
    *day = left + 1;
    return 0;
}

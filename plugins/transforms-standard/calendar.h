/* calendar.h - the Gregorian calendar, years 1 to 9999. Pure. */
#ifndef MIGHOST_TRANSFORMS_CALENDAR_H
#define MIGHOST_TRANSFORMS_CALENDAR_H

#include <stdint.h>

/* 1 when there is such a day. */
int calendar_has_day(int year, int month, int day);
/* The day that is `days` after 1970-01-01. 0, or -1 when its year is out of range. */
int calendar_from_days(int64_t days, int *year, int *month, int *day);

#endif

/* datematch.h - a text against a compiled date format. Pure. */
#ifndef MIGHOST_TRANSFORMS_DATEMATCH_H
#define MIGHOST_TRANSFORMS_DATEMATCH_H

#include "dateformat.h"

struct datematch_parts {
    int year, month, day;
    int has_time, hour, minute, second;
    const char *fraction; /* digits, borrowed from the text or from fraction_room */
    size_t fraction_len;
    char zone[8]; /* "Z", "+02:00" or empty */
    char fraction_room[10];
};

enum datematch_result {
    DATEMATCH_OK,
    DATEMATCH_OTHER,     /* the text does not have this form */
    DATEMATCH_IMPOSSIBLE /* it has the form, but there is no such day or time */
};
/* Two-digit years below `pivot` are 20xx, others 19xx. */
enum datematch_result datematch_text(const struct dateformat *format, const char *text, size_t len,
                                     int pivot, struct datematch_parts *out);

#endif

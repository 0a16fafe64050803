/* slow.c - the slowest statements of the process, longest first, for the report. */
#include "slow.h"

#include <stdio.h>
#include <string.h>

#include "str.h"

static struct slow_statement list[SLOW_MOST];

void slow_note(const char *sql, int64_t ms)
{
    double seconds = (double)ms / 1000.0;
    size_t i = SLOW_MOST;
    while (i > 0 && list[i - 1].seconds < seconds)
        i--;
    if (i == SLOW_MOST)
        return;
    memmove(&list[i + 1], &list[i], (SLOW_MOST - 1 - i) * sizeof *list);
    list[i].seconds = seconds;
    snprintf(list[i].sql, sizeof list[i].sql, "%s", sql);
    size_t n = strlen(list[i].sql); /* cut text ends with a whole character */
    while (n && !str_utf8_ok(list[i].sql, n))
        list[i].sql[--n] = '\0';
}

const struct slow_statement *slow_list(void)
{
    return list;
}

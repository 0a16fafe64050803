/* slow.h - the slowest statements of the process, for the report. Leaf. [main] */
#ifndef MIGHOST_SLOW_H
#define MIGHOST_SLOW_H

#include <stdint.h>

#define SLOW_MOST 10

struct slow_statement {
    double seconds; /* 0: unused */
    char sql[300];  /* cut; names only: values travel as parameters or by COPY */
};

void slow_note(const char *sql, int64_t ms);
/* SLOW_MOST of them, longest first. */
const struct slow_statement *slow_list(void);

#endif

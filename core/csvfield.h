/* csvfield.h - a field of a CSV file that people open: quoted, and no formula to a spreadsheet.
 * Pure. */
#ifndef MIGHOST_CSVFIELD_H
#define MIGHOST_CSVFIELD_H

#include "str.h"

/* Appends the field and `end`: "," or the end of the line. */
void csvfield_add(const char *text, const char *end, struct str *line);

#endif

/* statustext.h - the state of runs, see statusdoc.h, in words. All append. Pure. */
#ifndef MIGHOST_STATUSTEXT_H
#define MIGHOST_STATUSTEXT_H

#include "str.h"

struct json_t;

/* All runs, newest first, the current one with where it is. */
void statustext_all(const struct json_t *doc, struct str *out);
/* The current one on a screen that is drawn again and again. */
void statustext_screen(const struct json_t *doc, const struct json_t *run, struct str *out);
/* The same in one line. */
void statustext_line(const struct json_t *doc, const struct json_t *run, struct str *out);
/* Its row in the list of all; NULL: it is not there. */
const struct json_t *statustext_row(const struct json_t *doc, const char *number);
/* Something of the run is left to do for a process that has it. */
int statustext_is_unfinished(const struct json_t *run);

#endif

/* scan.h - are any of these texts in a file? All are looked for in one pass, also as JSON, CSV and
 * HTML write them. Leaf but for str.h. */
#ifndef MIGHOST_SCAN_H
#define MIGHOST_SCAN_H

#include <stddef.h>

struct scan;

struct scan *scan_new(void);
void scan_free(struct scan *s);
/* Looks for `text` from here on; `what` names it in messages, without its value. Left out: what is
 * there already, and what could stand anywhere by chance: under 8 bytes, or letters alone, or
 * digits alone, unless `surely`, which asks for 4 bytes. */
void scan_add(struct scan *s, const char *what, const char *text, size_t n, int surely);
size_t scan_count(const struct scan *s);
/* `*what` of the first text that the open file holds from its beginning on, or NULL. -1 with errno.
 */
int scan_fd(const struct scan *s, int fd, const char **what);

#endif

/* buf.h - a growing byte buffer with a stated maximum, for plugins. Bytes, not text: it is not
 * NUL-terminated. One that is all zero is empty and ready but for `max`. */
#ifndef MIGHOST_PLUGINS_BUF_H
#define MIGHOST_PLUGINS_BUF_H

#include <stddef.h>

struct buf {
    char *data; /* owned */
    size_t len, capacity;
    size_t max; /* bytes; what would go over it is refused */
};

void buf_init(struct buf *b, size_t max);
void buf_clear(struct buf *b); /* frees; the maximum stays */
/* Makes room for `total` bytes in all, so that pointers stay until more is asked for.
 * 0, or -1 when it is over the maximum or memory is out: the content stays as it was. */
int buf_reserve(struct buf *b, size_t total);
int buf_add(struct buf *b, const char *data, size_t n);
int buf_add_text(struct buf *b, const char *text);
int buf_add_char(struct buf *b, char c);

#endif

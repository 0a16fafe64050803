/* decode.h - the text of a file as UTF-8, in a window that moves forward. */
#ifndef MIGHOST_SOURCE_CSV_DECODE_H
#define MIGHOST_SOURCE_CSV_DECODE_H

#include <iconv.h>

#include "common/input.h"

/* What cannot be decoded becomes this byte, which is in no UTF-8 text: whoever checks a record
 * finds it. */
#define DECODE_BAD '\xff'

struct decode {
    struct input *in; /* borrowed */
    iconv_t converter;
    int converts; /* 0: the file is UTF-8 */
    size_t unit;  /* bytes of a character that cannot be decoded */
    char *data;   /* owned; [begin, end) is the text; the owner moves `begin` */
    size_t begin, end, capacity;
    uint64_t piece;  /* where in the file the last piece of the text began */
    size_t piece_at; /* and where in `data` */
};

void decode_init(struct decode *d, struct input *in);
void decode_clear(struct decode *d);

/* Begins with the file's first byte. `encoding` is the option's value; a byte order mark decides
 * where it is "auto", is passed over where it agrees and refused where it does not. 0 or negative,
 * said to the host. */
int32_t decode_begin(struct decode *d, const char *encoding);
/* More text behind `end`, what is between begin and end stays: MIG_OK, MIG_END or negative. */
int32_t decode_more(struct decode *d);
/* Where `begin` is: a place in the file, and how many bytes of text behind it. Right while the
 * text from `begin` on is of the last piece. */
void decode_place(const struct decode *d, uint64_t *piece, uint64_t *skip);
/* Goes there, behind decode_begin(). MIG_END: the file has no such place. */
int32_t decode_go(struct decode *d, uint64_t piece, uint64_t skip);

#endif

/* scan.h - where the fields of one CSV record begin and end (RFC 4180).
 *
 * Nothing is copied or decoded: a record may come in pieces, and each feed goes on where the last
 * one stopped. A line ends with LF, CR or CR LF; inside of quotes these are text. */
#ifndef MIGHOST_SOURCE_CSV_SCAN_H
#define MIGHOST_SOURCE_CSV_SCAN_H

#include <stddef.h>
#include <stdint.h>

#define SCAN_FIELDS ((size_t)16384) /* fields of a record that are kept, at most */

struct scan_field {
    size_t from, len; /* bytes of the record, between the quotes where it has some */
    uint8_t quoted;
    uint8_t doubled; /* a quote in it is written twice */
};

enum scan_state {
    SCAN_FIELD,  /* a field begins */
    SCAN_PLAIN,  /* inside a field without quotes */
    SCAN_QUOTED, /* inside quotes */
    SCAN_CLOSED, /* behind a quote that closes the field, unless another one follows */
    SCAN_BEHIND, /* behind the closing quote, where nothing should be */
    SCAN_CR      /* the record has ended, a LF may still belong to it */
};

struct scan {
    char delimiter, quote; /* quote '\0': there is none */
    uint8_t stops[256];    /* bytes that mean something, by state */

    struct scan_field *fields; /* owned; of the record, up to `most` */
    size_t capacity, most;

    /* The record so far; all but `fields` is right for one that was dropped, too. */
    size_t at;         /* bytes looked at; when it has ended: with its line end */
    size_t len;        /* when it has ended: without its line end */
    size_t n_fields;   /* also those over `most` */
    uint64_t lines;    /* that ended in it */
    uint64_t quote_in; /* `lines` when the last quoted field began */
    enum scan_state state;
    unsigned char last; /* byte before `at` inside quotes */
    uint8_t bad_quote;  /* a quote stands where none may be */
    uint8_t dropped;
};

enum scan_result {
    SCAN_MORE,  /* all bytes belong to the record so far */
    SCAN_ENDED, /* at s->at */
    SCAN_NONE,  /* the text ended, and no record had begun */
    SCAN_OPEN,  /* the text ended inside of quotes */
    SCAN_NOMEM
};

void scan_init(struct scan *s, char delimiter, char quote);
void scan_clear(struct scan *s);
void scan_begin(struct scan *s, size_t most);
/* `text` is the record from its begin on; `last`: nothing follows it. */
enum scan_result scan_feed(struct scan *s, const char *text, size_t len, int last);
/* The caller gives up the bytes so far: the record's end is looked for only, and the next feed
 * begins with the byte behind them. */
void scan_drop(struct scan *s);
/* The text of a `doubled` field, each quote once; `out` has room for its len. Returns the length.
 */
size_t scan_unquote(const struct scan *s, const struct scan_field *field, const char *record,
                    char *out);

#endif

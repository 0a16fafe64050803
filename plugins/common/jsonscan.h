/* jsonscan.h - finds where JSON values begin and end, without parsing or copying them.
 *
 * It is not a validator: it follows strings, brackets and commas only. Text that has to be
 * right goes through jansson; what is gained here are the source's own bytes (jansson turns
 * numbers into doubles and 64-bit integers), and a stream cut into records at memory speed. */
#ifndef MIGHOST_PLUGINS_JSONSCAN_H
#define MIGHOST_PLUGINS_JSONSCAN_H

#include <stddef.h>
#include <stdint.h>

/* Brackets are matched by kind up to this depth (jansson refuses deeper text), beyond it they
 * are only counted, so that the end of a value is found whatever its depth. */
#define JSONSCAN_DEPTH 2048U

/* A walk over one value that may come in pieces. Begin with jsonscan_begin(). */
struct jsonscan {
    size_t depth;                         /* open brackets */
    size_t nodes;                         /* brackets opened and commas inside: a count of values */
    size_t parts;                         /* brackets and strings that closed outside of others:
                                             more than one, and garbage is behind the value */
    uint8_t in_string, escaped;           /* the next byte is inside a string, behind a backslash */
    uint64_t kinds[JSONSCAN_DEPTH / 64U]; /* one bit per open bracket: 1 = object */
};

enum jsonscan_result {
    JSONSCAN_MORE,  /* all bytes belong to the value so far */
    JSONSCAN_END,   /* the value ends before p[used]: a comma or a closing bracket not its own */
    JSONSCAN_BROKEN /* p[used] closes a bracket of the other kind */
};

void jsonscan_begin(struct jsonscan *s);
/* Goes on with n bytes. What is no bracket, string or comma, white space too, is passed over
 * as part of the value. `used`: bytes that belong to it. */
enum jsonscan_result jsonscan_feed(struct jsonscan *s, const char *p, size_t n, size_t *used);
/* At the end of the text: 1 when no string or bracket is open. */
int jsonscan_closed(const struct jsonscan *s);

struct jsonscan_slice {
    const char *data;
    size_t len;
};

/* A walk over the members of one object that is in memory, not below its first level. */
struct jsonscan_walk {
    const char *at, *end;
    int first;
};

struct jsonscan_member {
    struct jsonscan_slice key;   /* between the quotes, still escaped */
    struct jsonscan_slice value; /* without white space around it */
};

/* `text` begins with '{' and may reach beyond the object's end. */
void jsonscan_walk(struct jsonscan_walk *w, const char *text, size_t len);
/* 1: a member; 0: the object ended, w->at is behind its '}'; -1: cut or no object. */
int jsonscan_next(struct jsonscan_walk *w, struct jsonscan_member *m);

/* The value at a dotted path ("address.city", "lines.0.price"; a number selects from an
 * array, from 0) of a valid JSON text. 1, or 0 when there is none. A name that holds a dot
 * cannot be named. */
int jsonscan_path(const char *text, size_t len, const char *path, size_t path_len,
                  struct jsonscan_slice *out);

/* From inside a string to behind its closing quote, or NULL when that is not there. */
const char *jsonscan_string(const char *at, const char *end);
const char *jsonscan_blank(const char *p, const char *end); /* behind JSON white space */
struct jsonscan_slice jsonscan_trim(const char *text, size_t len);

#endif

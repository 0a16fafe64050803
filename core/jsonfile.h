/* jsonfile.h - JSON text as a tree that knows where each value stands. jansson decides what is
 * JSON; the tree keeps what jansson does not: places, member order, digits of numbers. Leaf. */
#ifndef MIGHOST_JSONFILE_H
#define MIGHOST_JSONFILE_H

#include <stddef.h>

#include "arena.h"
#include "status.h"
#include "str.h"

/* Larger texts are refused: the tree takes some 70 times the size of the worst text. */
#define JSONFILE_MAX ((size_t)4 << 20)
/* Further faults are dropped: nobody reads more, and a hostile file could hold a million. */
#define JSONFILE_MAX_FAULTS 100

enum jsonfile_kind {
    JSONFILE_NULL,
    JSONFILE_BOOL,
    JSONFILE_NUMBER,
    JSONFILE_STRING,
    JSONFILE_ARRAY,
    JSONFILE_OBJECT
};

struct jsonfile_node {
    enum jsonfile_kind kind;
    const char *key;  /* of a member, decoded; else NULL */
    const char *text; /* of a string, decoded; else NULL */
    const char *raw;  /* the value as written, in the file's text; not NUL-terminated */
    size_t raw_len;
    const char *place; /* of the key, or of the value where there is none */
    struct jsonfile_node *first, *next;
    size_t n; /* elements or members */
};

struct jsonfile {
    struct arena *mem; /* borrowed */
    const char *name;  /* for messages; "" leaves out name and place */
    const char *text;  /* without byte order mark */
    size_t len;        /* of the text */
    struct jsonfile_node *root;
    const struct jsonfile *next; /* whose nodes stand in this tree, too, see jsonfile_add() */
};

/* Copies and parses `text`; the tree lives in `mem`. Bad UTF-8, bad syntax (both the first only)
 * and duplicate keys (all) are faults of STATUS_CONFIG. 0 or STATUS_CONFIG; after duplicates
 * `file->root` is set all the same, so that further faults can be looked for. */
int jsonfile_parse(struct jsonfile *file, const char *name, const char *text, size_t n,
                   struct arena *mem, struct faults *faults);
/* 1 when there is nothing but space and perhaps a byte order mark. */
int jsonfile_blank(const char *text, size_t n);

/* Nodes of `other`, which lives as long, are put into the tree of `file`: faults in them are told
 * with their own file. */
void jsonfile_add(struct jsonfile *file, struct jsonfile *other);

const struct jsonfile_node *jsonfile_get(const struct jsonfile_node *object, const char *key);
/* "an object", "a string", ... */
const char *jsonfile_kind_name(const struct jsonfile_node *node);
/* 1 for digits with or without a minus sign: 1e9 and 1.0 are no integers. */
int jsonfile_is_integer(const struct jsonfile_node *node);

/* Line and column in the file of that place, from 1, the column in characters. */
void jsonfile_where(const struct jsonfile *file, const char *place, size_t *line, size_t *column);
/* Adds a fault "name:line:column: text". `fix` may be NULL. */
void jsonfile_fault(const struct jsonfile *file, const char *place, struct faults *faults,
                    const char *fix, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Appends the value without spaces; order and digits as written. `replace` may be NULL; it gives
 * the text that takes a string's place, or NULL to leave it. */
void jsonfile_compact(struct str *out, const struct jsonfile_node *node,
                      const char *(*replace)(void *ctx, const struct jsonfile_node *node),
                      void *ctx);
/* Appends a JSON string with its quotes; `text` is UTF-8. */
void jsonfile_quote(struct str *out, const char *text);

#endif

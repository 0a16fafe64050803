/* fields.h - the names of fields: which are asked for, which were met. */
#ifndef MIGHOST_PLUGINS_FIELDS_H
#define MIGHOST_PLUGINS_FIELDS_H

#include "common/buf.h"
#include "common/jsonscan.h"
#include "common/jsontext.h"
#include "common/say.h"

#define FIELDS_UNREAD 2000U /* names that nobody reads and that are remembered, at most */
#define FIELDS_TOLD 200U    /* of them, those that are told in the log */
#define FIELDS_GUESSES 64U

struct field {
    char *name; /* owned */
    size_t len;
    int32_t number; /* place in the record; -1: nobody reads it */
    int32_t twin;   /* place of the same name asked for before, -1: none */
    int plain;      /* no backslash in it: equal to a key's raw text means the same name */
    int seen;
    uint64_t last;   /* number of the last record with a value in it; of those that nobody reads */
    uint64_t filled; /* records with a value in it since fields_unread() */
};

/* Records of one entity mostly have the same members in the same order: `guesses` remembers
 * what stood at each place and makes the look-up one comparison. */
struct fields {
    const mig_host_t *host; /* borrowed */
    struct field *items;    /* the asked for ones first, in their order; owned */
    size_t n, n_wanted;
    uint32_t *slots; /* hash table of item numbers + 1, 0 = empty; owned */
    size_t n_slots;  /* a power of two, at least twice the items */
    struct field *guesses[FIELDS_GUESSES];
    struct buf key;      /* an unescaped key */
    uint64_t number;     /* of the record that fields_take() took last */
    struct field others; /* all for which there is no room in `items`; has no name */
};

void fields_init(struct fields *f, const mig_host_t *host);
void fields_clear(struct fields *f);
/* 0 or negative, said to the host. */
int32_t fields_set(struct fields *f, const char *const *names, uint32_t n);

/* Fills raw[n_wanted] with the values of the object that begins at `text`, absent ones with
 * NULL data. Gives the place behind the object, NULL when it is cut or no object. */
const char *fields_take(struct fields *f, const char *text, size_t len, struct jsonscan_slice *raw);
/* The record that fields_take() took last is good: its values count. */
void fields_count(struct fields *f);
/* As mig_source_ops_t.unread. */
int32_t fields_unread(struct fields *f, void *ctx,
                      int32_t (*field)(void *ctx, mig_str_t name, uint64_t filled));
/* Warns of each field that was asked for and met in no record. */
void fields_warn(const struct fields *f, const char *entity);

#endif

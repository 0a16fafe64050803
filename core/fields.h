/* fields.h - tables of keys: what section.c needs to fill a struct from a JSON object. The table is
 * all there is to know about a key: type, bounds, default; docs/project.md and
 * share/project.schema.json are checked against it. */
#ifndef MIGHOST_FIELDS_H
#define MIGHOST_FIELDS_H

#include "arena.h"
#include "jsonfile.h"
#include "settings.h"
#include "status.h"
#include "variables.h"

enum field_type {
    FIELD_IGNORED,    /* any value, for other programs */
    FIELD_TEXT,       /* const char *, not empty */
    FIELD_BLANK,      /* const char *, may be empty */
    FIELD_UNIT,       /* const char *: name of a unit, [a-z0-9_.-]+ */
    FIELD_NAME,       /* const char *: [a-z0-9_-]+ */
    FIELD_SCHEMA,     /* const char *: a name of PostgreSQL, at most 63 bytes */
    FIELD_TABLE,      /* const char *: "table" or "schema.table" */
    FIELD_PATH,       /* const char *: made absolute against the project's directory */
    FIELD_URL,        /* const char *: where the target is; may be "" */
    FIELD_BOOL,       /* int */
    FIELD_INT,        /* int64_t, allowed "min..max" */
    FIELD_SECONDS,    /* int, allowed "min..max" */
    FIELD_ENUM,       /* int, the number of the word in allowed "a|b|c" */
    FIELD_WORD,       /* const char *: the word itself */
    FIELD_LIMIT,      /* struct limit: whole number, "N%" or null */
    FIELD_PERCENT,    /* double: "N%" */
    FIELD_OVERLAP,    /* struct project_overlap: whole number, or a time such as "10m" */
    FIELD_TEXTS,      /* const char ** and count: a text or a list of texts, none empty */
    FIELD_NEEDS,      /* struct project_need * and count: a list of texts */
    FIELD_OPTIONS,    /* const char *: an object as compact JSON, variables replaced */
    FIELD_ADDRESS,    /* the same, but member "url" is a secret as a whole, "token" too */
    FIELD_CONNECTION, /* the same, but members "url" and "password" are connection secrets */
    FIELD_SECTION,    /* an object whose members go into the same struct */
    FIELD_LIST,       /* an array of structs and count: a list of objects */
    FIELD_MAP         /* the same from an object: its keys become the first member */
};

struct section;

struct field {
    const char *key;
    enum field_type type;
    size_t offset;
    size_t count; /* offset of the size_t count */
    size_t given; /* offset of an int that becomes 1 when the key is there; 0: none */
    const char *allowed;
    const char *fallback; /* default as text; NULL: none, or it depends on others */
    int required;
    const struct section *section; /* of SECTION, LIST, MAP */
};

struct section {
    const char *name; /* heading in docs/project.md, definition in the schema */
    const struct field *fields;
    size_t n;
    size_t size; /* of the struct, for LIST and MAP */
};

#define FIELDS_MAX_ITEMS 1000 /* of a LIST or MAP */

struct fields {
    struct jsonfile *file;
    struct variables *variables;
    struct arena *mem;      /* of the result */
    const char *dir;        /* for relative paths */
    const char *source_url; /* takes the place of a CONNECTION's "url"; NULL: none */
    int source_urls;        /* how often it did */
    struct settings *settings;
    struct faults *faults;
};

/* Sets a scalar field from text: a default, a variable, a flag. 0, or -1 when it does not fit. */
int fields_set(const struct fields *f, const struct field *field, const char *text, void *out);
/* Appends what the field takes: "a whole number from 1 to 9". */
void fields_expected(const struct field *field, struct str *out);
const struct field *fields_find(const struct section *section, const char *key);

#endif

/* schema_read.h - what a database is made of, as a list of named objects with their definitions, so
 * that two databases can be compared, and one be brought up to the other. Reads the catalog only;
 * no row of a table. Not looked at: owners, privileges, comments, statistics, storage. */
#ifndef MIGHOST_SCHEMA_READ_H
#define MIGHOST_SCHEMA_READ_H

#include "arena.h"
#include "pg.h"
#include "status.h"

struct schema_item {
    const char *kind;       /* "table", "column", "foreign key" ... */
    size_t order;           /* of the kind: what others rest on comes first */
    const char *table;      /* the table that it is a part of, or "" */
    const char *name;       /* as SQL: public.users.email */
    const char *definition; /* as SQL */
    const char *make;       /* statement that makes it, NULL: no SQL does */
    const char *change;     /* statement that turns another one of the name into it, or NULL */
    int64_t born;           /* within a kind earlier ones do not rest on later ones */
};

struct schema {
    struct schema_item *items; /* by kind, then name in bytes */
    size_t n;
};

/* The kinds that tell where a database lives, not what is in it. */
#define SCHEMA_DATABASE "database"
#define SCHEMA_EXTENSION "extension"

/* All but PostgreSQL's own schemas, `without` (the state schema, or "") and what belongs to an
 * extension. In a transaction, whose search_path is pinned: names are qualified. 0 or a status. */
int schema_read(struct pg *pg, const char *without, struct arena *mem, struct schema *out,
                struct error *err);
/* The same of these kinds alone, up to a NULL: of many tables, their columns take the longest. */
int schema_read_kinds(struct pg *pg, const char *without, const char *const *wanted,
                      struct arena *mem, struct schema *out, struct error *err);

#endif

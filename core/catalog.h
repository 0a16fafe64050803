/* catalog.h - what the target's catalog says of the tables that a run writes: columns, types,
 * unique indexes, foreign keys both ways, triggers, rules, sequences. Read only. */
#ifndef MIGHOST_CATALOG_H
#define MIGHOST_CATALOG_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "encode.h"
#include "pg.h"
#include "status.h"

struct catalog_column {
    const char *name;
    int attnum;
    struct encode_type type;  /* of the base type */
    const char *declared;     /* format_type: "school.email" (a domain), "numeric(10,2)" */
    const char *base;         /* format_type of the base type: what staging uses */
    int not_null;             /* also through a domain */
    char identity;            /* 'a', 'd' or 0 */
    char generated;           /* 's' or 0 */
    const char *computed;     /* expression of a generated column, else NULL */
    const char *fallback;     /* default expression, NULL when there is none */
    int fallback_moves;       /* the default takes from a sequence, or is an identity */
    const char *domain_check; /* condition over VALUE, all of the domain's checks; or NULL */
    const char *sequence;     /* quoted name of the sequence that the default takes from */
};

struct catalog_key { /* a valid unique index, or an exclusion constraint */
    const char *name;
    int primary, immediate;
    int simple;      /* plain columns, no expression, no predicate */
    int not_null;    /* all parts are NOT NULL columns: rows can be told apart by it */
    int nulls_equal; /* NULLS NOT DISTINCT */
    size_t n;
    const char **parts;      /* SQL of each part over unqualified column names */
    const char **columns;    /* names when simple, else NULL entries */
    const char **operators;  /* "OPERATOR(pg_catalog.=)" */
    const char **collations; /* quoted, or NULL */
    const char *predicate;   /* or NULL */
    const char *method;      /* of an exclusion constraint, "gist"; else NULL */
    const char **classes;    /* its operator classes, quoted */
};

struct catalog_reference { /* a foreign key, or an undeclared one from the project */
    const char *name;
    uint32_t child_oid, parent_oid;
    const char *child_schema, *child_table, *parent_schema, *parent_table;
    size_t n;
    const char **columns, **parent_columns;
    const char **operators; /* parent OPERATOR child, "OPERATOR(pg_catalog.=)" */
    int declared, validated, deferrable, match_full, set_null;
    char on_delete, on_update; /* 'a' no action, 'r', 'c', 'n', 'd' */
    int nullable;              /* all child columns may be NULL */
};

struct catalog_sequence { /* owned by a column of the table, or its default takes from it */
    const char *schema, *name, *column;
    int owned;  /* by the role */
    int usable; /* the role may read and set it */
    int descending;
};

struct catalog_check { /* a CHECK constraint; name NULL: a partition must take the row */
    const char *name, *sql;
    const char *column; /* the only one that it looks at, or NULL */
};

struct catalog_table {
    uint32_t oid;
    const char *schema, *name;
    const char *quoted; /* "schema"."name" */
    char kind;          /* 'r', 'p' (partitioned), others are refused */
    struct catalog_column *columns;
    size_t n_columns;
    struct catalog_key *keys; /* primary first, then by name */
    size_t n_keys;
    struct catalog_key *exclusions; /* never simple */
    size_t n_exclusions;
    struct catalog_reference *references; /* outgoing */
    size_t n_references;
    struct catalog_reference *incoming; /* from any table, also from itself */
    size_t n_incoming;
    struct catalog_sequence *sequences;
    size_t n_sequences;
    struct catalog_check *checks;
    size_t n_checks;
    int row_triggers;     /* user triggers that fire on rows, by names below */
    const char *triggers; /* "name (BEFORE INSERT), ..." or "" */
    int before_triggers;  /* some fire BEFORE a row: may swallow or rewrite it */
    int instead_rules;    /* DO INSTEAD rules: refused */
    int row_security;     /* policies apply to this role */
    int owned;            /* the role owns the table */
    int can_select, can_insert, can_update, can_delete;
    int64_t rows; /* estimate */
    int64_t bytes;
    int many_files; /* partitions or children: a ctid alone does not tell a row */
};

struct catalog {
    struct arena *mem;
    struct catalog_table *tables;
    size_t n;
    char hash[65]; /* SHA-256 over all that a plan depends on */
};

/* `names`: {schema, table} pairs. A missing table is a fault with the nearest names. Needs an
 * open transaction. */
int catalog_read(struct pg *pg, const char *const (*names)[2], size_t n, struct catalog *out,
                 struct faults *faults, struct error *err);
void catalog_clear(struct catalog *c);
/* What is different, for a message: "column price of public.items is gone". */
void catalog_difference(const struct catalog *then, const struct catalog *now, char *out,
                        size_t size);
const struct catalog_table *catalog_find(const struct catalog *c, const char *schema,
                                         const char *table);
const struct catalog_column *catalog_column(const struct catalog_table *t, const char *name);

#endif

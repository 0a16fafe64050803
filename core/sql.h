/* sql.h - quoting of names and literals for PostgreSQL. Pure. */
#ifndef MIGHOST_SQL_H
#define MIGHOST_SQL_H

#include "str.h"

void sql_ident(struct str *out, const char *name);
void sql_table(struct str *out, const char *schema, const char *table);
/* A string constant that means the same whatever standard_conforming_strings says. */
void sql_literal(struct str *out, const char *text);
/* A field of COPY's text format, and `end` behind it: a tab or a line's end. */
void sql_copy_field(struct str *out, const char *text, char end);
/* Statements of others as one that cannot end the transaction it stands in. */
void sql_do(struct str *out, const char *statements);
#define SQL_NAME_MOST 63 /* bytes of a name that PostgreSQL keeps; it cuts longer ones */

/* 1 to 63 bytes of UTF-8 without control characters: fit for every statement and script. */
int sql_name_ok(const char *name);

struct sql_name {
    char schema[256], table[256];
};
/* "schema.table" or "table" in `schema`; cut at the first dot. */
void sql_split(const char *name, const char *schema, struct sql_name *out);

/* One value of a line of COPY in text format. Values of records go this way: the text of statements
 * is logged. */
void sql_copy_text(struct str *out, const char *data, size_t n);

#endif

/* sqltext.h - SQL text made of fixed parts, names, literals and numbers. The only place of this
 * plugin where something is quoted. */
#ifndef MIGHOST_VALIDATORS_SQLTEXT_H
#define MIGHOST_VALIDATORS_SQLTEXT_H

#include "common/buf.h"

struct sqltext {
    struct buf text;
    const char *fault; /* the first one, a static sentence; NULL: none */
};

void sqltext_begin(struct sqltext *s);
void sqltext_end(struct sqltext *s); /* frees */
void sqltext_add(struct sqltext *s, const char *sql);
/* A column: always in double quotes. */
void sqltext_name(struct sqltext *s, const char *name);
/* A text: in single quotes, as standard_conforming_strings (on since PostgreSQL 9.1) has it. */
void sqltext_literal(struct sqltext *s, const char *text);
/* A table, as the placeholder that the host replaces: {schema.table}. */
void sqltext_table(struct sqltext *s, const char *name);
/* SQL of the project that becomes a part of a larger statement: without a semicolon at its
 * end, and with a line end behind it, so that a comment there hides nothing. */
void sqltext_project(struct sqltext *s, const char *sql);

/* 1 when the text is a decimal number, "-12.5e3", and nothing else. */
int sqltext_is_number(const char *text);
/* 1 when the text can be nothing but a date, a time or both, in ISO 8601. */
int sqltext_is_time(const char *text);

#endif

/* servehtml.h - pieces of the page of --serve. All append; texts are escaped unless they are said
 * to be markup. Pure. */
#ifndef MIGHOST_SERVEHTML_H
#define MIGHOST_SERVEHTML_H

#include "str.h"

struct json_t;

void servehtml_escaped(struct str *out, const char *text);
void servehtml_word(struct str *out, const char *state); /* "rolled back" of rolled_back */
/* `name`: "td", or with attributes, "th scope=\"row\"". */
void servehtml_tag(struct str *out, const char *name, const char *text);
void servehtml_count(struct str *out, double n);          /* 32,097 */
void servehtml_duration(struct str *out, double seconds); /* 4.4 s, 2 min 05 s, 1 h 02 min */
/* A member of the object; of a number that is not there, nothing. */
void servehtml_cell(struct str *out, const struct json_t *object, const char *name);
void servehtml_cell_count(struct str *out, const struct json_t *object, const char *name);
void servehtml_section(struct str *out, const char *id, const char *heading); /* markup */
/* Columns by their headings, markup; one that begins with '#' is of numbers. NULL ends them. */
void servehtml_table(struct str *out, const char *label, const char *const *columns);
void servehtml_table_end(struct str *out);

#endif

/* fieldread.h - one value of a project file out of its JSON node. Used by section.c. */
#ifndef MIGHOST_FIELDREAD_H
#define MIGHOST_FIELDREAD_H

#include "fields.h"

/* One value on its way: its field, its node, its dotted key and its text. */
struct fieldread {
    const struct field *field;
    const struct jsonfile_node *node;
    const char *key;
    struct variables_text replaced;
};

/* All add their faults, write to `out` at the field's offset, and note the setting. */
void fieldread_scalar(struct fields *f, struct fieldread *v, void *out);
void fieldread_needs(struct fields *f, struct fieldread *v, void *out);
/* A text or a list of texts, without empty ones; the number of them. */
size_t fieldread_texts(struct fields *f, struct fieldread *v, const char ***texts);

/* The text of a string node with its variables; NULL after a fault. `key` is for the fault. */
const char *fieldread_replace(struct fields *f, const struct jsonfile_node *node, const char *key,
                              struct variables_text *r);
/* A fault when `check` finds one in the text; names the variable, never the text. */
void fieldread_check_url(struct fields *f, const struct fieldread *v, const char *text,
                         const char *(*check)(const char *text));
/* A fault: the value "is" something else than what is due. */
void fieldread_misfit(struct fields *f, const struct fieldread *v, const char *is);

#endif

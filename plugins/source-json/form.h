/* form.h - what kind of JSON file is this? */
#ifndef MIGHOST_SOURCE_JSON_FORM_H
#define MIGHOST_SOURCE_JSON_FORM_H

#include "common/input.h"

enum form {
    FORM_DOCUMENT, /* one object whose members are entities */
    FORM_ARRAY,    /* a list of records */
    FORM_LINES,    /* a record a line */
    FORM_OBJECT    /* one record */
};

/* `format` is the option's value. With "auto" the file's name and its first bytes decide;
 * an object that does not end with its first line is a document where `all_entities`, else a
 * single record. Empty files, byte order marks and UTF-16 are refused. */
int32_t form_find(struct input *in, const char *format, int all_entities, enum form *out);

#endif

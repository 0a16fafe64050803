/* mapping.h - the option `fields` of the migrator "map" as structs. What each form means is in
 * README.md; nothing here calls a service of the host but alloc. */
#ifndef MIGHOST_MAP_MAPPING_H
#define MIGHOST_MAP_MAPPING_H

#include <mighost/plugin.h>

#include "common/faultlist.h"

enum mapping_source {
    MAPPING_FIELDS,     /* one or more fields of the record */
    MAPPING_VALUE,      /* a constant */
    MAPPING_RECORD_KEY, /* the source key of the record */
    MAPPING_ELEMENT,    /* the element of the list that the row is made for */
    MAPPING_NUMBER,     /* its number, from 1 */
};

struct mapping_input {
    const char *field;
    const char *path; /* into the field's JSON, dotted; NULL: the field itself */
    size_t path_len;
    uint32_t index; /* of the field, from host->reads */
};

struct mapping_step {
    const char *use;
    mig_str_t options; /* a JSON object as text; empty: none */
    uint32_t handle;   /* from host->transform */
};

struct mapping_column {
    const char *name;
    enum mapping_source source;
    struct mapping_input *inputs;
    uint32_t n_inputs;
    mig_value_t value;
    struct mapping_step *steps;
    uint32_t n_steps;
    mig_str_t made;        /* JSON list of the steps, of a constant too, for who looks it over */
    const char *key_stage; /* what comes out is a source key of this stage; NULL: a value */
    uint32_t index, entity;
};

struct mapping {
    struct mapping_column *columns;
    uint32_t n_columns;
    uint32_t max_inputs;       /* of one column, at least 1 */
    struct mapping_input each; /* the field with the list; its field NULL: one row a record */
    const char **ignored;      /* fields that are left out on purpose */
    uint32_t n_ignored;
};

/* Adds every fault of form to `faults`. What is kept lives in memory of host->alloc. `ignore`
 * and `each` (name of a field, a path too) may be NULL. */
void mapping_parse(const mig_host_t *host, const json_t *fields, const json_t *ignore,
                   const char *each, struct mapping *out, struct faultlist *faults);

#endif

/*
 * mapping.c - JSON of the options `fields`, `each` and `ignore` -> struct mapping, or all faults.
 *
 * Only the form is checked here: whether fields, columns, stages and transforms exist is known
 * to the host alone. Everything kept is copied into memory of host->alloc, so the JSON tree
 * may end after the call.
 */
#include "mapping.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/plural.h"
#include "common/keep.h"

struct parser {
    const mig_host_t *host;
    struct faultlist *faults;
    struct mapping *mapping;
    struct mapping_column *column; /* the one that is read; NULL outside of columns */
    char where[128];
};

static const char *const SOURCE_MEMBERS[] = {"from", "value", "key", "literal", "each", NULL};
static const char *const KEY_MEMBERS[] = {"key", "from", "literal", NULL};
static const char *const STEP_MEMBERS[] = {"use", "key", NULL};

/* "column "x"", for messages. */
static const char *where(struct parser *p)
{
    if (!p->column)
        return NULL;
    (void)snprintf(p->where, sizeof p->where, "column \"%.100s\"", p->column->name);
    return p->where;
}

#define FAULT(p, ...) faultlist_add((p)->faults, where(p), __VA_ARGS__)

static char *copy(const struct parser *p, const json_t *text)
{
    return keep_text(p->host, json_string_value(text), json_string_length(text));
}

/* ---- sources -------------------------------------------------------------------------- */

static void set_input(struct parser *p, const char *name, int literal, struct mapping_input *in)
{
    if (!name || !*name) {
        FAULT(p, "a source field must be a name (a text that is not empty)");
        return;
    }
    char *field = keep_text(p->host, name, strlen(name));
    in->field = field;
    char *dot = literal ? NULL : strchr(field, '.');
    if (dot == NULL)
        return;
    const char *path = dot + 1;
    if (dot == field || *path == '\0' || path[0] == '.' || strstr(path, "..") != NULL ||
        path[strlen(path) - 1] == '.') {
        FAULT(p,
              "\"%.60s\" has an empty part: write field.member.member, or {\"from\": ..., "
              "\"literal\": true} when the field's own name holds dots",
              field);
        return;
    }
    *dot = '\0';
    in->path = path;
    in->path_len = strlen(path);
}

static void set_inputs(struct parser *p, const json_t *from, int literal)
{
    struct mapping_column *c = p->column;
    size_t n = json_is_array(from) ? json_array_size(from) : 1;
    if (n == 0 || n > 64) {
        FAULT(p, "\"from\" names %zu source %s, it must be 1 to 64", n,
              plural(n, "field", "fields"));
        return;
    }
    c->source = MAPPING_FIELDS;
    c->inputs = p->host->alloc(p->host, n * sizeof *c->inputs);
    memset(c->inputs, 0, n * sizeof *c->inputs);
    c->n_inputs = (uint32_t)n;
    for (size_t i = 0; i < n; i++) {
        const json_t *name = json_is_array(from) ? json_array_get(from, i) : from;
        set_input(p, json_string_value(name), literal, &c->inputs[i]);
    }
    if (c->n_inputs > p->mapping->max_inputs)
        p->mapping->max_inputs = c->n_inputs;
}

static void set_key(struct parser *p, const json_t *stage)
{
    if (!json_is_string(stage) || json_string_length(stage) == 0) {
        FAULT(p, "\"key\" must be the name of a stage");
        return;
    }
    p->column->key_stage = copy(p, stage);
}

static void set_each(struct parser *p, const json_t *source, const json_t *each)
{
    static const char *const only_each[] = {"each", NULL};
    const char *what = json_is_string(each) ? json_string_value(each) : "";
    int is_number = strcmp(what, "number") == 0;
    faultlist_members(p->faults, where(p), source, only_each);
    if (!is_number && strcmp(what, "value") != 0)
        FAULT(p, "\"each\" must be \"value\" or \"number\"");
    else if (!p->mapping->each.field)
        FAULT(p, "\"each\" needs the option \"each\" of the stage: the field with the list");
    p->column->source = is_number ? MAPPING_NUMBER : MAPPING_ELEMENT;
}

static void set_source_object(struct parser *p, const json_t *source)
{
    const json_t *each = json_object_get(source, "each");
    if (each != NULL) {
        set_each(p, source, each);
        return;
    }
    const json_t *from = json_object_get(source, "from");
    const json_t *key = json_object_get(source, "key");
    const json_t *value = json_object_get(source, "value");
    const json_t *literal = json_object_get(source, "literal");
    faultlist_members(p->faults, where(p), source, key != NULL ? KEY_MEMBERS : SOURCE_MEMBERS);
    if ((from != NULL) + (value != NULL) > 1 || (from == NULL && value == NULL && key == NULL)) {
        FAULT(p, "the source must have one of \"from\", \"value\", \"key\" and \"each\"");
        return;
    }
    if (literal != NULL && !json_is_boolean(literal))
        FAULT(p, "\"literal\" must be true or false");
    if (key != NULL) {
        set_key(p, key);
        p->column->source = MAPPING_RECORD_KEY;
    }
    if (from != NULL) {
        set_inputs(p, from, json_is_true(literal));
    } else if (value != NULL) {
        p->column->source = MAPPING_VALUE;
        if (keep_constant(p->host, value, &p->column->value) != 0)
            FAULT(p, "\"value\" is too long");
    }
}

static void set_source(struct parser *p, const json_t *source)
{
    if (json_is_string(source)) {
        set_inputs(p, source, 0);
    } else if (json_is_object(source) && json_object_get(source, "use") != NULL) {
        FAULT(p, "the first element must be the source, the transforms follow it");
    } else if (json_is_object(source)) {
        set_source_object(p, source);
    } else {
        FAULT(p, "the source must be a field name, {\"from\": ...}, {\"value\": ...} or "
                 "{\"key\": ...}");
    }
}

/* ---- steps ---------------------------------------------------------------------------- */

/* The step without "use" is the object of the transform's options. */
static void set_step_options(struct parser *p, const json_t *step, struct mapping_step *out)
{
    if (json_object_size(step) < 2)
        return;
    json_t *options = json_copy((json_t *)step);
    (void)json_object_del(options, "use");
    char *text = json_dumps(options, JSON_COMPACT);
    json_decref(options);
    if (text == NULL) {
        FAULT(p, "out of memory");
        return;
    }
    out->options.len = strlen(text);
    out->options.data = keep_text(p->host, text, out->options.len);
    free(text);
}

static void add_step(struct parser *p, const json_t *step)
{
    struct mapping_column *c = p->column;
    const json_t *use = json_is_object(step) ? json_object_get(step, "use") : step;
    if (c->key_stage != NULL) {
        FAULT(p, "nothing may follow \"key\": what is changed is no key any more; put the "
                 "transforms before it, {\"key\": ...} last");
    } else if (use == NULL && json_object_get(step, "key") != NULL) {
        static const char *const only_key[] = {"key", NULL};
        faultlist_members(p->faults, where(p), step, only_key);
        set_key(p, json_object_get(step, "key"));
    } else if (use == NULL) {
        FAULT(p, "a step lacks \"use\", the name of a transform");
        faultlist_members(p->faults, where(p), step, STEP_MEMBERS);
    } else if (!json_is_string(use) || json_string_length(use) == 0) {
        FAULT(p, "a step must be the name of a transform or an object with \"use\"");
    } else {
        struct mapping_step *out = &c->steps[c->n_steps++];
        out->use = copy(p, use);
        if (json_is_object(step))
            set_step_options(p, step, out);
    }
}

static void set_list(struct parser *p, const json_t *list)
{
    struct mapping_column *c = p->column;
    size_t n = json_array_size(list);
    if (n == 0 || n > 64) {
        FAULT(p, "the list has %zu %s, it must be 1 to 64: the source, then transforms", n,
              plural(n, "element", "elements"));
        return;
    }
    c->steps = p->host->alloc(p->host, n * sizeof *c->steps);
    memset(c->steps, 0, n * sizeof *c->steps);
    set_source(p, json_array_get(list, 0));
    for (size_t i = 1; i < n; i++)
        add_step(p, json_array_get(list, i));
}

/* ---- columns -------------------------------------------------------------------------- */

/* What stands in front of the steps when it is no plain field: a constant, a key, an element. */
static void add_source_step(const json_t *source, json_t *steps)
{
    json_t *rest = json_is_object(source) ? json_copy((json_t *)source) : NULL;
    (void)json_object_del(rest, "from");
    (void)json_object_del(rest, "literal");
    if (json_object_size(rest) > 0)
        json_array_append(steps, rest);
    json_decref(rest);
}

static void keep_made(struct parser *p, const json_t *spec)
{
    json_t *steps = json_array();
    add_source_step(json_is_array(spec) ? json_array_get(spec, 0) : spec, steps);
    for (size_t i = 1; json_is_array(spec) && i < json_array_size(spec); i++)
        json_array_append(steps, json_array_get(spec, i));
    char *text = json_dumps(steps, JSON_COMPACT);
    if (text != NULL)
        p->column->made = (mig_str_t){keep_text(p->host, text, strlen(text)), strlen(text)};
    free(text);
    json_decref(steps);
}

static void set_column(struct parser *p, const json_t *spec)
{
    keep_made(p, spec);
    struct mapping_column *c = p->column;
    if (json_is_array(spec))
        set_list(p, spec);
    else
        set_source(p, spec);
    if (c->n_inputs > 1 && c->n_steps == 0 && c->key_stage == NULL)
        FAULT(p, "several source fields need a transform that joins them, such as \"concat\"");
}

static void set_columns(struct parser *p, const json_t *fields)
{
    struct mapping *m = p->mapping;
    m->columns = p->host->alloc(p->host, (json_object_size(fields) + 1) * sizeof *m->columns);
    const char *name;
    json_t *spec;
    json_object_foreach((json_t *)fields, name, spec)
    {
        p->column = &m->columns[m->n_columns++];
        *p->column = (struct mapping_column){
            .name = keep_text(p->host, name, strlen(name)),
        };
        set_column(p, spec);
    }
    p->column = NULL;
    if (m->n_columns == 0)
        FAULT(p, "\"fields\" names no column");
}

static int is_read(const struct mapping *m, const char *field)
{
    if (m->each.field != NULL && strcmp(m->each.field, field) == 0)
        return 1;
    for (uint32_t i = 0; i < m->n_columns; i++) {
        for (uint32_t j = 0; j < m->columns[i].n_inputs; j++) {
            const char *read = m->columns[i].inputs[j].field;
            if (read != NULL && strcmp(read, field) == 0)
                return 1;
        }
    }
    return 0;
}

static void check_ignored(struct parser *p, const json_t *ignore)
{
    if (!json_is_array(ignore)) {
        FAULT(p, "\"ignore\" must be a list of source fields");
        return;
    }
    struct mapping *m = p->mapping;
    m->ignored = p->host->alloc(p->host, (json_array_size(ignore) + 1) * sizeof *m->ignored);
    for (size_t i = 0; i < json_array_size(ignore); i++) {
        const json_t *name = json_array_get(ignore, i);
        if (!json_is_string(name))
            FAULT(p, "\"ignore\" must be a list of source fields");
        else if (is_read(p->mapping, json_string_value(name)))
            FAULT(p, "\"ignore\" names \"%.60s\", which a column reads", json_string_value(name));
        else
            m->ignored[m->n_ignored++] = copy(p, name);
    }
}

void mapping_parse(const mig_host_t *host, const json_t *fields, const json_t *ignore,
                   const char *each, struct mapping *out, struct faultlist *faults)
{
    struct parser p = {.host = host, .faults = faults, .mapping = out};
    *out = (struct mapping){.max_inputs = 1};
    if (each)
        set_input(&p, each, 0, &out->each);
    if (json_is_object(fields))
        set_columns(&p, fields);
    else
        FAULT(&p, "\"fields\" must be an object: target column -> source");
    if (ignore)
        check_ignored(&p, ignore);
}

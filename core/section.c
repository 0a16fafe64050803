/* section.c - an object of a project file into a struct, by the table of its keys; objects and
 * lists inside it the same way. Unknown keys are faults, missing ones get their default. */
#include "section.h"

#include <string.h>

#include "fieldoptions.h"
#include "fieldread.h"
#include "plural.h"

static int kind_fits(const struct field *field, const struct jsonfile_node *node)
{
    switch (field->type) {
    case FIELD_BOOL:
        return node->kind == JSONFILE_BOOL;
    case FIELD_INT:
    case FIELD_SECONDS:
        return node->kind == JSONFILE_NUMBER;
    case FIELD_OVERLAP:
        return node->kind == JSONFILE_NUMBER || node->kind == JSONFILE_STRING;
    case FIELD_LIMIT:
        return node->kind == JSONFILE_NUMBER || node->kind == JSONFILE_NULL ||
               (node->kind == JSONFILE_STRING && strchr(node->text, '%'));
    case FIELD_OPTIONS:
    case FIELD_ADDRESS:
    case FIELD_CONNECTION:
    case FIELD_SECTION:
    case FIELD_MAP:
        return node->kind == JSONFILE_OBJECT;
    case FIELD_LIST:
    case FIELD_NEEDS:
        return node->kind == JSONFILE_ARRAY;
    case FIELD_TEXTS:
        return node->kind == JSONFILE_ARRAY || node->kind == JSONFILE_STRING;
    case FIELD_IGNORED:
        return 1;
    default:
        return node->kind == JSONFILE_STRING;
    }
}

static void put_list(const struct field *field, const void *list, size_t n, void *out)
{
    memcpy((char *)out + field->offset, &list, sizeof list);
    memcpy((char *)out + field->count, &n, sizeof n);
}

static void read_items(struct fields *f, struct fieldread *v, void *out)
{
    const struct section *section = v->field->section;
    size_t n = v->node->n, i = 0;
    if (n > FIELDS_MAX_ITEMS) {
        jsonfile_fault(f->file, v->node->raw, f->faults, NULL,
                       "\"%s\" has %zu %s, at most %d are allowed", v->key, n,
                       plural(n, "entry", "entries"), FIELDS_MAX_ITEMS);
        return;
    }
    char *items = arena_alloc(f->mem, (n ? n : 1) * section->size);
    for (const struct jsonfile_node *one = v->node->first; one; one = one->next, i++) {
        const struct jsonfile_node *name = jsonfile_get(one, "name");
        const char *label = one->key;
        char *item = items + i * section->size;
        if (!label && name && name->kind == JSONFILE_STRING)
            label = name->text;
        struct fieldread element = {v->field, one, v->key, {0}};
        if (one->key)
            memcpy(item, &one->key, sizeof one->key);
        if (one->kind != JSONFILE_OBJECT) {
            fieldread_misfit(f, &element, jsonfile_kind_name(one));
            continue;
        }
        section_read(f, one, section,
                     label ? arena_printf(f->mem, "%s.%s.", v->key, label)
                           : arena_printf(f->mem, "%s.%zu.", v->key, i + 1),
                     item);
    }
    put_list(v->field, items, n, out);
}

static void read_value(struct fields *f, struct fieldread *v, void *out)
{
    const char **texts;
    size_t n;
    switch (v->field->type) {
    case FIELD_IGNORED:
        break;
    case FIELD_TEXTS:
        n = fieldread_texts(f, v, &texts);
        put_list(v->field, texts, n, out);
        break;
    case FIELD_NEEDS:
        fieldread_needs(f, v, out);
        break;
    case FIELD_OPTIONS:
    case FIELD_ADDRESS:
    case FIELD_CONNECTION:
        fieldoptions_read(f, v, out);
        break;
    case FIELD_SECTION:
        section_read(f, v->node, v->field->section, arena_printf(f->mem, "%s.", v->key), out);
        break;
    case FIELD_LIST:
    case FIELD_MAP:
        read_items(f, v, out);
        break;
    default:
        fieldread_scalar(f, v, out);
    }
}

static void set_default(struct fields *f, const struct field *field, const char *key, void *out)
{
    if (field->type == FIELD_SECTION) {
        static const struct jsonfile_node none = {.kind = JSONFILE_OBJECT};
        section_read(f, &none, field->section, arena_printf(f->mem, "%s.", key), out);
    } else if (field->fallback) {
        const char **texts = arena_alloc(f->mem, sizeof *texts);
        texts[0] = field->fallback;
        if (field->type == FIELD_OPTIONS || field->type == FIELD_ADDRESS ||
            field->type == FIELD_CONNECTION)
            memcpy((char *)out + field->offset, &field->fallback, sizeof field->fallback);
        else if (field->type == FIELD_TEXTS)
            put_list(field, texts, 1, out);
        else
            fields_set(f, field, field->fallback, out);
        settings_add(f->settings, key, field->fallback, "default");
    }
}

static void unknown_key(struct fields *f, const struct jsonfile_node *node,
                        const struct section *section, const char *prefix)
{
    const char *names[64];
    size_t n = 0;
    for (; n < section->n && n < 64; n++)
        names[n] = section->fields[n].key;
    const char *near = str_nearest(node->key, names, n);
    jsonfile_fault(f->file, node->place, f->faults,
                   near ? arena_printf(f->mem, "did you mean \"%s\"?", near) : NULL,
                   "unknown key \"%s%s\"", prefix, node->key);
}

void section_read(struct fields *f, const struct jsonfile_node *object,
                  const struct section *section, const char *prefix, void *out)
{
    for (const struct jsonfile_node *n = object->first; n; n = n->next)
        if (!fields_find(section, n->key))
            unknown_key(f, n, section, prefix);
    for (size_t i = 0; i < section->n; i++) {
        const struct field *field = &section->fields[i];
        const struct jsonfile_node *node = jsonfile_get(object, field->key);
        struct fieldread v = {field, node, arena_printf(f->mem, "%s%s", prefix, field->key), {0}};
        int given = node != NULL;
        if (!node && field->required) {
            jsonfile_fault(f->file, object->raw, f->faults, NULL, "key \"%s\" is missing", v.key);
        } else if (!node) {
            set_default(f, field, v.key, out);
        } else if (!kind_fits(field, node)) {
            fieldread_misfit(f, &v, jsonfile_kind_name(node));
        } else {
            read_value(f, &v, out);
        }
        if (field->given)
            memcpy((char *)out + field->given, &given, sizeof given);
    }
}

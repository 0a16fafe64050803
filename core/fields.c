/* fields.c - what a field takes, and its value from text: the same way for the project file, for
 * variables, flags and defaults. Knows no key of its own. */
#include "fields.h"

#include <stdint.h>
#include <string.h>

#include "fieldvalue.h"
#include "str.h"

const struct field *fields_find(const struct section *section, const char *key)
{
    for (size_t i = 0; i < section->n; i++)
        if (strcmp(section->fields[i].key, key) == 0)
            return &section->fields[i];
    return NULL;
}

/* What a value of the type is, where that needs no bounds or words. */
static const char *const phrases[] = {
    [FIELD_BOOL] = "true or false",
    [FIELD_LIMIT] = "a whole number, a share such as \"5%\" or null",
    [FIELD_OVERLAP] = "a whole number, or a time such as \"90s\", \"10m\", \"2h\" or \"1d\"",
    [FIELD_PERCENT] = "a share from \"0%\" to \"100%\"",
    [FIELD_NAME] = "a name of a-z, 0-9, '_' and '-', at most 63 characters",
    [FIELD_UNIT] = "the name of a unit, of a-z, 0-9, '_', '.' and '-'",
    [FIELD_SCHEMA] = "a schema name of 1 to 63 bytes",
    [FIELD_TABLE] = "a table as \"schema.table\" or \"table\"",
    [FIELD_TEXTS] = "a text or a list of texts",
    [FIELD_NEEDS] = "a list of texts such as \"stage\", \"after:stage\" or \"transform:name\"",
    [FIELD_LIST] = "a list of objects",
    [FIELD_OPTIONS] = "an object",
    [FIELD_ADDRESS] = "an object",
    [FIELD_CONNECTION] = "an object",
    [FIELD_SECTION] = "an object",
    [FIELD_MAP] = "an object",
};

void fields_expected(const struct field *field, struct str *out)
{
    const char *dots = field->allowed ? strstr(field->allowed, "..") : NULL;
    const char *phrase =
        (size_t)field->type < sizeof phrases / sizeof *phrases ? phrases[field->type] : NULL;
    if (field->type == FIELD_INT || field->type == FIELD_SECONDS) {
        str_add(out, "a whole number");
        if (dots)
            str_printf(out, " from %.*s to %s", (int)(dots - field->allowed), field->allowed,
                       dots + 2);
    } else if (field->type == FIELD_ENUM || field->type == FIELD_WORD) {
        str_add(out, "one of ");
        for (const char *p = field->allowed; *p; p++)
            *p == '|' ? str_add(out, ", ") : str_add_char(out, *p);
    } else {
        str_add(out, phrase ? phrase : "a text");
    }
}

static void put(void *out, const void *value, size_t n)
{
    memcpy(out, value, n);
}

static int set_int(const struct field *field, const char *text, void *out)
{
    int64_t number;
    if (fieldvalue_int(text, field->allowed, &number) != 0)
        return -1;
    int small = (int)number;
    if (field->type == FIELD_INT)
        put(out, &number, sizeof number);
    else
        put(out, &small, sizeof small);
    return 0;
}

static int set_text(const struct fields *f, const struct field *field, const char *text, void *out)
{
    int fits = 1;
    const char *value = text;
    switch (field->type) {
    case FIELD_NAME:
        fits = fieldvalue_is_name(text);
        break;
    case FIELD_UNIT:
        fits = fieldvalue_is_unit(text);
        break;
    case FIELD_SCHEMA:
        fits = fieldvalue_is_identifier(text, strlen(text));
        break;
    case FIELD_TABLE:
        fits = fieldvalue_is_table(text);
        break;
    case FIELD_WORD:
        fits = fieldvalue_word(text, field->allowed) >= 0;
        break;
    case FIELD_TEXT:
        fits = text[0] != '\0';
        break;
    case FIELD_PATH:
        fits = text[0] != '\0';
        if (text[0] != '/')
            value = arena_printf(f->mem, "%s/%s", f->dir, text);
        break;
    default:
        break;
    }
    if (!fits)
        return -1;
    value = arena_strdup(f->mem, value);
    put(out, &value, sizeof value);
    return 0;
}

int fields_set(const struct fields *f, const struct field *field, const char *text, void *out)
{
    out = (char *)out + field->offset;
    struct limit limit;
    struct project_overlap overlap;
    double percent;
    int word;
    switch (field->type) {
    case FIELD_BOOL:
        word = fieldvalue_word(text, "false|true");
        put(out, &word, sizeof word);
        return word < 0 ? -1 : 0;
    case FIELD_ENUM:
        word = fieldvalue_word(text, field->allowed);
        put(out, &word, sizeof word);
        return word < 0 ? -1 : 0;
    case FIELD_INT:
    case FIELD_SECONDS:
        return set_int(field, text, out);
    case FIELD_LIMIT:
        if (fieldvalue_limit(text, &limit) != 0)
            return -1;
        put(out, &limit, sizeof limit);
        return 0;
    case FIELD_PERCENT:
        if (fieldvalue_percent(text, &percent) != 0)
            return -1;
        put(out, &percent, sizeof percent);
        return 0;
    case FIELD_OVERLAP:
        if (fieldvalue_overlap(text, &overlap) != 0)
            return -1;
        put(out, &overlap, sizeof overlap);
        return 0;
    default:
        return set_text(f, field, text, out);
    }
}

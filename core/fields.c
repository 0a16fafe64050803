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

void fields_expected(const struct field *field, struct str *out)
{
    const char *dots = field->allowed ? strstr(field->allowed, "..") : NULL;
    switch (field->type) {
    case FIELD_BOOL:
        str_add(out, "true or false");
        break;
    case FIELD_INT:
    case FIELD_SECONDS:
        str_add(out, "a whole number");
        if (dots)
            str_printf(out, " from %.*s to %s", (int)(dots - field->allowed), field->allowed,
                       dots + 2);
        break;
    case FIELD_ENUM:
    case FIELD_WORD:
        str_add(out, "one of ");
        for (const char *p = field->allowed; *p; p++)
            *p == '|' ? str_add(out, ", ") : str_add_char(out, *p);
        break;
    case FIELD_LIMIT:
        str_add(out, "a whole number, a share such as \"5%\" or null");
        break;
    case FIELD_PERCENT:
        str_add(out, "a share from \"0%\" to \"100%\"");
        break;
    case FIELD_NAME:
        str_add(out, "a name of a-z, 0-9, '_' and '-', at most 63 characters");
        break;
    case FIELD_UNIT:
        str_add(out, "the name of a unit, of a-z, 0-9, '_', '.' and '-'");
        break;
    case FIELD_SCHEMA:
        str_add(out, "a schema name of 1 to 63 bytes");
        break;
    case FIELD_TABLE:
        str_add(out, "a table as \"schema.table\" or \"table\"");
        break;
    case FIELD_TEXTS:
        str_add(out, "a text or a list of texts");
        break;
    case FIELD_NEEDS:
        str_add(out, "a list of texts such as \"stage\", \"after:stage\" or \"transform:name\"");
        break;
    case FIELD_LIST:
        str_add(out, "a list of objects");
        break;
    case FIELD_OPTIONS:
    case FIELD_CONNECTION:
    case FIELD_SECTION:
    case FIELD_MAP:
        str_add(out, "an object");
        break;
    default:
        str_add(out, "a text");
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
    default:
        return set_text(f, field, text, out);
    }
}

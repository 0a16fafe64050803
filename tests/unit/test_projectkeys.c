/* test_projectkeys.c - parser, manual and JSON Schema know the same keys, types and defaults. The
 * files are found by the variable srcdir, as automake sets it, else in the working directory. */
#include "projectkeys.h"

#include <stdlib.h>

#include "project.h"
#include "safefile.h"
#include "unit.h"

static struct arena *mem;
static char *manual;
static struct jsonfile schema;

static char *read_text(const char *name)
{
    const char *dir = getenv("srcdir");
    struct str path, text;
    struct error err = {0};
    str_init(&path, 0);
    str_init(&text, 0);
    str_printf(&path, "%s/%s", dir ? dir : ".", name);
    if (safefile_read(path.data, "file", 0, &text, NULL, &err) != 0) {
        printf("%s\n", err.what);
        exit(99);
    }
    str_clear(&path);
    return str_take(&text);
}

/* The rows of a section's table as lines; the caller frees it. */
static char *manual_section(const char *name)
{
    struct str heading;
    str_init(&heading, 0);
    str_printf(&heading, "\n## `%s`\n", name);
    const char *start = strstr(manual, heading.data);
    str_clear(&heading);
    if (!start)
        return NULL;
    const char *end = strstr(start + 4, "\n## ");
    return strndup(start, end ? (size_t)(end - start) : strlen(start));
}

/* The cells "| `key` | type | default |" of one row; 0 when the key has none. */
static int manual_row(const char *section, const char *key, char *type, char *fallback, size_t size)
{
    struct str lead;
    str_init(&lead, 0);
    str_printf(&lead, "\n| `%s` | ", key);
    const char *row = strstr(section, lead.data);
    const char *cell = row ? row + lead.len : NULL;
    str_clear(&lead);
    if (!row)
        return 0;
    const char *bar = strchr(cell, '|'), *bar2 = strchr(bar + 1, '|');
    snprintf(type, size, "%.*s", (int)(bar - cell), cell);
    snprintf(fallback, size, "%.*s", (int)(bar2 - bar - 1), bar + 1);
    return 1;
}

static const char *manual_type(enum field_type type)
{
    switch (type) {
    case FIELD_IGNORED:
        return "anything";
    case FIELD_TEXT:
        return "text";
    case FIELD_BLANK:
        return "text, may be empty";
    case FIELD_UNIT:
        return "unit name";
    case FIELD_NAME:
        return "name";
    case FIELD_SCHEMA:
        return "schema name";
    case FIELD_TABLE:
        return "table";
    case FIELD_PATH:
        return "path";
    case FIELD_URL:
        return "URL";
    case FIELD_BOOL:
        return "true or false";
    case FIELD_LIMIT:
        return "whole number, share or null";
    case FIELD_PERCENT:
        return "share";
    case FIELD_OVERLAP:
        return "whole number or time";
    case FIELD_TEXTS:
        return "text or list of texts";
    case FIELD_NEEDS:
        return "list of texts";
    case FIELD_OPTIONS:
    case FIELD_ADDRESS:
    case FIELD_CONNECTION:
    case FIELD_SECTION:
        return "object";
    case FIELD_LIST:
        return "list of objects";
    case FIELD_MAP:
        return "object of objects";
    default:
        return "whole number, ";
    }
}

/* "`a`, `b`" out of "a|b". */
static void add_words(struct str *out, const char *allowed)
{
    str_add_char(out, '`');
    for (const char *p = allowed; *p; p++) {
        if (*p == '|')
            str_add(out, "`, `");
        else
            str_add_char(out, *p);
    }
    str_add_char(out, '`');
}

static int manual_type_fits(const struct field *field, const char *type)
{
    struct str expected;
    str_init(&expected, 0);
    if (field->type == FIELD_ENUM || field->type == FIELD_WORD) {
        add_words(&expected, field->allowed);
    } else {
        str_add(&expected, manual_type(field->type));
        if (field->allowed)
            str_add(&expected, field->allowed);
    }
    str_add(&expected, " ");
    int fits = strcmp(expected.data, type) == 0;
    str_clear(&expected);
    return fits;
}

static int manual_default_fits(const struct field *field, const char *cell)
{
    char expected[64] = "";
    if (field->required)
        return strcmp(cell, " required ") == 0;
    if (field->fallback)
        snprintf(expected, sizeof expected, " `%s` ", field->fallback);
    return field->fallback ? strcmp(cell, expected) == 0
                           : strchr(cell, '`') != cell + 1 || strstr(cell, "` in `") != NULL;
}

static void manual_has_every_key(void)
{
    size_t n;
    const struct section *const *all = projectkeys_sections(&n);
    for (size_t i = 0; i < n; i++) {
        char type[200], fallback[200], *section = manual_section(all[i]->name);
        if (!section) {
            CU_FAIL(all[i]->name);
            continue;
        }
        for (size_t j = 0; j < all[i]->n; j++) {
            const struct field *field = &all[i]->fields[j];
            if (!manual_row(section, field->key, type, fallback, sizeof type) ||
                !manual_type_fits(field, type) || !manual_default_fits(field, fallback)) {
                printf("docs/project.md: %s.%s\n", all[i]->name, field->key);
                CU_FAIL("row is missing or wrong");
            }
        }
        free(section);
    }
}

static void parser_has_every_key_of_the_manual(void)
{
    size_t n;
    const struct section *const *all = projectkeys_sections(&n);
    for (size_t i = 0; i < n; i++) {
        char *section = manual_section(all[i]->name);
        size_t rows = 0;
        for (const char *p = section; p && (p = strstr(p, "\n| `")); p++) {
            char key[64];
            snprintf(key, sizeof key, "%.*s", (int)strcspn(p + 4, "`"), p + 4);
            CU_ASSERT_PTR_NOT_NULL(fields_find(all[i], key));
            rows++;
        }
        CU_ASSERT_EQUAL(rows, all[i]->n);
        free(section);
    }
}

static const struct jsonfile_node *schema_section(const struct section *section)
{
    if (section == &projectkeys_root)
        return schema.root;
    return jsonfile_get(jsonfile_get(schema.root, "$defs"), section->name);
}

static int raw_is(const struct jsonfile_node *node, const char *text)
{
    if (!node)
        return 0;
    if (node->kind == JSONFILE_STRING)
        return strcmp(node->text, text) == 0;
    return strlen(text) == node->raw_len && memcmp(node->raw, text, node->raw_len) == 0;
}

static int schema_range_fits(const struct field *field, const struct jsonfile_node *property)
{
    const char *dots = field->allowed ? strstr(field->allowed, "..") : NULL;
    if (!dots)
        return !jsonfile_get(property, "minimum");
    char low[32];
    snprintf(low, sizeof low, "%.*s", (int)(dots - field->allowed), field->allowed);
    return raw_is(jsonfile_get(property, "minimum"), low) &&
           raw_is(jsonfile_get(property, "maximum"), dots + 2);
}

/* "anyOf": [{"enum": [words]}, ...], straight or behind "$ref": "#/$defs/policy". */
static int schema_words_fit(const struct field *field, const struct jsonfile_node *property)
{
    if (field->type != FIELD_ENUM && field->type != FIELD_WORD)
        return 1;
    if (raw_is(jsonfile_get(property, "$ref"), "#/$defs/policy"))
        property = jsonfile_get(jsonfile_get(schema.root, "$defs"), "policy");
    const struct jsonfile_node *any = jsonfile_get(property, "anyOf");
    const struct jsonfile_node *words = any ? jsonfile_get(any->first, "enum") : NULL;
    struct str joined;
    str_init(&joined, 0);
    for (const struct jsonfile_node *w = words ? words->first : NULL; w; w = w->next)
        str_printf(&joined, "%s%s", joined.len ? "|" : "", w->text);
    int fits = strcmp(joined.data, field->allowed) == 0;
    str_clear(&joined);
    return fits;
}

static int schema_requires(const struct jsonfile_node *section, const char *key)
{
    const struct jsonfile_node *required = jsonfile_get(section, "required");
    for (const struct jsonfile_node *r = required ? required->first : NULL; r; r = r->next)
        if (strcmp(r->text, key) == 0)
            return 1;
    return 0;
}

static int schema_property_fits(const struct field *field, const struct jsonfile_node *section)
{
    const struct jsonfile_node *p = jsonfile_get(jsonfile_get(section, "properties"), field->key);
    const struct jsonfile_node *fallback = jsonfile_get(p, "default");
    return p && schema_requires(section, field->key) == field->required &&
           (field->fallback ? raw_is(fallback, field->fallback) : !fallback) &&
           schema_range_fits(field, p) && schema_words_fit(field, p);
}

static void schema_agrees(void)
{
    size_t n;
    const struct section *const *all = projectkeys_sections(&n);
    for (size_t i = 0; i < n; i++) {
        const struct jsonfile_node *section = schema_section(all[i]);
        const struct jsonfile_node *properties = jsonfile_get(section, "properties");
        CU_ASSERT_PTR_NOT_NULL_FATAL(properties);
        CU_ASSERT_TRUE(raw_is(jsonfile_get(section, "additionalProperties"), "false"));
        CU_ASSERT_EQUAL(properties->n, all[i]->n);
        for (size_t j = 0; j < all[i]->n; j++)
            if (!schema_property_fits(&all[i]->fields[j], section)) {
                printf("schema: %s.%s\n", all[i]->name, all[i]->fields[j].key);
                CU_FAIL("property is missing or wrong");
            }
    }
}

static int field_is_typed(const struct fields *f, const struct field *field)
{
    static char room[sizeof(struct project)];
    if (field->type >= FIELD_TEXTS || !field->fallback)
        return 1;
    return fields_set(f, field, field->fallback, room) == 0;
}

static void defaults_fit_their_types(void)
{
    size_t n;
    struct fields f = {.mem = mem, .dir = "/"};
    const struct section *const *all = projectkeys_sections(&n);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < all[i]->n; j++)
            CU_ASSERT_TRUE(field_is_typed(&f, &all[i]->fields[j]));
}

/* The first fenced example of the manual is a project that loads. */
static void example_of_the_manual_loads(void)
{
    const char *start = strstr(manual, "```json\n");
    CU_ASSERT_PTR_NOT_NULL_FATAL(start);
    start += 8;
    const char *end = strstr(start, "```");
    struct faults faults = {0};
    struct project *p =
        project_parse(start, (size_t)(end - start), "/none/project.json", NULL, &faults);
    CU_ASSERT_PTR_NOT_NULL(p);
    for (size_t i = 0; i < faults.n; i++)
        printf("%s\n", faults.items[i].what);
    project_free(p);
    faults_clear(&faults);
}

int main(int argc, char **argv)
{
    static const struct unit_case cases[] = {
        {"manual_has_every_key", manual_has_every_key},
        {"parser_has_every_key_of_the_manual", parser_has_every_key_of_the_manual},
        {"schema_agrees", schema_agrees},
        {"defaults_fit_their_types", defaults_fit_their_types},
        {"example_of_the_manual_loads", example_of_the_manual_loads},
    };
    struct faults faults = {0};
    mem = arena_new();
    manual = read_text("docs/project.md");
    char *text = read_text("share/project.schema.json");
    if (jsonfile_parse(&schema, "schema", text, strlen(text), mem, &faults) != 0)
        return 99;
    int status = UNIT_MAIN("projectkeys", cases, argc, argv);
    free(text);
    free(manual);
    faults_clear(&faults);
    arena_free(mem);
    return status;
}

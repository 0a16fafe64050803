/* options.c - a unit's option table and the project's JSON object into checked values. Numbers
 * keep the digits that stand in the project file: nothing goes through a double. Values are never
 * quoted in faults, they may come from variables; names, kinds and bounds are. */
#include "options.h"

#include <stdlib.h>
#include <string.h>

#include "fieldvalue.h"
#include "jsonfile.h"
#include "log.h"
#include "url.h"

static const char *const type_names[] = {"", "text", "int", "bool", "json", "path", "url"};

/* What all faults of one call need. */
struct parse {
    const char *unit, *where, *dir;
    struct arena *mem;
    struct faults *faults;
};

static int fault(const struct parse *p, const char *fix, const char *text)
{
    struct error err = {0};
    error_set(&err, STATUS_CONFIG, "%s: %s: %s", p->where, p->unit, text);
    if (fix)
        error_fix(&err, "%s", fix);
    faults_add(p->faults, &err);
    return STATUS_CONFIG;
}

static size_t count(const mig_option_t *table)
{
    size_t n = 0;
    while (table && table[n].name)
        n++;
    return n;
}

static void expected(const mig_option_t *o, struct str *out)
{
    const char *dots = o->allowed ? strstr(o->allowed, "..") : NULL;
    switch (o->type) {
    case MIG_OPT_TEXT:
        str_add(out, o->allowed ? "one of " : "a text");
        for (const char *p = o->allowed ? o->allowed : ""; *p; p++)
            *p == '|' ? str_add(out, ", ") : str_add_char(out, *p);
        break;
    case MIG_OPT_INT:
        str_add(out, "a whole number");
        if (dots)
            str_printf(out, " from %.*s to %s", (int)(dots - o->allowed), o->allowed, dots + 2);
        break;
    case MIG_OPT_BOOL:
        str_add(out, "true or false");
        break;
    case MIG_OPT_PATH:
        str_add(out, "a path");
        break;
    case MIG_OPT_URL:
        str_add(out, "a connection URL");
        break;
    default:
        str_add(out, "a JSON value");
    }
}

static int misfit(const struct parse *p, const mig_option_t *o, const char *is, const char *fix)
{
    struct str due;
    str_init(&due, 0);
    expected(o, &due);
    int code = fault(p, fix,
                     arena_printf(p->mem, "option \"%s\" is %s, due is %s", o->name, is, due.data));
    str_clear(&due);
    return code;
}

/* The value's text, NULL where JSON kind and option type do not go together. */
static const char *text_of(const struct parse *p, const mig_option_t *o,
                           const struct jsonfile_node *node)
{
    struct str text;
    const char *raw = NULL;
    if (o->type == MIG_OPT_JSON) {
        str_init(&text, 0);
        jsonfile_compact(&text, node, NULL, NULL);
        raw = arena_strndup(p->mem, text.data, text.len);
        str_clear(&text);
        return raw;
    }
    if (node->kind == JSONFILE_STRING)
        return o->type == MIG_OPT_INT || o->type == MIG_OPT_BOOL ? NULL : node->text;
    int fits = (o->type == MIG_OPT_BOOL && node->kind == JSONFILE_BOOL) ||
               (o->type == MIG_OPT_INT && node->kind == JSONFILE_NUMBER) ||
               (o->type == MIG_OPT_TEXT && jsonfile_is_integer(node));
    return fits ? arena_strndup(p->mem, node->raw, node->raw_len) : NULL;
}

/* Checks bounds and makes the value out of text that has the right kind. */
static int set_value(const struct parse *p, const mig_option_t *o, const char *text,
                     mig_value_t *out)
{
    static const uint32_t kinds[] = {0,        MIG_TEXT, MIG_NUMBER, MIG_BOOL,
                                     MIG_JSON, MIG_TEXT, MIG_TEXT};
    int64_t number;
    char words[512];
    const char *url;
    if (o->type == MIG_OPT_INT && fieldvalue_int(text, o->allowed, &number) != 0)
        return misfit(p, o, arena_printf(p->mem, "%.40s", text), NULL);
    if (o->type == MIG_OPT_TEXT && o->allowed && fieldvalue_word(text, o->allowed) < 0) {
        const char *near = fieldvalue_nearest(text, o->allowed, words, sizeof words);
        return misfit(p, o, "another text",
                      near ? arena_printf(p->mem, "did you mean \"%s\"?", near) : NULL);
    }
    if (o->type == MIG_OPT_PATH && !*text)
        return misfit(p, o, "empty", NULL);
    if (o->type == MIG_OPT_PATH && text[0] != '/')
        text = arena_printf(p->mem, "%s/%s", p->dir, text);
    if (o->type == MIG_OPT_URL && (url = url_fault(text)))
        return fault(p, "the text is not shown because it may hold a password",
                     arena_printf(p->mem, "option \"%s\" is no connection URL: %s", o->name, url));
    if (o->type == MIG_OPT_URL)
        url_register_secrets(text);
    if (o->flags & MIG_OPTF_SECRET)
        log_secret(text);
    *out = (mig_value_t){arena_strdup(p->mem, text), (uint32_t)strlen(text), kinds[o->type]};
    return 0;
}

static int read_option(const struct parse *p, const mig_option_t *o,
                       const struct jsonfile_node *node, mig_value_t *out)
{
    if (!node && o->default_value)
        return set_value(p, o, o->default_value, out);
    if (!node && (o->flags & MIG_OPTF_REQUIRED))
        return fault(p, o->help, arena_printf(p->mem, "option \"%s\" is missing", o->name));
    if (!node)
        return 0;
    const char *text = text_of(p, o, node);
    if (!text)
        return misfit(p, o, jsonfile_kind_name(node), NULL);
    return set_value(p, o, text, out);
}

static int find_unknown(const struct parse *p, const mig_option_t *table, size_t n,
                        const struct jsonfile_node *object)
{
    int result = 0;
    const char **names = arena_alloc(p->mem, (n + 1) * sizeof *names);
    for (size_t i = 0; i < n; i++)
        names[i] = table[i].name;
    for (const struct jsonfile_node *m = object->first; m; m = m->next) {
        size_t i = 0;
        while (i < n && strcmp(names[i], m->key) != 0)
            i++;
        if (i < n)
            continue;
        const char *near = str_nearest(m->key, names, n);
        result = fault(p, near ? arena_printf(p->mem, "did you mean \"%s\"?", near) : NULL,
                       arena_printf(p->mem, "unknown option \"%s\"", m->key));
    }
    return result;
}

/* The object of the text; an empty one for none; NULL after faults. */
static const struct jsonfile_node *read_object(const struct parse *p, const char *json,
                                               struct jsonfile *file)
{
    static const struct jsonfile_node none = {.kind = JSONFILE_OBJECT};
    if (!json || !*json)
        return &none;
    struct faults found = {0};
    int bad = jsonfile_parse(file, "", json, strlen(json), p->mem, &found);
    for (size_t i = 0; i < found.n; i++)
        fault(p, found.items[i].fix, found.items[i].what);
    faults_clear(&found);
    if (bad)
        return NULL;
    if (file->root->kind == JSONFILE_OBJECT)
        return file->root;
    fault(p, NULL,
          arena_printf(p->mem, "options are %s, due is an object", jsonfile_kind_name(file->root)));
    return NULL;
}

int options_parse(const mig_option_t *table, const char *json, const char *unit, const char *where,
                  const char *dir, struct arena *mem, struct options *out, struct faults *faults)
{
    struct parse p = {unit, where, dir, mem, faults};
    struct jsonfile file;
    size_t n = count(table);
    *out = (struct options){table, arena_alloc(mem, (n + 1) * sizeof *out->values), n};
    const struct jsonfile_node *object = read_object(&p, json, &file);
    if (!object)
        return STATUS_CONFIG;
    int result = find_unknown(&p, table, n, object);
    for (size_t i = 0; i < n; i++)
        if (read_option(&p, &table[i], jsonfile_get(object, table[i].name), &out->values[i]) != 0)
            result = STATUS_CONFIG;
    return result;
}

int options_get(const struct options *options, const char *name, mig_value_t *out)
{
    for (size_t i = 0; i < options->n; i++)
        if (strcmp(options->table[i].name, name) == 0) {
            *out = options->values[i];
            return MIG_OK;
        }
    *out = (mig_value_t){NULL, 0, MIG_ABSENT};
    return MIG_E_BUG;
}

static int allowed_is_sound(const mig_option_t *o)
{
    const char *allowed = o->allowed;
    if (!allowed)
        return 1;
    if (o->type == MIG_OPT_TEXT)
        return *allowed && *allowed != '|' && allowed[strlen(allowed) - 1] != '|' &&
               !strstr(allowed, "||");
    const char *dots = strstr(allowed, "..");
    char low[24];
    int64_t min, max;
    if (o->type != MIG_OPT_INT || !dots || (size_t)(dots - allowed) >= sizeof low)
        return 0;
    memcpy(low, allowed, (size_t)(dots - allowed));
    low[dots - allowed] = '\0';
    return fieldvalue_int(low, NULL, &min) == 0 && fieldvalue_int(dots + 2, NULL, &max) == 0 &&
           min <= max;
}

/* As text in JSON: what stands in the table is the bare text of a value. */
static int default_is_sound(const struct parse *p, const mig_option_t *o)
{
    struct faults found = {0};
    struct jsonfile file;
    mig_value_t value;
    struct parse quiet = {p->unit, p->where, "/", p->mem, &found};
    const char *text = o->default_value;
    int bad;
    if (o->type == MIG_OPT_JSON)
        bad = jsonfile_parse(&file, "", text, strlen(text), p->mem, &found);
    else if (o->type == MIG_OPT_BOOL)
        bad = fieldvalue_word(text, "true|false") < 0;
    else
        bad = set_value(&quiet, o, text, &value);
    faults_clear(&found);
    return !bad;
}

static const char *entry_fault(const struct parse *p, const mig_option_t *table, size_t i)
{
    const mig_option_t *o = &table[i];
    size_t n = strspn(o->name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (!n || o->name[n])
        return "its name is not made of a-z, 0-9 and '_'";
    for (size_t j = 0; j < i; j++)
        if (strcmp(table[j].name, o->name) == 0)
            return "there are two of this name";
    if (o->type < MIG_OPT_TEXT || o->type > MIG_OPT_URL)
        return "its type is unknown";
    if (o->flags & ~(MIG_OPTF_REQUIRED | MIG_OPTF_SECRET))
        return "it has an unknown flag";
    if (!allowed_is_sound(o))
        return "\"allowed\" must be \"min..max\" for INT, \"a|b|c\" for TEXT, NULL for others";
    if (o->default_value && !default_is_sound(p, o))
        return "its default does not fit its type or what is allowed";
    if (!o->help || !*o->help)
        return "it has no help";
    return NULL;
}

char *options_database_url(const struct options *options)
{
    for (size_t i = 0; i < options->n; i++) {
        const mig_value_t *v = &options->values[i];
        if (options->table[i].type != MIG_OPT_URL || v->kind == MIG_ABSENT || !v->len)
            continue;
        char *url = strndup(v->data, v->len);
        if (url && (strncmp(url, "postgres", 8) == 0 || !strstr(url, "://")))
            return url;
        free(url);
        return NULL;
    }
    return NULL;
}

int options_check_table(const mig_option_t *table, const char *unit, struct faults *faults)
{
    struct arena *mem = arena_new();
    struct parse p = {unit, "", "/", mem, faults};
    int result = 0;
    for (size_t i = 0; i < count(table); i++) {
        const char *wrong = entry_fault(&p, table, i);
        if (!wrong)
            continue;
        struct error err = {0};
        result =
            error_set(&err, STATUS_PLUGIN, "%s: option \"%s\": %s", unit, table[i].name, wrong);
        faults_add(faults, &err);
    }
    arena_free(mem);
    return result;
}

static void print_default(const mig_option_t *o, struct str *out)
{
    if (o->flags & MIG_OPTF_REQUIRED)
        str_add(out, "(required)");
    else if (!o->default_value)
        str_add(out, "-");
    else if (o->flags & MIG_OPTF_SECRET)
        str_add(out, "***");
    else if (o->type == MIG_OPT_URL)
        url_mask(out, o->default_value);
    else
        str_add(out, *o->default_value ? o->default_value : "\"\"");
}

void options_print(const mig_option_t *table, struct str *out)
{
    for (size_t i = 0; i < count(table); i++) {
        const mig_option_t *o = &table[i];
        int known = o->type >= MIG_OPT_TEXT && o->type <= MIG_OPT_URL;
        str_printf(out, "%s  %s", o->name, type_names[known ? o->type : 0]);
        if (o->allowed)
            str_printf(out, " %s", o->allowed);
        str_add(out, "  ");
        print_default(o, out);
        str_printf(out, "  %s\n", o->help ? o->help : "");
    }
}

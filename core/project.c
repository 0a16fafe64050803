/* project.c - one project file into struct project: reads the file, has the tables of
 * projectkeys.c fill the struct, then checks what spans several keys. All faults are listed; the
 * caller gets a project only when there is none. Everything lives in the project's arena. */
#include "project.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"
#include "envfile.h"
#include "fields.h"
#include "fieldvalue.h"
#include "jsonfile.h"
#include "overrides.h"
#include "projectkeys.h"
#include "projecturl.h"
#include "safefile.h"
#include "section.h"
#include "selection.h"
#include "settings.h"
#include "str.h"
#include "url.h"
#include "variables.h"

static const char minimal_example[] =
    "the least is: {\"name\": \"shop\", \"sources\": {\"old\": {\"use\": \"json\", \"options\": "
    "{\"file\": \"old.json\"}}}, \"stages\": [{\"name\": \"users\", \"options\": {\"table\": "
    "\"public.users\", \"fields\": {\"id\": {\"key\": \"users\"}, \"email\": \"email\"}}}]}";

const char *policy_text(enum policy policy)
{
    static const char *const names[] = {"insert", "skip", "update", "replace", "reject"};
    return names[policy];
}

const char *merge_text(enum merge_rule rule)
{
    static const char *const names[MERGE_RULES] = {"overwrite", "keep", "newest", "fill", "reject"};
    return names[rule];
}

const char *project_ids_text(enum id_strategy ids)
{
    static const char *const names[] = {"uuid5", "keep", "sequence", "natural"};
    return names[ids];
}

int project_ids_wait(enum id_strategy ids)
{
    return ids == ID_SEQUENCE || ids == ID_NATURAL;
}

void project_phase(const struct project_stage *s, const char *before, const char *after,
                   struct str *out)
{
    if (!s->phase && !s->priority)
        return;
    str_add(out, before);
    if (s->phase)
        str_printf(out, "phase %lld%s", (long long)s->phase, s->priority ? ", " : "");
    str_printf(out, "%s%s", s->priority ? s->priority : "", after);
}

void project_free(struct project *project)
{
    if (project)
        arena_free(project->mem);
}

/* The entry of a list or object by its number. */
static const struct jsonfile_node *entry(const struct jsonfile_node *list, size_t i)
{
    const struct jsonfile_node *n = list ? list->first : NULL;
    while (n && i--)
        n = n->next;
    return n;
}

/* Names within one list must differ. `names` are members of structs `stride` bytes apart. */
static void check_unique(struct fields *f, const char *key, const void *names, size_t n,
                         size_t stride)
{
    const struct jsonfile_node *list = jsonfile_get(f->file->root, key);
    for (size_t i = 1; i < n; i++) {
        const char *name, *other;
        memcpy(&name, (const char *)names + i * stride, sizeof name);
        for (size_t j = 0; j < i; j++) {
            memcpy(&other, (const char *)names + j * stride, sizeof other);
            if (!name || !str_equal(name, other))
                continue;
            size_t line, column;
            jsonfile_where(f->file, entry(list, j)->place, &line, &column);
            jsonfile_fault(f->file, entry(list, i)->place, f->faults, "give each its own name",
                           "two entries of \"%s\" are named \"%s\", the first in line %zu", key,
                           name, line);
            break;
        }
    }
}

static void check_all_unique(struct fields *f, const struct project *p)
{
    if (p->n_stages)
        check_unique(f, "stages", &p->stages[0].name, p->n_stages, sizeof *p->stages);
    if (p->n_validators)
        check_unique(f, "validators", &p->validators[0].name, p->n_validators,
                     sizeof *p->validators);
    if (p->n_reporters)
        check_unique(f, "reporters", &p->reporters[0].name, p->n_reporters, sizeof *p->reporters);
    if (p->n_notify)
        check_unique(f, "notify", &p->notify[0].name, p->n_notify, sizeof *p->notify);
    if (p->n_hooks)
        check_unique(f, "hooks", &p->hooks[0].name, p->n_hooks, sizeof *p->hooks);
    if (p->n_scenarios)
        check_unique(f, "scenarios", &p->scenarios[0].name, p->n_scenarios, sizeof *p->scenarios);
    if (p->n_invariants)
        check_unique(f, "invariants", &p->invariants[0].name, p->n_invariants,
                     sizeof *p->invariants);
    if (p->n_preserve)
        check_unique(f, "preserve", &p->preserve[0].name, p->n_preserve, sizeof *p->preserve);
}

static void check_source_names(struct fields *f, const struct project *p)
{
    const struct jsonfile_node *sources = jsonfile_get(f->file->root, "sources");
    for (size_t i = 0; i < p->n_sources; i++)
        if (!fieldvalue_is_name(p->sources[i].name))
            jsonfile_fault(f->file, entry(sources, i)->place, f->faults, NULL,
                           "source \"%s\": names are made of a-z, 0-9, '_' and '-', at most 63 "
                           "characters",
                           p->sources[i].name);
}

/* Finds the stage's source, or the only one there is. */
static void check_stage_source(struct fields *f, const struct project *p, struct project_stage *s,
                               const struct jsonfile_node *node)
{
    const char **names = arena_alloc(f->mem, (p->n_sources + 1) * sizeof *names);
    for (size_t i = 0; i < p->n_sources; i++)
        names[i] = p->sources[i].name;
    const struct jsonfile_node *given = jsonfile_get(node, "source");
    if (!given && p->n_sources == 1) {
        s->source = p->sources[0].name;
    } else if (!given) {
        jsonfile_fault(f->file, node->place, f->faults, "name one by \"source\"",
                       "stage \"%s\" says no source and the project has %zu", s->name,
                       p->n_sources);
    } else if (s->source && !project_find_source(p, s->source)) {
        const char *near = str_nearest(s->source, names, p->n_sources);
        jsonfile_fault(f->file, given->raw, f->faults,
                       near ? arena_printf(f->mem, "did you mean \"%s\"?", near) : NULL,
                       "stage \"%s\": there is no source \"%s\"", s->name, s->source);
    }
}

/* Both would be databases of one server. */
static void check_embedded_names(struct fields *f, const struct project *p)
{
    const struct jsonfile_node *sources = jsonfile_get(f->file->root, "sources");
    for (size_t i = 0; i < p->n_sources; i++)
        if (p->sources[i].embedded_schema && str_equal(p->sources[i].name, p->name))
            jsonfile_fault(f->file, entry(sources, i)->place, f->faults,
                           "give the source another name",
                           "source \"%s\" has \"embedded_schema\" and the project's name: both "
                           "would have one database",
                           p->name);
}

static const char *with_schema(struct fields *f, const struct project *p, const char *table)
{
    if (!table || strchr(table, '.'))
        return table;
    return arena_printf(f->mem, "%s.%s", p->target.schema, table);
}

static void check_reference(struct fields *f, const struct project *p, struct project_reference *r,
                            const struct jsonfile_node *node)
{
    r->to = with_schema(f, p, r->to);
    if (r->n_columns && r->n_to_columns && r->n_columns != r->n_to_columns)
        jsonfile_fault(f->file, node->place, f->faults, NULL,
                       "a reference of %zu \"columns\" to %zu \"to_columns\"", r->n_columns,
                       r->n_to_columns);
}

static void check_fold(struct fields *f, const struct project_unique *u,
                       const struct jsonfile_node *node)
{
    for (size_t i = 0; i < u->n_fold; i++)
        if (!str_equal(u->fold[i], "case") && !str_equal(u->fold[i], "width") &&
            !str_equal(u->fold[i], "space") && !str_equal(u->fold[i], "invisible"))
            jsonfile_fault(f->file, node->place, f->faults,
                           "give some of case, width, space, invisible",
                           "\"fold\" of \"%s\" knows no \"%s\"", u->column, u->fold[i]);
}

/* A suffix is told from the value by the sign in front of its digits, whatever the value is. */
static void check_taken(struct fields *f, const struct project_unique *u,
                        const struct jsonfile_node *node)
{
    size_t n = u->sign ? strlen(u->sign) : 0;
    int bad = !n || n > 16 || (u->sign[n - 1] >= '0' && u->sign[n - 1] <= '9');
    for (size_t i = 0; i < n; i++)
        bad |= u->sign[i] <= ' ' || u->sign[i] > '~' || (u->sign[i] >= 'A' && u->sign[i] <= 'Z') ||
               (u->before && u->sign[i] == u->before[0]);
    check_fold(f, u, node);
    if (bad)
        jsonfile_fault(f->file, node->place, f->faults, "such as \"+\", \"-\" or \".dup\"",
                       "\"sign\" of \"%s\" must be 1 to 16 characters of ASCII without capitals "
                       "and blanks, not ending in a digit, and without the one in \"before\"",
                       u->column);
    if (u->before && (u->before[1] || strchr("0123456789", u->before[0]) || u->before[0] <= ' ' ||
                      u->before[0] > '~' || (u->before[0] >= 'A' && u->before[0] <= 'Z')))
        jsonfile_fault(f->file, node->place, f->faults, "such as \"@\"",
                       "\"before\" of \"%s\" must be one character of ASCII, no digit, capital or "
                       "blank",
                       u->column);
}

static void check_tables(struct fields *f, const struct project *p, struct project_stage *s,
                         const struct jsonfile_node *node)
{
    const struct jsonfile_node *tables = jsonfile_get(node, "tables");
    for (size_t i = 0; i < s->n_tables; i++) {
        struct project_table *t = &s->tables[i];
        const struct jsonfile_node *one = entry(tables, i);
        if (!fieldvalue_is_table(t->name))
            jsonfile_fault(f->file, one->place, f->faults, NULL,
                           "stage \"%s\": a key of \"tables\" must be a table as \"schema.table\" "
                           "or \"table\"",
                           s->name);
        t->name = with_schema(f, p, t->name);
        const struct jsonfile_node *references = jsonfile_get(one, "references");
        for (size_t j = 0; j < t->n_references; j++)
            check_reference(f, p, &t->references[j], entry(references, j));
        const struct jsonfile_node *unique = jsonfile_get(one, "unique");
        for (size_t j = 0; j < t->n_unique; j++)
            check_taken(f, &t->unique[j], entry(unique, j));
    }
}

static void check_incremental(struct fields *f, const struct project_stage *s,
                              const struct jsonfile_node *node)
{
    const struct jsonfile_node *given = jsonfile_get(node, "incremental");
    if (given && (!s->mark_field || !s->has_overlap))
        jsonfile_fault(
            f->file, given->place, f->faults,
            "such as \"incremental\": { \"field\": \"updated_at\", \"overlap\": \"10m\" }",
            "stage \"%s\": \"incremental\" needs \"field\" and \"overlap\"", s->name);
}

static void check_stages(struct fields *f, struct project *p)
{
    const struct jsonfile_node *stages = jsonfile_get(f->file->root, "stages");
    for (size_t i = 0; i < p->n_stages; i++) {
        struct project_stage *s = &p->stages[i];
        const struct jsonfile_node *node = entry(stages, i);
        if (!s->name || node->kind != JSONFILE_OBJECT)
            continue;
        if (!s->entity)
            s->entity = s->name;
        check_stage_source(f, p, s, node);
        check_tables(f, p, s, node);
        check_incremental(f, s, node);
    }
}

/* An embedded one gets its URL later. */
static int is_database(const struct project *p, const struct project_source *s)
{
    const char *url = projecturl_get(p, s);
    return s->embedded_schema || (url && !url_database_fault(url));
}

static void check_backup_sources(struct fields *f, const struct project *p)
{
    const struct jsonfile_node *backup = jsonfile_get(f->file->root, "backup");
    for (size_t i = 0; i < p->n_backup_sources; i++) {
        const struct project_source *s = project_find_source(p, p->backup_sources[i]);
        if (!s || !is_database(p, s))
            jsonfile_fault(f->file, jsonfile_get(backup, "sources")->place, f->faults, NULL,
                           "\"backup\" names source \"%s\", which is %s", p->backup_sources[i],
                           s ? "no PostgreSQL database" : "not there");
    }
}

static void check_rows(struct fields *f, struct project *p)
{
    const struct jsonfile_node *backup = jsonfile_get(f->file->root, "backup");
    for (size_t i = 0; i < p->n_backup_rows; i++) {
        p->backup_rows[i].table = with_schema(f, p, p->backup_rows[i].table);
        for (size_t j = 0; p->backup_rows[i].name && j < i; j++)
            if (str_equal(p->backup_rows[i].name, p->backup_rows[j].name))
                jsonfile_fault(f->file, entry(jsonfile_get(backup, "rows"), i)->place, f->faults,
                               NULL, "there are two \"rows\" of the name \"%s\"",
                               p->backup_rows[i].name);
    }
}

static void check_version(struct fields *f, const struct project *p)
{
    const struct jsonfile_node *target = jsonfile_get(f->file->root, "target");
    const struct jsonfile_node *given = jsonfile_get(target, "schema_version");
    if (given && (!p->target.version_sql || !p->target.n_version_is))
        jsonfile_fault(f->file, given->place, f->faults,
                       "such as \"schema_version\": { \"sql\": \"SELECT max(version) FROM "
                       "app.migrations\", \"is\": \"42\" }",
                       "\"target.schema_version\" needs \"sql\" and \"is\"");
}

static void check_hooks(struct fields *f, const struct project *p)
{
    const struct jsonfile_node *hooks = jsonfile_get(f->file->root, "hooks");
    for (size_t i = 0; i < p->n_hooks; i++)
        if (p->hooks[i].name && !p->hooks[i].before && !p->hooks[i].after &&
            !p->hooks[i].after_commit)
            jsonfile_fault(f->file, entry(hooks, i)->place, f->faults, NULL,
                           "hook \"%s\" has neither \"before\" nor \"after\" nor "
                           "\"after_commit\"",
                           p->hooks[i].name);
}

static void check_scenarios(struct fields *f, const struct project *p)
{
    const struct jsonfile_node *scenarios = jsonfile_get(f->file->root, "scenarios");
    for (size_t i = 0; i < p->n_scenarios; i++)
        if (p->scenarios[i].name && !p->scenarios[i].sql == !p->scenarios[i].n_command)
            jsonfile_fault(f->file, entry(scenarios, i)->place, f->faults, NULL,
                           "scenario \"%s\" needs either \"sql\" or \"command\"",
                           p->scenarios[i].name);
}

static void default_reporters(struct fields *f, struct project *p)
{
    static const char *const names[] = {"html", "summary", "errors", "json", "sql", "idmap"};
    size_t n = sizeof names / sizeof *names;
    if (jsonfile_get(f->file->root, "reporters"))
        return;
    p->reporters = arena_alloc(f->mem, n * sizeof *p->reporters);
    p->n_reporters = n;
    for (size_t i = 0; i < n; i++) {
        p->reporters[i] = (struct project_reporter){names[i], names[i], "{}", 1};
        settings_add(f->settings, arena_printf(f->mem, "reporters.%s.enabled", names[i]), "true",
                     "default");
    }
}

/* A unit's name is the entry's own name unless "use" says otherwise. */
static void default_uses(struct project *p)
{
    for (size_t i = 0; i < p->n_validators; i++)
        if (!p->validators[i].use)
            p->validators[i].use = p->validators[i].name;
    for (size_t i = 0; i < p->n_reporters; i++)
        if (!p->reporters[i].use)
            p->reporters[i].use = p->reporters[i].name;
    for (size_t i = 0; i < p->n_notify; i++)
        if (!p->notify[i].use)
            p->notify[i].use = p->notify[i].name;
}

static void fill(struct fields *f, const struct project_overrides *o, struct project *p)
{
    section_read(f, f->file->root, &projectkeys_root, "", p);
    default_reporters(f, p);
    default_uses(p);
    overrides_apply(f, o, p);
    overrides_defaults(f, p);
    check_all_unique(f, p);
    check_source_names(f, p);
    check_embedded_names(f, p);
    check_stages(f, p);
    check_version(f, p);
    check_rows(f, p);
    check_backup_sources(f, p);
    check_hooks(f, p);
    check_scenarios(f, p);
    /* Names may be missing where there are faults. */
    if (f->faults->n == 0)
        selection_apply(f, o, p);
}

/* The env file beside the project counts when it is there; one that was asked for must be. */
static void read_env_file(struct project *p, const struct project_overrides *o,
                          struct envfile *file, struct faults *faults)
{
    const char *path = o->env_file ? o->env_file : arena_printf(p->mem, "%s/.env", p->dir);
    if (o->env_file || access(path, F_OK) == 0)
        envfile_read(path, p->mem, file, faults);
}

static void digest_of(const char *text, size_t n, char out[65])
{
    struct digest *d = digest_new();
    digest_add(d, text, n);
    digest_hex(d, out);
    digest_free(d);
}

static struct project *parse(const char *text, size_t n, const char *shown, const char *path,
                             const struct project_overrides *overrides, struct faults *faults)
{
    static const struct project_overrides no_overrides;
    const struct project_overrides *o = overrides ? overrides : &no_overrides;
    struct arena *mem = arena_new();
    struct project *p = arena_alloc(mem, sizeof *p);
    size_t before = faults->n;
    p->mem = mem;
    p->path = arena_strdup(mem, path);
    digest_of(text, n, p->sha256);
    const char *slash = strrchr(path, '/');
    p->dir = !slash || slash == path ? "/" : arena_strndup(mem, path, (size_t)(slash - path));

    struct jsonfile file;
    struct envfile env = {0};
    struct settings settings = {.mem = mem};
    jsonfile_parse(&file, shown, text, n, mem, faults);
    read_env_file(p, o, &env, faults);
    struct variables variables = {.mem = mem,
                                  .file = &env,
                                  .faults = faults,
                                  .source_url = o->source_url,
                                  .target_url = o->target_url};
    struct fields fields = {.file = &file,
                            .variables = &variables,
                            .mem = mem,
                            .dir = p->dir,
                            .source_url = o->source_url,
                            .settings = &settings,
                            .faults = faults};
    if (file.root && file.root->kind == JSONFILE_OBJECT)
        fill(&fields, o, p);
    else if (file.root)
        jsonfile_fault(&file, file.root->raw, faults, minimal_example,
                       "the project file holds %s, due is an object",
                       jsonfile_kind_name(file.root));
    p->settings = settings.items;
    p->n_settings = settings.n;
    if (faults->n == before)
        return p;
    project_free(p);
    return NULL;
}

struct project *project_parse(const char *text, size_t n, const char *path,
                              const struct project_overrides *overrides, struct faults *faults)
{
    return parse(text, n, path, path, overrides, faults);
}

struct project *project_load(const char *path, const struct project_overrides *overrides,
                             struct faults *faults)
{
    struct project *project = NULL;
    struct error err = {0};
    struct str shown, text;
    struct stat st;
    str_init(&shown, 0);
    str_init(&text, JSONFILE_MAX);
    str_add(&shown, path);
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        str_add(&shown, shown.len && path[shown.len - 1] == '/' ? "project.json" : "/project.json");
    char *real = safefile_resolve(shown.data);
    int result = safefile_read(shown.data, "project file", SAFEFILE_TRUSTED, &text, NULL, &err);
    if (result == 0 && jsonfile_blank(text.data, text.len)) {
        result = error_set(&err, STATUS_CONFIG, "project file \"%s\" is empty", shown.data);
        error_fix(&err, "%s", minimal_example);
    }
    if (result != 0)
        faults_add(faults, &err);
    else
        project = parse(text.data, text.len, shown.data, real, overrides, faults);
    free(real);
    str_clear(&shown);
    str_clear(&text);
    return project;
}

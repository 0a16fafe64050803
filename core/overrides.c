/* overrides.c - what stands above and below the project file. Order for each value: flag,
 * environment, env file, project file, default. The target's URL is the exception: a project that
 * names its target keeps it, so that a stray DATABASE_URL redirects nothing. */
#include "overrides.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "projectkeys.h"
#include "str.h"
#include "url.h"

static const struct field *field_of(const char *key)
{
    const char *dot = strchr(key, '.');
    if (!dot)
        return fields_find(&projectkeys_root, key);
    char section[32];
    snprintf(section, sizeof section, "%.*s", (int)(dot - key), key);
    return fields_find(fields_find(&projectkeys_root, section)->section, dot + 1);
}

static void misfit(struct fields *f, const struct field *field, const char *what, int code)
{
    struct error err = {0};
    struct str expected;
    str_init(&expected, 0);
    fields_expected(field, &expected);
    error_set(&err, code, "%s does not fit, due is %s", what, expected.data);
    faults_add(f->faults, &err);
    str_clear(&expected);
}

static void note_url(struct fields *f, const char *key, const char *url, const char *origin)
{
    struct str masked;
    str_init(&masked, 0);
    url_mask(&masked, url);
    settings_set(f->settings, key, masked.data, origin);
    str_clear(&masked);
}

static void set(struct fields *f, const char *key, const char *text, const char *origin,
                const char *what, int code, struct project *p)
{
    const struct field *field = field_of(key);
    if (fields_set(f, field, text, p) != 0) {
        misfit(f, field, what, code);
        return;
    }
    if (field->type == FIELD_PATH)
        memcpy(&text, (char *)p + field->offset, sizeof text);
    if (field->type == FIELD_URL)
        note_url(f, key, text, origin);
    else
        settings_set(f->settings, key, text, origin);
}

static void set_flag(struct fields *f, const char *key, const char *flag, const char *text,
                     struct project *p)
{
    if (text)
        set(f, key, text, arena_printf(f->mem, "flag %s", flag), flag, STATUS_USAGE, p);
}

/* A path on the command line counts from the working directory, not from the project. */
static const char *from_cwd(struct fields *f, const char *path)
{
    char *cwd = path && path[0] != '/' ? getcwd(NULL, 0) : NULL;
    if (cwd)
        path = arena_printf(f->mem, "%s/%s", cwd, path);
    free(cwd);
    return path;
}

static void apply_variable(struct fields *f, const char *key, const char *name, struct project *p)
{
    struct variable v = variables_get(f->variables, name);
    if (v.value && *v.value)
        set(f, key, v.value, v.origin, arena_printf(f->mem, "variable %s", v.name), STATUS_CONFIG,
            p);
}

/* DEBUG=migration:* in the manner of the npm module "debug": a list, split by commas or spaces. */
static int asks_for_debug(const char *value)
{
    for (const char *p = value; (p = strstr(p, "migration")); p++)
        if ((p == value || p[-1] == ',' || p[-1] == ' ') && (p[9] == ':' || !p[9] || p[9] == ','))
            return 1;
    return 0;
}

static const char *level_word(const char *text)
{
    static const char *const words[] = {NULL, "debug", "info", "warning", "error"};
    return words[log_level_parse(text)];
}

static void apply_log_level(struct fields *f, const struct project_overrides *o, struct project *p)
{
    static const char *const names[] = {"MIGRATION_LOG_LEVEL", "LOG_LEVEL"};
    if (o->log_level) {
        const char *word = level_word(o->log_level);
        set_flag(f, "log_level", "--log-level", word ? word : o->log_level, p);
        return;
    }
    struct variable best = {0};
    for (size_t i = 0; i < 2; i++) {
        struct variable v = variables_get(f->variables, names[i]);
        if (v.value && *v.value && (!best.value || v.from_file < best.from_file))
            best = v;
    }
    struct variable debug = variables_get(f->variables, "DEBUG");
    if (debug.value && asks_for_debug(debug.value) &&
        (!best.value || debug.from_file < best.from_file)) {
        best = debug;
        best.value = "debug";
    }
    if (!best.value)
        return;
    const char *word = level_word(best.value);
    set(f, "log_level", word ? word : best.value, best.origin,
        arena_printf(f->mem, "variable %s", best.name), STATUS_CONFIG, p);
}

static void apply_target_flag(struct fields *f, const struct project_overrides *o,
                              struct project *p)
{
    const char *fault = o->target_url ? url_database_fault(o->target_url) : NULL;
    if (fault) {
        struct error err = {0};
        error_set(&err, STATUS_USAGE, "--target is no connection URL: %s", fault);
        faults_add(f->faults, &err);
    } else {
        set_flag(f, "target.url", "--target", o->target_url, p);
    }
}

static void check_source_flag(struct fields *f, const struct project_overrides *o)
{
    if (!o->source_url || f->source_urls == 1)
        return;
    struct error err = {0};
    error_set(&err, STATUS_USAGE, "--source needs one source with an option \"url\", there are %d",
              f->source_urls);
    faults_add(f->faults, &err);
}

void overrides_apply(struct fields *f, const struct project_overrides *o, struct project *p)
{
    apply_variable(f, "batch_size", "MIGRATION_BATCH_SIZE", p);
    apply_variable(f, "report_dir", "MIGRATION_REPORT_DIR", p);
    apply_variable(f, "export.dir", "MIGRATION_EXPORT_DIR", p);
    apply_log_level(f, o, p);
    apply_target_flag(f, o, p);
    check_source_flag(f, o);
    set_flag(f, "rehearsal.url", "URL", o->rehearsal_url, p);
    set_flag(f, "report_dir", "--report-dir", from_cwd(f, o->report_dir), p);
    set_flag(f, "backup.dir", "--backup-dir", from_cwd(f, o->backup_dir), p);
    set_flag(f, "export.dir", "--export-dir", from_cwd(f, o->export_dir), p);
    set_flag(f, "work_dir", "--work-dir", from_cwd(f, o->work_dir), p);
    set_flag(f, "target.state_schema", "--state-schema", o->state_schema, p);
    if (o->batch_size)
        set_flag(f, "batch_size", "--batch-size",
                 arena_printf(f->mem, "%lld", (long long)o->batch_size), p);
    if (o->jobs)
        set_flag(f, "jobs", "--jobs", arena_printf(f->mem, "%lld", (long long)o->jobs), p);
    if (o->strict)
        set_flag(f, "strict", "--strict", "true", p);
    if (o->pool_max)
        set_flag(f, "pool_max", "--pool-max", arena_printf(f->mem, "%lld", (long long)o->pool_max),
                 p);
}

/* A database's URL that the project does not give, from the first of these variables. */
static void default_url(struct fields *f, const char *key, const char *const names[],
                        const char **url)
{
    for (size_t i = 0; names[i] && !*url; i++) {
        struct variable v = variables_get(f->variables, names[i]);
        if (!v.value || !*v.value)
            continue;
        const char *fault = url_database_fault(v.value);
        *url = v.value;
        note_url(f, key, v.value, v.origin);
        if (fault) {
            struct error err = {0};
            error_set(&err, STATUS_CONFIG, "variable %s is no connection URL: %s", v.name, fault);
            error_fix(&err, "write postgresql://user@host:port/database; the text is not shown "
                            "because it may hold a password");
            faults_add(f->faults, &err);
        }
    }
    if (!*url) {
        *url = "";
        settings_set(f->settings, key, "", "default");
    }
}

/* FNV-1a: tells apart projects of one name in different places. No secret depends on it. */
static uint32_t path_hash(const char *path)
{
    uint32_t h = 2166136261U;
    for (const unsigned char *p = (const unsigned char *)path; *p; p++)
        h = (h ^ *p) * 16777619U;
    return h;
}

/* Where the XDG base directory specification keeps state. */
static const char *state_home(struct fields *f)
{
    const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (xdg && xdg[0] == '/')
        return arena_printf(f->mem, "%s/mighost", xdg);
    if (home && home[0] == '/')
        return arena_printf(f->mem, "%s/.local/state/mighost", home);
    return arena_printf(f->mem, "/var/tmp/mighost-%ju", (uintmax_t)getuid());
}

static void default_dir(struct fields *f, const char *key, const char **dir, const char *path)
{
    if (*dir)
        return;
    *dir = path;
    settings_set(f->settings, key, path, "default");
}

void overrides_defaults(struct fields *f, struct project *p)
{
    static const char *const target[] = {"V2_DATABASE_URL", "DATABASE_URL", NULL};
    static const char *const rehearsal[] = {"STAGING_DATABASE_URL", NULL};
    default_url(f, "target.url", target, &p->target.url);
    default_url(f, "rehearsal.url", rehearsal, &p->rehearsal.url);
    default_dir(f, "work_dir", &p->work_dir,
                arena_printf(f->mem, "%s/%s-%08x", state_home(f), p->name ? p->name : "",
                             path_hash(p->path)));
    default_dir(f, "report_dir", &p->report_dir, arena_printf(f->mem, "%s/reports", p->work_dir));
    default_dir(f, "backup.dir", &p->backup_dir, arena_printf(f->mem, "%s/backups", p->work_dir));
    p->export_is_set = p->export_dir != NULL;
    default_dir(f, "export.dir", &p->export_dir, arena_printf(f->mem, "%s/migration_data", p->dir));
    p->export_key = variables_get(f->variables, "MIGHOST_EXPORT_KEY").value;
    if (!p->log_level)
        settings_set(f->settings, "log_level", "info", "default");
}

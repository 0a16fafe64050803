/* plugins.c - the actions on plugins: list, check, lock. Nothing of a project is read. */
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "conform.h"
#include "kind.h"
#include "output.h"
#include "registry.h"
#include "safefile.h"

static int failed(struct session *s, int code)
{
    session_report(s, "nothing was written");
    return code ? code : faults_code(&s->faults);
}

static void print_plugin(const struct loader_plugin *p)
{
    output_format("%s %s, ABI %u.%u\n  %s\n  sha256 %s\n", p->plugin->id, p->plugin->version,
                  p->plugin->abi_major, p->plugin->abi_minor, p->path, p->sha256);
    for (size_t i = 0; p->plugin->units[i]; i++) {
        const mig_unit_t *u = p->plugin->units[i];
        struct str options;
        output_format("  %s:%s - %s\n", registry_kind_name(u->kind), u->name, u->summary);
        str_init(&options, 0);
        options_print(u->options, &options);
        for (const char *line = options.data; *line;) {
            const char *end = strchr(line, '\n');
            size_t n = end ? (size_t)(end - line) : strlen(line);
            output_format("      %.*s\n", (int)n, line);
            line += n + (end != NULL);
        }
        str_clear(&options);
    }
}

int plugins_list(const struct cli *cli, struct session *s)
{
    struct loader_file *files = NULL;
    size_t n = 0;
    int code =
        loader_init(&s->loader, cli->session.plugin_dirs, cli->session.n_plugin_dirs, &s->faults);
    if (!code)
        code = loader_scan(&s->loader, &files, &n, &s->faults);
    for (size_t i = 0; !code && i < n; i++) {
        struct loader_plugin *p = NULL;
        if (loader_check_file(&s->loader, files[i].path, &p, &s->faults) == 0 && p)
            print_plugin(p);
    }
    return s->faults.n ? failed(s, code) : 0;
}

/* ---- check ------------------------------------------------------------------------------ */

struct load {
    struct session *s;
    const char *file;
    struct loader_plugin *out;
    int code;
};

static void load(void *ctx)
{
    struct load *l = ctx;
    char *path = strdup(l->file); /* its own directory is looked in, no other */
    const char *dir = path ? dirname(path) : ".";
    l->code = loader_init(&l->s->loader, &dir, 1, &l->s->faults);
    free(path);
    if (!l->code)
        l->code = loader_check_file(&l->s->loader, l->file, &l->out, &l->s->faults);
}

/* The object in the file of --unit-options; its paths are relative to that file. */
static int read_options(const char *path, struct arena *mem, struct conform_wishes *out,
                        struct session *s)
{
    struct str text;
    struct jsonfile file;
    str_init(&text, JSONFILE_MAX);
    int code = safefile_read(path, "options", 0, &text, NULL, &s->err);
    if (!code)
        code = jsonfile_parse(&file, path, text.data, text.len, mem, &s->faults);
    if (!code && file.root->kind != JSONFILE_OBJECT) {
        code =
            error_set(&s->err, STATUS_CONFIG, "%s holds %s", path, jsonfile_kind_name(file.root));
        error_fix(&s->err, "write { \"kind:name\": { \"option\": value } }");
    }
    out->options = code ? NULL : file.root;
    out->dir = dirname(arena_strdup(mem, path));
    str_clear(&text);
    return code;
}

static int known_unit(const mig_plugin_t *plugin, const char *feature, struct session *s)
{
    for (size_t i = 0; plugin->units[i]; i++) {
        const char *name = NULL;
        if (kind_split(feature, &name) == plugin->units[i]->kind &&
            strcmp(name, plugin->units[i]->name) == 0)
            return 0;
    }
    error_set(&s->err, STATUS_CONFIG, "the plugin has no unit \"%.80s\"", feature);
    error_fix(&s->err, "name its units as \"kind:name\"; mighost --list-plugins shows them");
    return STATUS_CONFIG;
}

/* Every unit that is named is one of the plugin: a typing mistake must not pass. */
static int known_units(const mig_plugin_t *plugin, const struct conform_wishes *wishes,
                       struct session *s)
{
    int code = 0;
    const struct jsonfile_node *given = wishes->options;
    for (const struct jsonfile_node *n = given ? given->first : NULL; n && !code; n = n->next)
        code = known_unit(plugin, n->key, s);
    for (size_t i = 0; i < wishes->n_only && !code; i++)
        code = known_unit(plugin, wishes->only[i], s);
    return code;
}

int plugins_check(const struct cli *cli, struct session *s)
{
    struct str told;
    const struct project_overrides *o = &cli->session.overrides;
    struct conform_wishes wishes = {.dir = ".", .only = o->only, .n_only = o->n_only};
    struct load l = {s, cli->argument, NULL, 0};
    struct arena *mem = arena_new();
    str_init(&told, 0);
    int code = cli->unit_options ? read_options(cli->unit_options, mem, &wishes, s) : 0;
    if (!code)
        code = conform_load(cli->argument, load, &l, &s->faults);
    if (!code) {
        load(&l);
        code = l.code;
    }
    if (!code && l.out)
        code = known_units(l.out->plugin, &wishes, s);
    if (!code && l.out) {
        print_plugin(l.out);
        code = conform_plugin(l.out, &wishes, &told, &s->faults);
        output_text(told.data ? told.data : "");
    }
    str_clear(&told);
    if (code || s->faults.n)
        code = failed(s, code);
    else
        output_line("no fault found");
    arena_free(mem);
    return code;
}

int plugins_lock(const struct cli *cli, struct session *s)
{
    int code =
        loader_init(&s->loader, cli->session.plugin_dirs, cli->session.n_plugin_dirs, &s->faults);
    if (!code)
        code = loader_write_lock(&s->loader, &s->faults);
    if (code || s->faults.n)
        return failed(s, code);
    output_line("plugins.lock is written");
    return 0;
}

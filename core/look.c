/* look.c - the actions that only look: ping, configuration, grants, plugins. */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "actions.h"
#include "call.h"
#include "embedded.h"
#include "log.h"
#include "output.h"
#include "rights.h"

static int failed(struct session *s, int code)
{
    session_report(s, "nothing was written");
    return code ? code : faults_code(&s->faults);
}

/* ---- connections and configuration ------------------------------------------------------ */

int look_ping(const struct cli *cli, struct session *s)
{
    (void)cli;
    int worst = 0;
    int code = session_units(s);
    if (code)
        return failed(s, code);
    for (size_t i = 0; i < s->project->n_sources; i++) {
        struct unit *u = s->job.sources[i];
        if (!u)
            continue;
        int32_t returned = call_ping(u);
        struct error err = {0};
        if (returned != MIG_OK) {
            worst = host_error(u, returned, "ping", &err);
            log_error(&err, "nothing was written");
        }
        output_format("source %s: %s\n", s->project->sources[i].name,
                      returned == MIG_OK ? "answers" : err.what);
    }
    code = session_target(s);
    output_format("target: %s\n",
                  code ? s->err.code ? s->err.what : s->faults.items[0].what : "answers");
    return code ? failed(s, code) : worst;
}

int look_config(const struct cli *cli, struct session *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->project->n_settings; i++) {
        const struct project_setting *p = &s->project->settings[i];
        if (cli->json)
            json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "key", p->key, "value",
                                                  p->value ? p->value : "", "origin", p->origin));
        else
            output_format("%-28s %-40s (%s)\n", p->key, p->value ? p->value : "", p->origin);
    }
    char *text = cli->json ? json_dumps(list, JSON_INDENT(2)) : NULL;
    if (text)
        output_line(text);
    free(text);
    json_decref(list);
    return 0;
}

/* That rights are missing is no fault here: it is why somebody asks. */
int look_grants(const struct cli *cli, struct session *s)
{
    (void)cli;
    int code = session_joined(s);
    if (code && !s->job.n_tables)
        return failed(s, code);
    struct pg_where where;
    struct str text;
    str_init(&text, 0);
    pg_where(s->pg, &where);
    state_grants(s->state.schema, where.user, where.dbname, &text);
    error_clear(&s->err);
    code = rights_text(&s->job, s->pg, &text, &s->err);
    str_add(&text, "-- triggers are held back at undo only where the role owns the table\n");
    if (!code)
        output_text(text.data);
    str_clear(&text);
    return code ? failed(s, code) : 0;
}

int look_stop_server(const struct cli *cli, struct session *s)
{
    (void)cli;
    int code = embedded_stop(s->project->work_dir, &s->err);
    if (code)
        return failed(s, code);
    output_line("the embedded server is stopped; the next run starts it again");
    return 0;
}

/* ---- plugins --------------------------------------------------------------------------- */

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

int look_plugins(const struct cli *cli, struct session *s)
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

int look_check_plugin(const struct cli *cli, struct session *s)
{
    struct loader_plugin *p = NULL;
    char *path = strdup(cli->argument); /* its own directory is looked in, no other */
    const char *dir = path ? dirname(path) : ".";
    int code = loader_init(&s->loader, &dir, 1, &s->faults);
    free(path);
    if (!code)
        code = loader_check_file(&s->loader, cli->argument, &p, &s->faults);
    if (code || s->faults.n || !p)
        return failed(s, code);
    print_plugin(p);
    output_line("no fault found");
    return 0;
}

int look_lock_plugins(const struct cli *cli, struct session *s)
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

/* session.c - project, plugins, target and job, made one after the other. No step changes
 * anything but session_units and session_target (which start an embedded server where the project
 * names none) and session_state (its schema). */
#include "session.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "connections.h"
#include "crashed.h"
#include "embedded.h"
#include "embedded_schema.h"
#include "export.h"
#include "fault.h"
#include "join.h"
#include "log.h"
#include "logins.h"
#include "preflight.h"
#include "preserve.h"
#include "projecturl.h"
#include "publications.h"
#include "requires.h"
#include "rights.h"
#include "samedb.h"
#include "tls.h"

void session_init(struct session *s, const struct session_options *options)
{
    memset(s, 0, sizeof *s);
    s->options = options;
}

void session_clear(struct session *s)
{
    pg_close(s->reader);
    pg_close(s->pg);
    if (s->job.mem)
        job_clear(&s->job);
    if (s->host.record)
        host_clear(&s->host);
    if (s->registry.mem)
        registry_clear(&s->registry);
    if (s->loader.mem)
        loader_clear(&s->loader);
    project_free(s->project);
    faults_clear(&s->faults);
    explicit_bzero(s->url, sizeof s->url);
}

int session_project(struct session *s)
{
    s->project = project_load(s->options->project_path, &s->options->overrides, &s->faults);
    if (!s->project)
        return faults_code(&s->faults);
    if (s->project->log_level && log_level_parse(s->project->log_level))
        log_level_set((enum log_level)log_level_parse(s->project->log_level));
    if (fault_point("project.loaded"))
        return error_set(&s->err, STATUS_TEMPORARY, "fault point project.loaded");
    return 0;
}

static void load_feature(void *ctx, const char *feature, struct faults *faults)
{
    struct session *s = ctx;
    loader_load(&s->loader, &feature, 1, faults);
    for (size_t i = 0; i < s->loader.n; i++) {
        const struct loader_plugin *p = &s->loader.plugins[i];
        registry_add(&s->registry, p->plugin, p->path, p->sha256, faults);
    }
}

/* A database of the project's own server; a new one gets what the project says it holds. */
static int embedded_database(struct session *s, const char *name, const char *schema, char *url,
                             size_t size)
{
    int code = embedded_start(s->project->work_dir, name, url, size, &s->err);
    return code || !schema ? code : embedded_schema(url, schema, &s->err);
}

static int is_read(const struct project *p, const struct project_source *source)
{
    for (size_t i = 0; i < p->n_stages; i++)
        if (p->stages[i].enabled && str_equal(p->stages[i].source, source->name))
            return 1;
    return 0;
}

/* Before units are made: a source learns its URL when it is made, wherever that comes from. */
int session_sources(struct session *s)
{
    int code = 0;
    for (size_t i = 0; !code && i < s->project->n_sources; i++) {
        struct project_source *source = &s->project->sources[i];
        char url[sizeof s->url];
        if (!source->embedded_schema || !is_read(s->project, source) ||
            !projecturl_missing(s->project, source))
            continue;
        code = embedded_database(s, source->name, source->embedded_schema, url, sizeof url);
        if (!code)
            projecturl_set(s->project, source, url);
    }
    return code;
}

/* Plugins are code of others, and need none of root's rights. */
static void warn_root(const struct session *s)
{
    if (geteuid() == 0 && !s->options->allow_root)
        log_write(LOG_WARNING, "running as root: plugins have all of its rights (--allow-root: no"
                               " warning)");
}

int session_units(struct session *s)
{
    warn_root(s);
    if (loader_init(&s->loader, s->options->plugin_dirs, s->options->n_plugin_dirs, &s->faults))
        return faults_code(&s->faults);
    if (session_sources(s))
        return s->err.code;
    s->loader.require_lock = s->options->require_lock;
    crashed_attend(s->project, s->options->retry_plugin, &s->loader);
    registry_init(&s->registry);
    host_init(&s->host, s->project, &s->registry);
    crash_limit(s->project->timeouts.plugin);
    export_prepare(&s->host, s->options, &s->faults);
    if (s->faults.n)
        return faults_code(&s->faults);
    s->host.load = load_feature;
    s->host.load_ctx = s;
    int code = job_units(&s->job, s->project, &s->host, &s->faults);
    if (!code && !s->faults.n)
        connections_check(&s->job, &s->faults);
    if (!code)
        tls_sources(&s->job, &s->faults);
    if (!code)
        logins_check(&s->job, &s->faults);
    if (!code)
        export_check(&s->job, &s->faults);
    if (!code && fault_point("plugins.loaded"))
        code = error_set(&s->err, STATUS_TEMPORARY, "fault point plugins.loaded");
    return s->faults.n ? faults_code(&s->faults) : code;
}

static const char *origin_of(const struct project *p, const char *key)
{
    for (size_t i = 0; i < p->n_settings; i++)
        if (str_equal(p->settings[i].key, key))
            return p->settings[i].origin;
    return "default";
}

int session_target(struct session *s)
{
    const struct project *p = s->project;
    if (p->target.url[0]) {
        snprintf(s->url, sizeof s->url, "%s", p->target.url);
        snprintf(s->psql, sizeof s->psql, "psql with the target's URL");
    } else {
        if (embedded_database(s, p->name, p->target.embedded_schema, s->url, sizeof s->url))
            return s->err.code;
        embedded_psql(p->work_dir, p->name, s->psql, sizeof s->psql);
        s->embedded = 1;
    }
    s->pg = pg_connect(s->url, "target", &p->timeouts, &s->err);
    if (!s->pg) {
        error_why(&s->err, "the target's URL comes from: %s", origin_of(p, "target.url"));
        return s->err.code;
    }
    tls_target(&s->job, s->url);
    state_init(&s->state, s->pg, p->target.state_schema);
    if (preflight_server(s->pg, &s->faults, &s->job.notes, &s->err))
        return s->err.code;
    return faults_code(&s->faults);
}

int session_catalog(struct session *s)
{
    if (pg_begin(s->pg, "READ ONLY", &s->err))
        return s->err.code;
    int code = join_catalog(&s->job, s->pg, &s->faults, &s->err);
    if (!code && !s->faults.n)
        code = rights_check(&s->job, s->pg, &s->faults, &s->err);
    if (!code && !s->faults.n)
        code = preflight_tables(&s->job, s->pg, &s->job.notes, &s->err);
    if (!code)
        code = publications_check(s->pg, s->state.schema, &s->faults, &s->job.notes, &s->err);
    if (!code && !s->faults.n)
        code = preserve_read(&s->job, s->pg, &s->faults, &s->err);
    pg_rollback(s->pg);
    if (!code && !s->faults.n && fault_point("plan.sorted"))
        code = error_set(&s->err, STATUS_TEMPORARY, "fault point plan.sorted");
    return s->faults.n ? faults_code(&s->faults) : code;
}

int session_fit(struct session *s)
{
    int code = requires_check(&s->job, s->pg, &s->faults, &s->err);
    return code ? code : session_catalog(s);
}

int session_preflight(struct session *s)
{
    int code = 0;
    preflight_outside(&s->job, s->pg, &s->faults);
    if (!s->faults.n && !s->options->same_database)
        samedb_check(&s->job, s->pg, &s->faults);
    if (!s->faults.n && fault_point("preflight.done"))
        code = error_set(&s->err, STATUS_TEMPORARY, "fault point preflight.done");
    return s->faults.n ? faults_code(&s->faults) : code;
}

int session_state(struct session *s)
{
    int code = state_prepare(&s->state, &s->err);
    if (!code && !s->reader) {
        s->reader = pg_connect(s->url, "target", &s->project->timeouts, &s->err);
        code = s->reader ? 0 : s->err.code;
    }
    if (!code && fault_point("state.ready"))
        code = error_set(&s->err, STATUS_TEMPORARY, "fault point state.ready");
    return code;
}

int session_joined(struct session *s)
{
    int code = session_units(s);
    if (!code)
        code = session_target(s);
    return code ? code : session_catalog(s);
}

int session_ready(struct session *s)
{
    int code = session_target(s);
    if (!code)
        code = session_fit(s);
    if (!code)
        code = session_preflight(s);
    return code ? code : session_state(s);
}

void session_report(const struct session *s, const char *state)
{
    for (size_t i = 0; i < s->faults.n; i++)
        log_error(&s->faults.items[i], i + 1 == s->faults.n && !s->err.code ? state : NULL);
    if (s->err.code)
        log_error(&s->err, state);
}

/* session.h - what most actions need first: project, plugins, target, job; and all of it freed
 * at the end. */
#ifndef MIGHOST_SESSION_H
#define MIGHOST_SESSION_H

#include "host.h"
#include "job.h"
#include "loader.h"
#include "pg.h"
#include "project.h"
#include "registry.h"
#include "state.h"

enum session_exports { SESSION_EXPORTS_NOT, SESSION_EXPORTS_WHERE_SET, SESSION_EXPORTS };

struct session_options {
    const char *project_path;
    struct project_overrides overrides;
    const char *const *plugin_dirs;
    size_t n_plugin_dirs;
    int require_lock;
    int retry_plugin;             /* one that crashed is tried again */
    int allow_root;               /* root, whatever the loader put into the process */
    int allow_insecure_tls;       /* servers elsewhere need not prove their name */
    int same_database;            /* sources may read tables that the project writes */
    enum session_exports exports; /* is what sources give kept, see export.h */
    int skip_export;              /* it is read from there instead */
    const char *command;          /* the command line, secrets wiped; for the audit trail */
};

struct session {
    const struct session_options *options;
    struct project *project;
    struct loader loader;
    struct registry registry;
    struct host host;
    struct job job;
    struct pg *pg, *reader; /* reader: read-only work of users and reporters */
    struct state state;
    char url[4096];  /* of the target; may hold a password */
    char psql[4200]; /* how to look at the target */
    int embedded;
    struct faults faults;
    struct error err;
};

void session_init(struct session *s, const struct session_options *options);
void session_clear(struct session *s);
/* Each step needs the ones before it; returns a status, with faults or err filled. */
int session_project(struct session *s);
/* Databases of sources that name no server, in the embedded one; session_units() does it, too. */
int session_sources(struct session *s);
int session_units(struct session *s);   /* may start the embedded server, for a source */
int session_target(struct session *s);  /* starts the embedded server, connects */
int session_catalog(struct session *s); /* joins the job with the target's catalog */
/* The same for a run, or its plan: extensions and schema version are asked for, too. A backup or
 * the grants must not wait for these. */
int session_fit(struct session *s);
int session_preflight(struct session *s); /* tools and sources that a run will need */
int session_state(struct session *s);     /* prepares the state schema */
/* Units, target and catalog: what asks about the plan on its target. */
int session_joined(struct session *s);
/* From the target on, behind the units: all that a run needs before it begins. */
int session_ready(struct session *s);
/* Logs every fault, then the error, with the state line. */
void session_report(const struct session *s, const char *state);

#endif

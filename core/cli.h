/* cli.h - the command line: one table of options makes the parser and --help. */
#ifndef MIGHOST_CLI_H
#define MIGHOST_CLI_H

#include "project.h"
#include "session.h"
#include "status.h"

enum cli_action {
    ACTION_NONE,
    ACTION_RUN,
    ACTION_DRY_RUN,
    ACTION_EXPORT_ONLY,
    ACTION_PUBLISH,
    ACTION_REDRIVE,
    ACTION_PLAN,
    ACTION_PREFLIGHT,
    ACTION_REHEARSE,
    ACTION_ANALYZE,
    ACTION_COMPARE_COUNTS,
    ACTION_SCHEMA_DIFF,
    ACTION_SCHEMA_SYNC,
    ACTION_NEW_PROJECT,
    ACTION_PING,
    ACTION_SHOW_CONFIG,
    ACTION_STATUS,
    ACTION_SERVE,
    ACTION_EXPLAIN,
    ACTION_VALIDATE,
    ACTION_VERIFY,
    ACTION_CHECK_LOGIN,
    ACTION_ROLLBACK,
    ACTION_FINALIZE,
    ACTION_REPORT,
    ACTION_ABANDON,
    ACTION_PURGE,
    ACTION_CLEAN,
    ACTION_DRY_CLEAN,
    ACTION_BACKUP,
    ACTION_BACKUPS,
    ACTION_RESTORE,
    ACTION_VERIFY_BACKUP,
    ACTION_PRUNE,
    ACTION_PRINT_GRANTS,
    ACTION_LIST_PLUGINS,
    ACTION_VERIFY_BUNDLE,
    ACTION_CHECK_PLUGIN,
    ACTION_NEW_PLUGIN,
    ACTION_LOCK_PLUGINS,
    ACTION_SELF_TEST,
    ACTION_STOP_SERVER,
    ACTION_LIST_FAULTS,
    ACTION_HELP,
    ACTION_VERSION
};

struct cli {
    enum cli_action action;
    const char *argument; /* RUN, ID, FILE, DAYS of the action, or NULL */
    const char *other;    /* the second database of --schema-diff, or NULL */
    struct session_options session;
    const char **plugin_dirs;
    char *command; /* the whole line, secrets wiped */
    const char *rollback_file, *rollback_mode, *label, *rows;
    const char *unit_options;    /* of --check-plugin */
    const char *kind, *language; /* of --new-plugin, or NULL */
    const char *acknowledge;     /* a checklist with its items checked, or NULL */
    int force, skip_staging, skip_tests, accept_differences;
    int yes, takeover, hold, json, verbose, quiet, dot, full, prove, follow;
    const char *format;     /* of --plan */
    const char *log_format; /* text, json or NULL */
};

/* STATUS_USAGE with err when the line is wrong. Overwrites arguments that hold a password. */
int cli_parse(int argc, char **argv, struct cli *out, struct error *err);
void cli_clear(struct cli *cli);
/* All options, grouped by what one wants to do. */
void cli_help(struct str *out);

#endif

/* actions.c - which action does what, and the state line that stands behind an error. */
#include "actions.h"

#include <stdio.h>

#include "config.h"
#include "fault.h"
#include "output.h"
#include "signals.h"
#include "str.h"

static int help(const struct cli *cli, struct session *s)
{
    (void)cli;
    (void)s;
    struct str text;
    str_init(&text, 0);
    cli_help(&text);
    output_text(text.data);
    str_clear(&text);
    return 0;
}

static int version(const struct cli *cli, struct session *s)
{
    (void)cli;
    (void)s;
    output_format("mighost %s, plugin ABI %d.%d\n", PACKAGE_VERSION, MIG_ABI_MAJOR, MIG_ABI_MINOR);
    return 0;
}

static int faults(const struct cli *cli, struct session *s)
{
    (void)cli;
    (void)s;
    fault_print();
    return 0;
}

static const struct {
    enum cli_action action;
    int (*run)(const struct cli *cli, struct session *s);
    int needs_project;
} table[] = {
    {ACTION_RUN, action_run, 1},
    {ACTION_DRY_RUN, action_run, 1},
    {ACTION_EXPORT_ONLY, action_export, 1},
    {ACTION_PUBLISH, action_publish, 1},
    {ACTION_REDRIVE, action_redrive, 1},
    {ACTION_PLAN, action_plan, 1},
    {ACTION_PREFLIGHT, action_preflight, 1},
    {ACTION_VALIDATE, action_validate, 1},
    {ACTION_REHEARSE, rehearse_run, 1},
    {ACTION_ANALYZE, analyze_run, 1},
    {ACTION_COMPARE_COUNTS, compare_counts, 1},
    {ACTION_SCHEMA_DIFF, schemas_diff, 0},
    {ACTION_NEW_PROJECT, newproject_run, 0},
    {ACTION_SCHEMA_SYNC, schemas_sync, 1},
    {ACTION_ROLLBACK, history_rollback, 0},
    {ACTION_VERIFY, history_verify, 1},
    {ACTION_CHECK_LOGIN, login_check, 1},
    {ACTION_FINALIZE, history_finalize, 1},
    {ACTION_ABANDON, history_abandon, 1},
    {ACTION_PURGE, history_purge, 1},
    {ACTION_STATUS, watch_status, 1},
    {ACTION_SERVE, serve_run, 1},
    {ACTION_EXPLAIN, explain_action, 1},
    {ACTION_REPORT, bundle_remake, 1},
    {ACTION_VERIFY_BUNDLE, bundle_verify, 0},
    {ACTION_PING, look_ping, 1},
    {ACTION_SHOW_CONFIG, look_config, 1},
    {ACTION_PRINT_GRANTS, look_grants, 1},
    {ACTION_LIST_PLUGINS, plugins_list, 0},
    {ACTION_CHECK_PLUGIN, plugins_check, 0},
    {ACTION_NEW_PLUGIN, newplugin_run, 0},
    {ACTION_LOCK_PLUGINS, plugins_lock, 0},
    {ACTION_STOP_SERVER, look_stop_server, 1},
    {ACTION_BACKUP, keep_backup, 1},
    {ACTION_BACKUPS, keep_backups, 1},
    {ACTION_VERIFY_BACKUP, keep_verify, 1},
    {ACTION_RESTORE, keep_restore, 1},
    {ACTION_PRUNE, keep_prune, 1},
    {ACTION_CLEAN, clean_run, 1},
    {ACTION_DRY_CLEAN, clean_run, 1},
    {ACTION_SELF_TEST, selftest_run, 0},
    {ACTION_LIST_FAULTS, faults, 0},
    {ACTION_HELP, help, 0},
    {ACTION_VERSION, version, 0},
};

/* The first signal cancels what waits for the target; run.c sees to what a run must finish. */
static int stoppable(int (*action)(const struct cli *cli, struct session *s), const struct cli *cli,
                     struct session *s)
{
    signals_cancel_statements(1);
    int code = action(cli, s);
    signals_cancel_statements(0);
    return code == STATUS_TEMPORARY && host_is_cancelled() ? signals_code() : code;
}

int actions_run(const struct cli *cli)
{
    struct session s;
    int code = STATUS_BUG;
    session_init(&s, &cli->session);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].action != cli->action)
            continue;
        code = table[i].needs_project ? session_project(&s) : 0;
        if (code) {
            session_report(&s, "nothing was written");
            action_unloaded(cli, code);
        } else {
            code = stoppable(table[i].run, cli, &s);
        }
    }
    session_clear(&s);
    return code;
}

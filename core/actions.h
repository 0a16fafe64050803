/* actions.h - one function per action: command line -> exit code. Results on stdout, progress
 * and errors on stderr. */
#ifndef MIGHOST_ACTIONS_H
#define MIGHOST_ACTIONS_H

#include "cli.h"

/* Runs the chosen action and returns the exit code. */
int actions_run(const struct cli *cli);

/* Parts, by file. */
int action_run(const struct cli *cli, struct session *s);
int action_export(const struct cli *cli, struct session *s);
int action_publish(const struct cli *cli, struct session *s);
int action_redrive(const struct cli *cli, struct session *s);
/* A run whose project cannot be read: it ends with the verdict, too. */
void action_unloaded(const struct cli *cli, int code);
int action_plan(const struct cli *cli, struct session *s);
int action_preflight(const struct cli *cli, struct session *s);
int action_validate(const struct cli *cli, struct session *s);

/* The number of the run that was asked for; 0: none was. */
int history_run_number(const struct cli *cli, int64_t *run, struct error *err);
/* Connects and finds that run, or the newest in one of these states. */
int history_attach(const struct cli *cli, struct session *s, const char *states);
/* 0 when the run is held and the plan is still the one that it was checked by. `parent`: the run
 * that it redrives, or 0. */
int history_held(struct session *s, int64_t run, int64_t *parent);
int history_rollback(const struct cli *cli, struct session *s);
int history_verify(const struct cli *cli, struct session *s);
int login_check(const struct cli *cli, struct session *s);
int history_finalize(const struct cli *cli, struct session *s);
int history_abandon(const struct cli *cli, struct session *s);
int history_purge(const struct cli *cli, struct session *s);

int watch_status(const struct cli *cli, struct session *s);
int serve_run(const struct cli *cli, struct session *s);

int look_ping(const struct cli *cli, struct session *s);
int look_config(const struct cli *cli, struct session *s);
int look_grants(const struct cli *cli, struct session *s);
int plugins_list(const struct cli *cli, struct session *s);
int plugins_check(const struct cli *cli, struct session *s);
int newplugin_run(const struct cli *cli, struct session *s);
int plugins_lock(const struct cli *cli, struct session *s);
int look_stop_server(const struct cli *cli, struct session *s);

int explain_action(const struct cli *cli, struct session *s);

int bundle_verify(const struct cli *cli, struct session *s);
int bundle_remake(const struct cli *cli, struct session *s);

int rehearse_run(const struct cli *cli, struct session *s);
int analyze_run(const struct cli *cli, struct session *s);
int compare_counts(const struct cli *cli, struct session *s);

int newproject_run(const struct cli *cli, struct session *s);

int schemas_diff(const struct cli *cli, struct session *s);
int schemas_sync(const struct cli *cli, struct session *s);

/* A backup of the tables that the job writes, or of all. */
int keep_make(struct session *s, enum backup_scope scope, const char *label, char id[64]);
int keep_backup(const struct cli *cli, struct session *s);
int keep_backups(const struct cli *cli, struct session *s);
int keep_verify(const struct cli *cli, struct session *s);
int keep_restore(const struct cli *cli, struct session *s);
int keep_prune(const struct cli *cli, struct session *s);

int clean_run(const struct cli *cli, struct session *s);

int selftest_run(const struct cli *cli, struct session *s);

#endif

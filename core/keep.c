/* keep.c - the actions on backups: make, list, restore, prune. */
#include <stdio.h>
#include <stdlib.h>

#include "actions.h"
#include "backup.h"
#include "confirm.h"
#include "output.h"

static int failed(struct session *s, int code, const char *state)
{
    session_report(s, state);
    return code ? code : faults_code(&s->faults);
}

int keep_make(struct session *s, enum backup_scope scope, char id[64])
{
    const char **names = arena_alloc(s->job.mem, (2 * s->job.n_tables + 1) * sizeof *names);
    for (size_t i = 0; i < s->job.n_tables; i++) {
        names[2 * i] = s->job.tables[i].t->schema;
        names[2 * i + 1] = s->job.tables[i].t->name;
    }
    struct backup_request request = {.dir = s->project->backup_dir,
                                     .url = s->url,
                                     .project = s->project->name,
                                     .run = "",
                                     .scope = scope,
                                     .tables = names,
                                     .n_tables = s->job.n_tables,
                                     .server_version = pg_server_version(s->pg),
                                     .state_schema = s->project->target.state_schema};
    return backup_make(&request, id, &s->err);
}

int keep_backup(const struct cli *cli, struct session *s)
{
    char id[64];
    int code = session_joined(s);
    if (!code)
        code = keep_make(s, cli->full ? BACKUP_DATABASE : BACKUP_TABLES, id);
    if (code)
        return failed(s, code, "no backup was made");
    output_format("%s in %s\n", id, s->project->backup_dir);
    return 0;
}

int keep_backups(const struct cli *cli, struct session *s)
{
    (void)cli;
    struct backup_info *list = NULL;
    size_t n = 0;
    struct arena *mem = arena_new();
    int code = backup_list(s->project->backup_dir, 1, mem, &list, &n, &s->err);
    for (size_t i = 0; !code && i < n; i++)
        output_format("%s  %s  run %s  %s  %llu bytes  %s%s\n", list[i].id, list[i].time,
                      list[i].run && list[i].run[0] ? list[i].run : "-", list[i].scope,
                      (unsigned long long)list[i].size,
                      list[i].good ? "good" : "DAMAGED: ", list[i].good ? "" : list[i].fault);
    if (!code && !n)
        output_format("no backup in %s\n", s->project->backup_dir);
    arena_free(mem);
    return code ? failed(s, code, "nothing was written") : 0;
}

int keep_restore(const struct cli *cli, struct session *s)
{
    int code = confirm_ask(cli, s);
    if (!code)
        code = session_target(s);
    if (!code)
        code = backup_restore(s->project->backup_dir, cli->argument, s->url, &s->err);
    if (code)
        return failed(s, code, "the tables are as they were");
    output_format("%s is restored\n", cli->argument);
    return 0;
}

int keep_prune(const struct cli *cli, struct session *s)
{
    char *end;
    struct str removed;
    long long days = strtoll(cli->argument, &end, 10);
    str_init(&removed, 0);
    int code = *end || days < 1
                   ? error_set(&s->err, STATUS_USAGE, "--prune takes a number of days, at least 1")
                   : backup_prune(s->project->backup_dir, days, s->project->backup_keep_count,
                                  &removed, &s->err);
    output_text(removed.data);
    str_clear(&removed);
    return code ? failed(s, code, "see which backups are left with --backups") : 0;
}

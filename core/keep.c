/* keep.c - the actions on backups: make, list, prove, restore, prune. */
#include <stdio.h>
#include <stdlib.h>

#include "actions.h"
#include "backup.h"
#include "confirm.h"
#include "jsonfile.h"
#include "output.h"
#include "plural.h"
#include "point.h"
#include "prove.h"
#include "rehearsal_copy.h"

static int failed(struct session *s, int code, const char *state)
{
    session_report(s, state);
    return code ? code : faults_code(&s->faults);
}

static int prove(struct session *s, const char *id)
{
    struct prove_result r;
    const struct prove_request request = {.project = s->project,
                                          .id = id,
                                          .url = s->url,
                                          .embedded = s->embedded,
                                          .server_version = pg_server_version(s->pg)};
    int code = prove_backup(&request, &r, &s->err);
    if (code)
        return failed(s, code, "the target is as it was, the backup is not proven");
    output_format("%s is proven: %zu %s with %lld %s restored %s, in %.2f s, %s\n", id, r.tables,
                  plural(r.tables, "table", "tables"), (long long)r.rows,
                  plural(r.rows, "row", "rows"), r.where, r.seconds,
                  r.unknown ? "some of them without a digest to compare with" : "digests equal");
    return 0;
}

int keep_make(struct session *s, enum backup_scope scope, const char *label, char id[64])
{
    struct backup_request request;
    if (point_request(&s->job, s->url, s->pg, &request, &s->err))
        return s->err.code;
    request.label = label;
    request.scope = scope;
    return backup_make(&request, id, &s->err);
}

int keep_backup(const struct cli *cli, struct session *s)
{
    char id[64];
    int code = session_joined(s);
    if (!code)
        code = keep_make(s, cli->full ? BACKUP_DATABASE : BACKUP_TABLES, cli->label, id);
    if (code)
        return failed(s, code, "no backup was made");
    output_format("%s in %s\n", id, s->project->backup_dir);
    return cli->prove ? prove(s, id) : 0;
}

int keep_verify(const struct cli *cli, struct session *s)
{
    int code = backup_verify(s->project->backup_dir, cli->argument, &s->err);
    if (!code)
        code = session_target(s);
    return code ? failed(s, code, "nothing was written") : prove(s, cli->argument);
}

static void tell_line(const struct backup_info *b)
{
    size_t tables = 0;
    for (size_t i = 0; i < b->n_tables; i++)
        tables += !b->tables[i].partitioned;
    output_format("%s  %s  run %s  %s  of %zu  %llu %s  ", b->id, b->time,
                  b->run && b->run[0] ? b->run : "-", b->scope, tables, (unsigned long long)b->size,
                  plural(b->size, "byte", "bytes"));
    for (size_t i = 0; i < b->n_parts; i++)
        output_format("%s %s  ", b->parts[i].kind, b->parts[i].name);
    if (b->label[0])
        output_format("\"%s\"  ", b->label);
    output_format("%s%s\n", b->good ? "good" : "DAMAGED: ", b->good ? "" : b->fault);
}

static void add_member(struct str *out, const char *key, const char *value, const char *before)
{
    str_printf(out, "%s\"%s\": ", before, key);
    jsonfile_quote(out, value);
}

static void add_tables(struct str *out, const struct backup_table *tables, size_t n)
{
    str_add(out, ", \"tables\": [");
    for (size_t i = 0; i < n; i++) {
        const struct backup_table *t = &tables[i];
        add_member(out, "schema", t->schema, i ? ", {" : "{");
        add_member(out, "name", t->name, ", ");
        str_printf(out, ", \"rows\": %s", t->rows ? t->rows : "null");
        if (t->digest)
            add_member(out, "digest", t->digest, ", ");
        str_add_char(out, '}');
    }
    str_add_char(out, ']');
}

static void add_json(struct str *out, const struct backup_info *b)
{
    add_member(out, "id", b->id, "{");
    add_member(out, "time", b->time, ", ");
    add_member(out, "run", b->run, ", ");
    add_member(out, "project", b->project, ", ");
    add_member(out, "label", b->label, ", ");
    add_member(out, "scope", b->scope, ", ");
    add_member(out, "path", b->path, ", ");
    str_printf(out, ", \"bytes\": %llu, \"good\": %s", (unsigned long long)b->size,
               b->good ? "true" : "false");
    add_member(out, "fault", b->fault, ", ");
    add_tables(out, b->tables, b->n_tables);
    str_add(out, ", \"parts\": [");
    for (size_t i = 0; i < b->n_parts; i++) {
        add_member(out, "kind", b->parts[i].kind, i ? ", {" : "{");
        add_member(out, "name", b->parts[i].name, ", ");
        add_member(out, "table", b->parts[i].table, ", ");
        add_member(out, "where", b->parts[i].where, ", ");
        add_tables(out, b->parts[i].tables, b->parts[i].n_tables);
        str_add_char(out, '}');
    }
    str_add(out, "]}");
}

static void list_json(const struct backup_info *list, size_t n)
{
    struct str text;
    str_init(&text, 0);
    for (size_t i = 0; i < n; i++) {
        str_add(&text, i ? ",\n " : "[");
        add_json(&text, &list[i]);
    }
    str_add(&text, n ? "]" : "[]");
    output_line(text.data);
    str_clear(&text);
}

int keep_backups(const struct cli *cli, struct session *s)
{
    struct backup_info *list = NULL;
    size_t n = 0;
    struct arena *mem = arena_new();
    int code = backup_list(s->project->backup_dir, 1, mem, &list, &n, &s->err);
    if (!code && cli->json)
        list_json(list, n);
    for (size_t i = 0; !code && !cli->json && i < n; i++)
        tell_line(&list[i]);
    if (!code && !n && !cli->json)
        output_format("no backup in %s\n", s->project->backup_dir);
    arena_free(mem);
    return code ? failed(s, code, "nothing was written") : 0;
}

static const struct project_rows *find_rows(struct session *s, const char *name)
{
    const struct project *p = s->project;
    for (size_t i = 0; i < p->n_backup_rows; i++)
        if (str_equal(p->backup_rows[i].name, name))
            return &p->backup_rows[i];
    error_set(&s->err, STATUS_USAGE, "the project's backup has no rows named %.80s", name);
    error_fix(&s->err, "name one of \"rows\" in its \"backup\"");
    return NULL;
}

/* The plan is asked for references that the target does not declare. */
static int restore_rows(const struct cli *cli, struct session *s)
{
    struct backup_request request;
    const struct project_rows *rule = find_rows(s, cli->rows);
    int code = rule ? session_joined(s) : STATUS_USAGE;
    if (code)
        return code;
    if (point_request(&s->job, s->url, s->pg, &request, &s->err))
        return s->err.code;
    request.rows = rule;
    request.n_rows = 1;
    return backup_rows_restore(s->project->backup_dir, cli->argument, &request, &s->err);
}

int keep_restore(const struct cli *cli, struct session *s)
{
    int code = confirm_ask(cli, s);
    if (!code && cli->rows)
        code = restore_rows(cli, s);
    else if (!code && (code = session_target(s)) == 0)
        code = backup_restore(s->project->backup_dir, cli->argument, s->url, &s->err);
    if (code)
        return failed(s, code, "the tables are as they were");
    if (cli->rows)
        output_format("%s: rows %s are restored\n", cli->argument, cli->rows);
    else
        output_format("%s is restored\n", cli->argument);
    return 0;
}

/* Those of rehearsal databases are as large as the target, and nobody lists them. */
static int prune_rehearsals(struct session *s, int64_t days, struct str *removed)
{
    struct arena *mem = arena_new();
    const char *const dirs[] = {rehearsal_copy_backups(s->project, mem),
                                rehearsal_copy_run_backups(s->project, mem)};
    int code = 0;
    for (size_t i = 0; !code && i < 2; i++)
        code = backup_prune(dirs[i], days, s->project->backup_keep_count, removed, &s->err);
    arena_free(mem);
    return code;
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
    if (!code)
        code = prune_rehearsals(s, days, &removed);
    output_text(removed.data);
    str_clear(&removed);
    return code ? failed(s, code, "see which backups are left with --backups") : 0;
}

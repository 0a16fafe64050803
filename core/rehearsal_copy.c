/* rehearsal_copy.c - pg_dump and pg_restore, with several connections each, by way of a directory
 * in the work directory that is removed again: it holds the target's rows. The dump and the sums
 * that the copy is compared with are of one snapshot, so that the application may go on writing.
 * Where rehearsal_template.c can, its database is taken instead, after the same proof. */
#include "rehearsal_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "backup.h"
#include "backup_store.h"
#include "backup_tools.h"
#include "fault.h"
#include "log.h"
#include "outdir.h"
#include "rehearsal_template.h"
#include "sql.h"

#define MOST_JOBS 8
#define COMMIT_SECONDS 60
#define SNAPSHOT "ISOLATION LEVEL REPEATABLE READ READ ONLY"
static const char dump_name[] = "rehearsal-copy";

static double seconds_since(struct timespec *begun)
{
    struct timespec now, was = *begun;
    clock_gettime(CLOCK_MONOTONIC, &now);
    *begun = now;
    return (double)(now.tv_sec - was.tv_sec) + (double)(now.tv_nsec - was.tv_nsec) / 1e9;
}

/* ---- what is there ----------------------------------------------------------------------- */

/* The one value of a query, as text; NULL with err. pg_free() ends it. */
static struct pg_result *ask(struct pg *pg, const char *sql, struct error *err)
{
    int code = pg_begin(pg, "READ ONLY", err);
    struct pg_result *res = code ? NULL : pg_query(pg, err, sql, 0, NULL);
    pg_rollback(pg);
    return res;
}

static int count_bytes(struct pg *pg, int64_t *bytes, struct error *err)
{
    struct pg_result *res =
        ask(pg,
            "SELECT coalesce(sum(pg_table_size(c.oid)), 0) FROM pg_class c JOIN pg_namespace n ON"
            " n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_' AND"
            " n.nspname <> 'information_schema'",
            err);
    if (res)
        *bytes = pg_get_int(res, 0, 0);
    pg_free(res);
    return err->code;
}

/* Whatever somebody made there, tables or not. Objects of initdb have lower numbers. */
static int is_used(struct pg *pg, int *used, struct error *err)
{
    struct pg_result *res =
        ask(pg,
            "SELECT EXISTS (SELECT oid FROM pg_class WHERE oid >= 16384 UNION ALL SELECT oid FROM"
            " pg_proc WHERE oid >= 16384 UNION ALL SELECT oid FROM pg_type WHERE oid >= 16384 UNION"
            " ALL SELECT oid FROM pg_namespace WHERE oid >= 16384 UNION ALL SELECT oid FROM"
            " pg_extension WHERE oid >= 16384 UNION ALL SELECT oid FROM pg_largeobject_metadata)",
            err);
    *used = res && pg_get(res, 0, 0)[0] == 't';
    pg_free(res);
    return err->code;
}

const char *rehearsal_copy_backups(const struct project *p, struct arena *mem)
{
    return arena_printf(mem, "%s/rehearsal", p->backup_dir);
}

/* Apart from those: however few are kept, none of these takes the place of one of them. */
const char *rehearsal_copy_run_backups(const struct project *p, struct arena *mem)
{
    return arena_printf(mem, "%s/rehearsal/run", p->backup_dir);
}

/* Apart from the target's backups: none of these may be restored there by a slip of the hand. */
static int back_up(struct rehearsal_copy *c, struct error *err)
{
    int used = 0;
    int code = is_used(c->copy->pg, &used, err);
    if (code || !used)
        return code;
    const struct project *p = c->project;
    const char *dir = rehearsal_copy_backups(p, c->mem);
    struct backup_request request = {.dir = dir,
                                     .url = c->copy->url,
                                     .project = c->project->name,
                                     .run = "",
                                     .scope = BACKUP_DATABASE,
                                     .server_version = pg_server_version(c->copy->pg),
                                     .state_schema = ""};
    code = backup_make(&request, c->backup, err);
    if (!code)
        code = backup_verify(dir, c->backup, err);
    if (!code && (p->backup_keep_days || p->backup_keep_count))
        code = backup_prune(dir, p->backup_keep_days, p->backup_keep_count, NULL, err);
    if (!code)
        log_write(LOG_INFO, "backup of the rehearsal database: %s in %s", c->backup, dir);
    return code;
}

/* Of no schema. Some at a time: each is a lock. */
static int clear_large_objects(struct pg *pg, struct error *err)
{
    int64_t n = 1;
    while (n && !err->code && !pg_begin(pg, "", err)) {
        struct pg_result *res = pg_query(pg, err,
                                         "SELECT count(lo_unlink(oid)) FROM (SELECT oid FROM"
                                         " pg_largeobject_metadata LIMIT 1000) x",
                                         0, NULL);
        n = res ? pg_get_int(res, 0, 0) : 0;
        pg_free(res);
        if (!err->code)
            pg_commit(pg, COMMIT_SECONDS, err);
        pg_rollback(pg);
    }
    return err->code;
}

/* One transaction for each schema: their tables together may be more than a server has locks for.
 * Event triggers, publications and extensions belong to no schema, or to none that goes. */
static int clear(struct rehearsal_copy *c, struct error *err)
{
    struct pg *pg = c->copy->pg;
    int code = pg_begin(pg, "READ ONLY", err);
    struct pg_result *res =
        code ? NULL
             : pg_query(pg, err,
                        "SELECT format('DROP EVENT TRIGGER %I', evtname) FROM pg_event_trigger"
                        " UNION ALL SELECT format('DROP PUBLICATION %I', pubname) FROM"
                        " pg_publication UNION ALL SELECT format('DROP EXTENSION %I CASCADE', "
                        "extname) FROM"
                        " pg_extension WHERE extname <> 'plpgsql' UNION ALL SELECT format('DROP"
                        " SCHEMA %I CASCADE', nspname) FROM pg_namespace WHERE nspname !~ '^pg_'"
                        " AND nspname <> 'information_schema'",
                        0, NULL);
    pg_rollback(pg);
    for (int i = 0; !err->code && i < pg_rows(res); i++)
        if (!pg_begin(pg, "", err) &&
            !pg_exec(pg, err, "SET LOCAL client_min_messages = warning") &&
            !pg_exec(pg, err, pg_get(res, i, 0)))
            pg_commit(pg, COMMIT_SECONDS, err);
    pg_rollback(pg);
    pg_free(res);
    if (!err->code && !clear_large_objects(pg, err))
        pg_exec(pg, err, "CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC");
    if (err->code)
        error_fix(err, "the role of rehearsal.url must own what is in that database");
    return err->code;
}

/* ---- the copy ---------------------------------------------------------------------------- */

struct transfer {
    struct rehearsal_copy *c;
    struct outdir *work;
    int lock;
    char path[4200], jobs[8], snapshot[128];
    int major; /* of both tools: what one writes the other reads */
};

/* Two rehearsals of one project would fill the same database. */
static int take_lock(struct transfer *t, struct error *err)
{
    t->lock = outdir_openat(outdir_fd(t->work), "rehearsal.lock", O_RDWR | O_CREAT, 0600);
    if (t->lock >= 0 && flock(t->lock, LOCK_EX | LOCK_NB) == 0)
        return 0;
    error_set(err, STATUS_BUSY, "another rehearsal of project %s is at work", t->c->project->name);
    error_fix(err, "wait until it has ended");
    return STATUS_BUSY;
}

static int open_transfer(struct transfer *t, struct error *err)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    t->lock = -1;
    t->major = pg_server_version(t->c->target->pg) / 10000;
    snprintf(t->jobs, sizeof t->jobs, "%ld", cores < 1 ? 1 : cores > MOST_JOBS ? MOST_JOBS : cores);
    t->work = outdir_open_all(t->c->project->work_dir, err);
    if (!t->work || take_lock(t, err))
        return err->code;
    snprintf(t->path, sizeof t->path, "%s/%s", outdir_path(t->work), dump_name);
    backup_store_remove(outdir_fd(t->work), dump_name); /* of a rehearsal that was killed */
    return backup_room(t->c->project->work_dir, (uint64_t)t->c->bytes, err);
}

static void close_transfer(struct transfer *t)
{
    if (t->work && t->lock >= 0)
        backup_store_remove(outdir_fd(t->work), dump_name);
    if (t->lock >= 0)
        close(t->lock);
    outdir_close(t->work);
}

static int run_tool(struct transfer *t, const char *url, const char **argv, const char *what,
                    struct error *err)
{
    struct backup_tools tools;
    struct error own = {0};
    int code = backup_tools_open(&tools, t->major, url, &own);
    if (!code)
        code = backup_tools_run(&tools, argv, -1, -1, &own);
    backup_tools_close(&tools);
    if (!code)
        return 0;
    error_set(err, code, "%s: %s", what, own.what);
    error_why(err, "the rehearsal database is no whole copy; the target was only read");
    error_fix(err, "%s", own.fix);
    return code;
}

static int dump(struct transfer *t, struct error *err)
{
    const char *argv[] = {"pg_dump",
                          "-Fd",
                          "-Z1",
                          "--no-sync",
                          "--no-blobs",
                          "--encoding=UTF8",
                          "--no-password",
                          "--no-publications",
                          "--no-subscriptions",
                          "--lock-wait-timeout=60000",
                          t->snapshot,
                          "-j",
                          t->jobs,
                          "-f",
                          t->path,
                          NULL};
    return run_tool(t, t->c->target->url, argv, "the target cannot be copied", err);
}

static int restore(struct transfer *t, struct error *err)
{
    const char *argv[] = {"pg_restore",
                          "-Fd",
                          "--exit-on-error",
                          "--no-owner",
                          "--no-acl",
                          "--no-comments",
                          "--no-tablespaces",
                          "--no-password",
                          "-j",
                          t->jobs,
                          "-d",
                          "",
                          t->path,
                          NULL};
    return run_tool(t, t->c->copy->url, argv, "the copy cannot be made", err);
}

/* Numbers of tables are others here; and a run that is half done there is none of this database's
 * to go on with. */
static int adopt_state(struct rehearsal_copy *c, struct error *err)
{
    struct str q, sql;
    const char *schema = c->project->target.state_schema;
    struct pg_result *res =
        pg_query(c->copy->pg, err,
                 "SELECT to_regclass(format('%I.run_table', $1::text)) IS NOT NULL", 1, &schema);
    int there = res && pg_get(res, 0, 0)[0] == 't';
    pg_free(res);
    if (!there)
        return err->code;
    str_init(&q, 0);
    str_init(&sql, 0);
    sql_ident(&q, schema);
    str_printf(&sql,
               "UPDATE %s.run_table SET oid = coalesce(to_regclass(format('%%I.%%I', schema_name,"
               " table_name))::oid, oid); UPDATE %s.run SET state = 'abandoned' WHERE state IN"
               " ('loading', 'checked', 'held')",
               q.data, q.data);
    str_clear(&q);
    return pg_exec_str(c->copy->pg, &sql, err);
}

static int fill(struct transfer *t, struct error *err)
{
    struct pg *pg = t->c->target->pg;
    struct pg_result *res = pg_query(pg, err, "SELECT pg_export_snapshot()", 0, NULL);
    if (!res)
        return err->code;
    snprintf(t->snapshot, sizeof t->snapshot, "--snapshot=%s", pg_get(res, 0, 0));
    pg_free(res);
    int code = dump(t, err);
    if (!code)
        code = clear(t->c, err);
    if (!code && t->c->own_server)
        code = rehearsal_rights_roles(pg, t->c->copy->pg, err);
    if (!code)
        code = restore(t, err);
    return code ? code : rehearsal_rights_copy(pg, t->c->copy->pg, &t->c->rights, err);
}

/* The target is in the transaction whose snapshot counts. */
static int prove(struct rehearsal_copy *c, struct pg *copy, struct error *err)
{
    struct tablesums there, here;
    c->rows = 0;
    int code = tablesums_read(c->target->pg, "", c->mem, &there, err);
    if (!code)
        code = pg_begin_anew(copy, "READ ONLY", err);
    if (!code)
        code = tablesums_read(copy, "", c->mem, &here, err);
    pg_rollback(copy);
    if (code)
        return code;
    tablesums_differ(&there, &here, &c->different);
    for (size_t i = 0; i < there.n; i++)
        c->rows += there.items[i].rows;
    return 0;
}

/* ---- by template ------------------------------------------------------------------------- */

/* What was written between the copy and the proof is in the target alone: then it is no copy. */
static int prove_template(struct rehearsal_copy *c, struct rehearsal_template *t)
{
    struct error own = {0};
    (void)fault_point("rehearsal.template");
    int code = pg_begin(c->target->pg, SNAPSHOT, &own);
    if (!code)
        code = prove(c, t->made, &own);
    pg_rollback(c->target->pg);
    if (code)
        snprintf(t->why, sizeof t->why, "the new database cannot be read: %.200s", own.what);
    else if (c->different.len)
        snprintf(t->why, sizeof t->why, "others wrote to the target meanwhile");
    str_clear(&c->different);
    str_init(&c->different, 0);
    return !t->why[0];
}

/* `by_template` is set where it was done; else the other way is open, for the reason in `way`. */
static int try_template(struct rehearsal_copy *c, struct timespec *begun, struct error *err)
{
    struct rehearsal_template t = {
        .target = c->target,
        .copy = c->copy,
        .ours = {c->target->pg, c->others[0], c->others[1]},
        .production = c->project->target.production,
    };
    int code = rehearsal_template_make(&t, err);
    c->copy_seconds = seconds_since(begun);
    c->by_template = !code && t.made && prove_template(c, &t) && rehearsal_template_take(&t);
    rehearsal_template_clear(&t);
    snprintf(c->way, sizeof c->way, "%s",
             c->by_template ? "same server, nobody else was connected" : t.why);
    if (!code)
        log_write(LOG_INFO, "the target is copied by %s: %s",
                  c->by_template ? "CREATE DATABASE ... TEMPLATE" : "pg_dump and pg_restore",
                  c->way);
    if (c->by_template)
        code = rehearsal_rights_database(c->target->pg, c->copy->pg, &c->rights, err);
    return code;
}

/* ---- before it ----------------------------------------------------------------------------- */

static int tools_for(const struct pg *pg, const char *what, struct error *err)
{
    struct backup_tools tools;
    struct error own = {0};
    int major = pg_server_version(pg) / 10000;
    int code = backup_tools_open(&tools, major, NULL, &own);
    backup_tools_close(&tools);
    if (!code)
        return 0;
    error_set(err, code, "%s: %s", what, own.what);
    error_why(err, "a rehearsal backs up, copies and compares the whole database");
    error_fix(err, "apt-get install postgresql-client-%d", major);
    return code;
}

int rehearsal_copy_tools(const struct rehearsal_copy *c, int use, struct error *err)
{
    int used = 0;
    int code = use ? 0 : tools_for(c->target->pg, "the target cannot be copied", err);
    if (!code && !use)
        code = is_used(c->copy->pg, &used, err);
    if (!code && (used || c->project->backup_scope != BACKUP_NONE))
        code = tools_for(c->copy->pg, "the rehearsal database cannot be backed up", err);
    return code;
}

/* ---- the whole -------------------------------------------------------------------------- */

int rehearsal_copy_use(struct rehearsal_copy *c, struct error *err)
{
    int code = pg_begin_anew(c->copy->pg, "READ ONLY", err);
    if (!code)
        code = tablesums_read(c->copy->pg, c->project->target.state_schema, c->mem, &c->sums, err);
    pg_rollback(c->copy->pg);
    return code;
}

static int dump_and_restore(struct rehearsal_copy *c, struct transfer *t, struct timespec *begun,
                            struct error *err)
{
    int code = pg_begin(c->target->pg, SNAPSHOT, err);
    if (!code)
        code = fill(t, err);
    c->copy_seconds = seconds_since(begun);
    if (!code)
        code = prove(c, c->copy->pg, err);
    pg_rollback(c->target->pg);
    return code;
}

static int make(struct rehearsal_copy *c, struct transfer *t, struct timespec *begun,
                struct error *err)
{
    int code = back_up(c, err);
    c->backup_seconds = seconds_since(begun);
    if (!code)
        code = try_template(c, begun, err);
    if (!code && !c->by_template)
        code = dump_and_restore(c, t, begun, err);
    if (!code)
        code = adopt_state(c, err);
    if (!code)
        code = pg_exec(c->copy->pg, err, "ANALYZE");
    if (!code)
        code = rehearsal_copy_use(c, err);
    c->proof_seconds = seconds_since(begun);
    return code;
}

int rehearsal_copy_make(struct rehearsal_copy *c, struct error *err)
{
    struct timespec begun;
    struct transfer t = {.c = c, .lock = -1};
    clock_gettime(CLOCK_MONOTONIC, &begun);
    int code = count_bytes(c->target->pg, &c->bytes, err);
    if (!code)
        code = open_transfer(&t, err);
    if (!code)
        code = make(c, &t, &begun, err);
    close_transfer(&t);
    return code;
}

void rehearsal_copy_clear(struct rehearsal_copy *c)
{
    str_clear(&c->different);
    arena_free(c->mem);
}

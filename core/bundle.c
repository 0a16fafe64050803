/* bundle.c - the directory that a run leaves. What stands in it can be made again from the
 * target at any time (--report RUN); nothing that undo needs is only here. */
#include "bundle.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "call.h"
#include "config.h"
#include "digest.h"
#include "fault.h"
#include "log.h"
#include "sql.h"
#include "undo.h"
#include "validate.h"
#include "verify.h"

/* Below the work directory all is made that is missing; elsewhere a missing parent is more
 * likely a slip of the pen. */
static struct outdir *open_reports(const struct project *project, struct error *err)
{
    size_t n = strlen(project->work_dir);
    int own =
        strncmp(project->report_dir, project->work_dir, n) == 0 && project->report_dir[n] == '/';
    return own ? outdir_open_all(project->report_dir, err) : outdir_open(project->report_dir, err);
}

int bundle_check(const struct project *project, struct error *err)
{
    struct outdir *dir = open_reports(project, err);
    outdir_close(dir);
    return dir ? 0 : err->code;
}

static int is_link(const struct bundle *b, const char *name, struct error *err)
{
    struct stat st;
    if (fstatat(outdir_fd(b->parent), name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISLNK(st.st_mode))
        return 0;
    error_set(err, STATUS_BACKUP, "%s/%s is a symbolic link where the bundle is due",
              outdir_path(b->parent), name);
    error_why(err, "it would lead the report, with the rejected records in it, elsewhere");
    error_fix(err, "remove it, or choose another --report-dir");
    return 1;
}

/* The run's number may be taken: by a run in another target, or by an earlier process of it. */
static int make_directory(struct bundle *b, int64_t run, struct error *err)
{
    for (int n = 1; !b->dir && n < 1000; n++) {
        char name[64];
        struct error taken = {0};
        snprintf(name, sizeof name, n == 1 ? "run-%lld" : "run-%lld-%d", (long long)run, n);
        if (is_link(b, name, err))
            return err->code;
        b->dir = outdir_sub(b->parent, name, &taken);
        if (!b->dir && faccessat(outdir_fd(b->parent), name, F_OK, AT_SYMLINK_NOFOLLOW)) {
            *err = taken;
            error_fix(err, "free space, or choose another --report-dir");
            return err->code;
        }
    }
    if (b->dir)
        return 0;
    error_set(err, STATUS_BACKUP, "%s holds too many bundles of run %lld", outdir_path(b->parent),
              (long long)run);
    error_fix(err, "move them away, or choose another --report-dir");
    return STATUS_BACKUP;
}

int bundle_open(struct bundle *b, const struct project *project, int64_t run, struct error *err)
{
    memset(b, 0, sizeof *b);
    b->parent = open_reports(project, err);
    if (!b->parent || make_directory(b, run, err))
        return err->code;
    snprintf(b->path, sizeof b->path, "%s", outdir_path(b->dir));
    int fd = openat(outdir_fd(b->dir), "run.log",
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_APPEND, 0600);
    b->log = fd < 0 ? NULL : fdopen(fd, "a");
    if (!b->log) {
        error_set(err, STATUS_BACKUP, "run.log cannot be made in %s: %s", b->path, strerror(errno));
        error_fix(err, "free space, or choose another --report-dir");
        return STATUS_BACKUP;
    }
    fchmod(fd, 0600);
    log_file_set(b->log);
    return 0;
}

void bundle_close(struct bundle *b)
{
    log_file_set(NULL);
    if (b->log)
        fclose(b->log);
    outdir_close(b->dir);
    outdir_close(b->parent);
    memset(b, 0, sizeof *b);
}

/* ---- what reporters may ask for --------------------------------------------------------- */

struct source {
    mig_report_t report; /* first: report->impl points here */
    struct state *s;
    struct job *job;
    struct pg *reader;
    struct str text;
    struct error err;
    void *ctx;
    int32_t (*reject)(void *ctx, const mig_reject_t *reject);
    int32_t (*entry)(void *ctx, mig_str_t source_key, mig_str_t final_key);
    int32_t returned;
};

static int one_reject(void *ctx, const char *const *v, const size_t *n)
{
    struct source *x = ctx;
    mig_reject_t r = {.size = sizeof r,
                      .outcome = (uint32_t)strtoul(v[0], NULL, 10),
                      .stage = v[1],
                      .key = v[2],
                      .table = v[3],
                      .field = v[4],
                      .code = v[5],
                      .reason = v[6],
                      .first_cause = v[7],
                      .number = strtoull(v[8], NULL, 10),
                      .raw = {v[9] ? v[9] : "", v[9] ? n[9] : 0}};
    x->returned = x->reject(x->ctx, &r);
    return x->returned != MIG_OK;
}

static int32_t finish_each(struct source *x, int code)
{
    pg_rollback(x->reader);
    return code ? MIG_E_SOURCE : x->returned;
}

static int32_t service_rejects(const mig_report_t *r, void *ctx,
                               int32_t (*row)(void *ctx, const mig_reject_t *reject))
{
    struct source *x = r->impl;
    char sql[512];
    x->ctx = ctx;
    x->reject = row;
    x->returned = MIG_OK;
    snprintf(sql, sizeof sql,
             "SELECT outcome, stage, key, table_name, field, code, reason, first_cause, number, raw"
             " FROM %s.reject WHERE run = %lld ORDER BY record",
             x->s->q, (long long)x->s->run);
    int code = pg_begin(x->reader, "READ ONLY", &x->err);
    if (!code)
        code = pg_each(x->reader, &x->err, sql, one_reject, x);
    return finish_each(x, code);
}

static int one_entry(void *ctx, const char *const *v, const size_t *n)
{
    struct source *x = ctx;
    x->returned = x->entry(x->ctx, (mig_str_t){v[0], n[0]}, (mig_str_t){v[1], n[1]});
    return x->returned != MIG_OK;
}

static int32_t service_idmap(const mig_report_t *r, const char *stage, void *ctx,
                             int32_t (*row)(void *ctx, mig_str_t source_key, mig_str_t final_key))
{
    struct source *x = r->impl;
    struct str sql;
    x->ctx = ctx;
    x->entry = row;
    x->returned = MIG_OK;
    str_init(&sql, 0);
    str_printf(&sql,
               "SELECT source_key, final_key FROM %s.id_map WHERE run = %lld AND stage = ", x->s->q,
               (long long)x->s->run);
    sql_literal(&sql, stage);
    str_add(&sql, " ORDER BY source_key COLLATE \"C\"");
    int code = pg_begin(x->reader, "READ ONLY", &x->err);
    if (!code)
        code = pg_each(x->reader, &x->err, sql.data, one_entry, x);
    str_clear(&sql);
    return finish_each(x, code);
}

static int32_t service_text(const mig_report_t *r, const char *name, mig_str_t *out)
{
    struct source *x = r->impl;
    int code = 0;
    str_clear(&x->text);
    if (x->s->at != RUN_PUBLISHED && x->s->at != RUN_DONE)
        return MIG_END;
    if (str_equal(name, "rollback.sql")) {
        code = pg_begin(x->s->pg, "READ ONLY", &x->err);
        if (!code)
            code = undo_script(x->s, x->job, &x->text, &x->err);
        pg_rollback(x->s->pg);
    } else if (str_equal(name, "verify.sql")) {
        verify_sql(x->s, x->job, &x->text);
        validate_sql(x->job, &x->text);
    } else {
        return MIG_END; /* run.log is in the bundle already */
    }
    *out = (mig_str_t){x->text.data, x->text.len};
    return code || x->text.failed ? MIG_E_SOURCE : MIG_OK;
}

/* ---- manifest -------------------------------------------------------------------------- */

static int add_file(json_t *files, int dir, const char *name, const char *as)
{
    char hex[65];
    struct stat st;
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    int bad = fd < 0 || fstat(fd, &st) || digest_fd(fd, hex);
    if (!bad)
        json_object_set_new(
            files, as, json_pack("{s:s, s:I}", "sha256", hex, "bytes", (json_int_t)st.st_size));
    if (fd >= 0)
        close(fd);
    return bad ? -1 : 0;
}

static int add_directory(json_t *files, int fd, const char *prefix)
{
    DIR *d = fdopendir(fd);
    if (!d) {
        close(fd);
        return -1;
    }
    int bad = 0;
    for (struct dirent *e; !bad && (e = readdir(d));) {
        char name[600];
        struct stat st;
        if (e->d_name[0] == '.' || str_equal(e->d_name, "manifest.json"))
            continue;
        snprintf(name, sizeof name, "%s%s", prefix, e->d_name);
        bad = fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW);
        if (!bad && S_ISDIR(st.st_mode) && !prefix[0]) {
            char below[610];
            snprintf(below, sizeof below, "%s/", name);
            int sub = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            bad = sub < 0 || add_directory(files, sub, below);
        } else if (!bad && S_ISREG(st.st_mode)) {
            bad = add_file(files, dirfd(d), e->d_name, name);
        }
    }
    closedir(d);
    return bad ? -1 : 0;
}

static int write_manifest(struct bundle *b, const struct state *s, const struct job *job,
                          struct error *err)
{
    json_t *root = json_object(), *files = json_object(), *plugins = json_object();
    fflush(b->log);
    int fd = openat(outdir_fd(b->dir), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int bad = fd < 0 || add_directory(files, fd, "");
    const struct registry *r = job->host ? job->host->registry : NULL;
    for (size_t i = 0; r && i < r->n; i++)
        json_object_set_new(plugins, r->units[i].path, json_string(r->units[i].sha256));
    json_object_set_new(root, "run", json_integer(s->run));
    json_object_set_new(root, "project", json_string(job->project->name));
    json_object_set_new(root, "plan", json_string(job->hash));
    json_object_set_new(root, "version", json_string(PACKAGE_VERSION));
    json_object_set_new(root, "files", files);
    json_object_set_new(root, "plugins", plugins);
    char *text = json_dumps(root, JSON_INDENT(2) | JSON_SORT_KEYS);
    json_decref(root);
    int code = bad || !text
                   ? error_set(err, STATUS_BACKUP, "the bundle %s cannot be read back", b->path)
                   : outdir_put(b->dir, "manifest.json", text, strlen(text), err);
    free(text);
    return code;
}

int bundle_write(struct bundle *b, struct state *s, struct job *job, struct pg *reader,
                 const char *report, struct error *err)
{
    struct source x = {.s = s, .job = job, .reader = reader};
    x.report = (mig_report_t){.size = sizeof x.report,
                              .impl = &x,
                              .json = {report, strlen(report)},
                              .rejects = service_rejects,
                              .idmap = service_idmap,
                              .text = service_text};
    str_init(&x.text, 0);
    job->host->bundle = b->dir;
    for (size_t i = 0; i < job->n_reporters; i++) {
        struct unit *u = job->reporters[i].unit;
        int32_t returned = call_report(u, &x.report);
        size_t dropped = host_drop_files(job->host);
        if (returned == MIG_OK && dropped)
            returned = u->table.fail(&u->table, MIG_E_BUG, "report() left a file open", NULL);
        if (returned != MIG_OK)
            host_error(u, returned, "report", err);
    }
    job->host->bundle = NULL;
    str_clear(&x.text);
    if (fault_point("report.done"))
        error_set(err, STATUS_TEMPORARY, "fault point report.done");
    return err->code ? err->code : write_manifest(b, s, job, err);
}

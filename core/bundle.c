/* bundle.c - the directory that a run leaves. What stands in it can be made again from the
 * target at any time (--report RUN); nothing that undo needs is only here. */
#include "bundle.h"

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
#include "hostfiles.h"
#include "leak.h"
#include "log.h"
#include "manifest.h"
#include "mask.h"
#include "repaired.h"
#include "report_sources.h"
#include "rollbackinfo.h"
#include "sql.h"
#include "undo.h"
#include "validate.h"
#include "verify.h"

/* Below the work directory all is made that is missing; elsewhere a missing parent is more
 * likely a slip of the pen. */
struct outdir *bundle_reports(const struct project *project, struct error *err)
{
    size_t n = strlen(project->work_dir);
    int own =
        strncmp(project->report_dir, project->work_dir, n) == 0 && project->report_dir[n] == '/';
    return own ? outdir_open_all(project->report_dir, err) : outdir_open(project->report_dir, err);
}

int bundle_check(const struct project *project, struct error *err)
{
    struct outdir *dir = bundle_reports(project, err);
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
    b->parent = bundle_reports(project, err);
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
    struct str text, masked[4]; /* record, key, reason, first cause of the reject at hand */
    struct scan *scan;          /* what no file may hold */
    struct error err;
    void *ctx;
    int32_t (*reject)(void *ctx, const mig_reject_t *reject);
    int32_t (*entry)(void *ctx, mig_str_t source_key, mig_str_t final_key);
    int32_t (*change)(void *ctx, const char *stage, const char *what, const char *key,
                      const char *final_key);
    int32_t (*taken)(void *ctx, const char *stage, const char *key, const char *table,
                     const char *column, const char *fate, const char *winner);
    int32_t returned;
};

static void masked_value(void *ctx, const char *field, const char *text, size_t n)
{
    struct source *x = ctx;
    char what[200];
    snprintf(what, sizeof what, "a value of field %.100s of a rejected record", field);
    scan_add(x->scan, what, text, n, 0);
}

/* What is handed to reporters has no value of a masked field in it. */
static void mask_reject(struct source *x, mig_reject_t *r)
{
    const struct project *p = x->job->project;
    for (size_t i = 0; i < 4; i++) {
        str_reset(&x->masked[i]);
        str_add(&x->masked[i], "");
    }
    if (mask_has(p, r->stage)) {
        mask_record(p, r->stage, r->raw.data, r->raw.len, &x->masked[0], masked_value, x);
        r->raw = (mig_str_t){x->masked[0].data, x->masked[0].len};
    }
    if (r->key && mask_keys(p, r->stage)) {
        masked_value(x, "(the key)", r->key, strlen(r->key));
        str_add(&x->masked[1], MASK_TEXT);
        r->key = x->masked[1].data;
    }
    if (r->reason) {
        mask_reason(p, r->stage, r->reason, &x->masked[2]);
        r->reason = x->masked[2].data;
    }
    if (r->first_cause) {
        mask_cause(p, r->first_cause, &x->masked[3]);
        r->first_cause = x->masked[3].data;
    }
}

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
    mask_reject(x, &r);
    x->returned = x->reject(x->ctx, &r);
    return x->returned != MIG_OK;
}

/* Hands the rows on, one by one. */
static int32_t read_each(struct source *x, const char *sql,
                         int (*row)(void *ctx, const char *const *v, const size_t *n))
{
    x->returned = MIG_OK;
    int code = pg_begin_anew(x->reader, "READ ONLY", &x->err);
    if (!code)
        code = pg_each(x->reader, &x->err, sql, row, x);
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
    snprintf(sql, sizeof sql,
             "SELECT outcome, stage, key, table_name, field, code, reason, first_cause, number, raw"
             " FROM %s.reject WHERE run = %lld ORDER BY record",
             x->s->q, (long long)x->s->run);
    return read_each(x, sql, one_reject);
}

/* A map of masked keys says nothing; the view id_map of the target has it. */
static int hides_map(const struct source *x, const char *stage)
{
    const struct project *p = x->job->project;
    return mask_keys(p, stage) || mask_final_keys(p, stage);
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
    if (hides_map(x, stage))
        return MIG_OK;
    x->ctx = ctx;
    x->entry = row;
    str_init(&sql, 0);
    /* As the view id_map, of one stage only. */
    str_printf(&sql,
               "SELECT source_key, final_key FROM (SELECT DISTINCT ON (source_key COLLATE \"C\")"
               " source_key, final_key, min(run) OVER (PARTITION BY source_key COLLATE \"C\","
               " final_key) AS first FROM %s.id_map_rows(",
               x->s->q);
    sql_literal(&sql, stage);
    str_printf(
        &sql,
        ") WHERE project = %lld ORDER BY source_key COLLATE \"C\", run DESC, at) m WHERE first ="
        " %lld ORDER BY source_key COLLATE \"C\"",
        (long long)x->s->project, (long long)x->s->run);
    int32_t returned = read_each(x, sql.data, one_entry);
    str_clear(&sql);
    return returned;
}

static int one_change(void *ctx, const char *const *v, const size_t *n)
{
    struct source *x = ctx;
    const struct project *p = x->job->project;
    (void)n;
    x->returned = x->change(x->ctx, v[0], v[1], mask_keys(p, v[0]) && v[2] ? MASK_TEXT : v[2],
                            mask_final_keys(p, v[0]) && v[3] ? MASK_TEXT : v[3]);
    return x->returned != MIG_OK;
}

static int32_t service_changes(const mig_report_t *r, void *ctx,
                               int32_t (*row)(void *ctx, const char *stage, const char *what,
                                              const char *key, const char *final_key))
{
    struct source *x = r->impl;
    char sql[400];
    x->ctx = ctx;
    x->change = row;
    snprintf(sql, sizeof sql,
             "SELECT stage, what, key, final_key FROM %s.source_change WHERE run = %lld ORDER BY"
             " stage, what, key COLLATE \"C\"",
             x->s->q, (long long)x->s->run);
    return read_each(x, sql, one_change);
}

/* The key in "stage:key" is masked by that stage's rules, which may be another than the record's.
 */
static int one_taken(void *ctx, const char *const *v, const size_t *n)
{
    struct source *x = ctx;
    const struct project *p = x->job->project;
    const char *colon = v[5] ? strchr(v[5], ':') : NULL;
    (void)n;
    str_reset(&x->masked[0]);
    str_add_n(&x->masked[0], v[5] ? v[5] : "", colon ? (size_t)(colon - v[5]) : 0);
    int hide = colon && mask_keys(p, x->masked[0].data);
    str_add(&x->masked[0], hide ? ":" MASK_TEXT : colon ? colon : "");
    x->returned = x->taken(x->ctx, v[0], mask_keys(p, v[0]) && v[1] ? MASK_TEXT : v[1], v[2], v[3],
                           v[4], colon ? x->masked[0].data : NULL);
    return x->returned != MIG_OK;
}

static int32_t service_taken(const mig_report_t *r, void *ctx,
                             int32_t (*row)(void *ctx, const char *stage, const char *key,
                                            const char *table, const char *column, const char *fate,
                                            const char *winner))
{
    struct source *x = r->impl;
    char sql[400];
    x->ctx = ctx;
    x->taken = row;
    snprintf(sql, sizeof sql,
             "SELECT stage, key, table_name, column_name, fate, winner FROM %s.taken WHERE run ="
             " %lld ORDER BY stage, key COLLATE \"C\", table_name, column_name",
             x->s->q, (long long)x->s->run);
    return read_each(x, sql, one_taken);
}

/* What the log holds so far, for reporters that keep a copy under another name. */
static int log_text(struct source *x)
{
    char piece[1 << 14];
    int fd = outdir_openat(outdir_fd(x->job->host->bundle), "run.log", O_RDONLY, 0);
    ssize_t n = fd < 0 ? -1 : 0;
    while (fd >= 0 && (n = read(fd, piece, sizeof piece)) > 0)
        str_add_n(&x->text, piece, (size_t)n);
    if (fd >= 0)
        close(fd);
    return n < 0 ? error_set(&x->err, STATUS_BACKUP, "run.log cannot be read back") : 0;
}

static int32_t service_text(const mig_report_t *r, const char *name, mig_str_t *out)
{
    struct source *x = r->impl;
    int code = 0;
    str_clear(&x->text);
    if (str_equal(name, "run.log")) {
        code = log_text(x);
    } else if (!state_undoable(x->s->at)) {
        return MIG_END;
    } else if (str_equal(name, "rollback.sql")) {
        code = pg_begin(x->s->pg, "READ ONLY", &x->err);
        if (!code)
            code = undo_script(x->s, x->job, &x->text, &x->err);
        pg_rollback(x->s->pg);
    } else if (str_equal(name, "verify.sql")) {
        str_add(&x->text, "BEGIN READ ONLY;\nSET LOCAL search_path = pg_catalog, pg_temp;\n"
                          "SET LOCAL row_security = off;\n");
        verify_sql(x->s, x->job, &x->text);
        str_add(&x->text, PG_OWN_PATH ";\n");
        validate_sql(x->job, &x->text);
        str_add(&x->text, "COMMIT;\n");
    } else {
        return MIG_END;
    }
    *out = (mig_str_t){x->text.data, x->text.len};
    return code || x->text.failed ? MIG_E_SOURCE : MIG_OK;
}

/* ---- manifest -------------------------------------------------------------------------- */

/* The configuration as it is on disk; null where it is not there any more. */
static json_t *file_digest(const char *path)
{
    char hex[65];
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    json_t *text = fd >= 0 && digest_fd(fd, hex) == 0 ? json_string(hex) : json_null();
    if (fd >= 0)
        close(fd);
    return text;
}

static json_t *digests_of(const char *report)
{
    json_t *root = json_loads(report, JSON_REJECT_DUPLICATES, NULL);
    json_t *digests = report_sources_digests(root);
    json_decref(root);
    return digests;
}

static int write_manifest(struct bundle *b, const struct state *s, const struct job *job,
                          const char *report, struct error *err)
{
    json_t *root = json_object(), *plugins = json_object();
    fflush(b->log);
    json_t *files = manifest_list(outdir_fd(b->dir));
    const struct registry *r = job->host ? job->host->registry : NULL;
    for (size_t i = 0; r && i < r->n; i++)
        json_object_set_new(plugins, r->units[i].path, json_string(r->units[i].sha256));
    json_object_set_new(root, "run", json_integer(s->run));
    json_object_set_new(root, "project", json_string(job->project->name));
    json_object_set_new(root, "plan", json_string(job->hash));
    json_object_set_new(root, "project_file", file_digest(job->project->path));
    json_object_set_new(root, "version", json_string(PACKAGE_VERSION));
    json_object_set_new(root, "files", files ? json_incref(files) : json_object());
    json_object_set_new(root, "plugins", plugins);
    json_object_set_new(root, "sources", digests_of(report));
    int bad = !files;
    json_decref(files);
    char *text = json_dumps(root, JSON_INDENT(2) | JSON_SORT_KEYS);
    json_decref(root);
    int code = STATUS_BACKUP;
    if (!bad && text) {
        code = outdir_put(b->dir, "manifest.json", text, strlen(text), err);
    } else {
        error_set(err, STATUS_BACKUP, "the bundle %s cannot be read back", b->path);
        error_fix(err, "see that nobody changes it and the disk works; then --report RUN makes it "
                       "again");
    }
    free(text);
    return code;
}

/* ---- the last look ----------------------------------------------------------------------- */

static int32_t pass_over(void *ctx, const mig_reject_t *reject)
{
    (void)ctx, (void)reject;
    return MIG_OK;
}

static void add_secret(void *ctx, const char *secret)
{
    scan_add(ctx, "a password or key of the configuration", secret, strlen(secret), 0);
}

/* Reading the rejects notes what is masked in them, whatever reporters there are. */
static int look_for_leaks(struct bundle *b, struct source *x, struct error *err)
{
    const struct project *p = x->job->project;
    int any = 0;
    fflush(b->log);
    log_secret_each(add_secret, x->scan);
    for (size_t i = 0; i < p->n_canaries; i++)
        scan_add(x->scan, "a planted value", p->canaries[i], strlen(p->canaries[i]), 1);
    for (size_t i = 0; i < p->n_stages; i++)
        any |= mask_has(p, p->stages[i].name);
    if (any && service_rejects(&x->report, NULL, pass_over) != MIG_OK)
        return error_set(err, STATUS_BACKUP, "rejected records cannot be read back: %s",
                         x->err.what);
    return leak_check(b->dir, x->scan, err);
}

static void run_reporters(struct job *job, const mig_report_t *report, struct error *err)
{
    for (size_t i = 0; i < job->n_reporters; i++) {
        struct unit *u = job->reporters[i].unit;
        int32_t returned = call_report(u, report);
        size_t dropped = hostfiles_drop(job->host);
        if (returned == MIG_OK && dropped)
            returned = u->table.fail(&u->table, MIG_E_BUG, "report() left a file open", NULL);
        if (returned != MIG_OK)
            host_error(u, returned, "report", err);
    }
}

int bundle_write(struct bundle *b, struct state *s, struct job *job, struct pg *reader,
                 const char *report, struct error *err)
{
    struct source x = {.s = s, .job = job, .reader = reader, .scan = scan_new()};
    struct error leak = {0};
    x.report = (mig_report_t){.size = sizeof x.report,
                              .impl = &x,
                              .json = {report, strlen(report)},
                              .rejects = service_rejects,
                              .idmap = service_idmap,
                              .text = service_text,
                              .changes = service_changes,
                              .taken = service_taken};
    str_init(&x.text, 0);
    for (size_t i = 0; i < 4; i++)
        str_init(&x.masked[i], 0);
    job->host->bundle = b->dir;
    run_reporters(job, &x.report, err);
    job->host->bundle = NULL;
    if (!err->code)
        repaired_write(s, reader, job->project, b->dir, err);
    if (!err->code && state_undoable(s->at))
        rollbackinfo_write(b->dir, s, job, err);
    look_for_leaks(b, &x, &leak);
    for (size_t i = 0; i < 4; i++)
        str_clear(&x.masked[i]);
    str_clear(&x.text);
    scan_free(x.scan);
    if (fault_point("report.done"))
        error_set(err, STATUS_TEMPORARY, "fault point report.done");
    if (!err->code)
        write_manifest(b, s, job, report, err);
    if (!err->code)
        *err = leak;
    return err->code;
}

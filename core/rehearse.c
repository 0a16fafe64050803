/* rehearse.c - the action --rehearse: a copy of the target, the run on it by the same code that
 * runs on the target, its undo, and what of all this speaks against doing it there. The target is
 * read; in the end its state schema gets one row, which a run on production is asked for. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "actions.h"
#include "bundle.h"
#include "empty.h"
#include "jsonfile.h"
#include "log.h"
#include "outdir.h"
#include "output.h"
#include "plural.h"
#include "progress.h"
#include "rehearsal.h"
#include "rehearsal_changes.h"
#include "rehearsal_copy.h"
#include "rollback.h"
#include "run.h"
#include "schema_compare.h"
#include "selection.h"
#include "side.h"

struct rehearse {
    const struct cli *cli;
    struct session *s; /* of the target */
    struct session x;  /* of the copy */
    struct session_options options;
    struct side target, place;
    struct rehearsal_copy copy;
    struct schema_differences d;
    struct rehearsal_plan plan;
    struct run_verdict verdict;
    struct rollback_result undo;
    struct outdir *dir;
    struct str reasons, changes, told; /* JSON lists; lines for people */
    size_t n_reasons;
    char *measured;                         /* owned; JSON, or NULL */
    int run_code, was_published, as_before; /* as_before: the copy, behind the undo */
    int64_t id;
};

static int failed(struct session *s, int begun, int code)
{
    session_report(s, begun ? "the target was only read" : "nothing was written");
    return code ? code : faults_code(&s->faults);
}

/* Why it is no-go: a line, and an entry of the list. */
static void __attribute__((format(printf, 2, 3))) no_go(struct rehearse *r, const char *format, ...)
{
    struct str text;
    va_list ap;
    va_start(ap, format);
    str_init(&text, 0);
    str_vprintf(&text, format, ap);
    va_end(ap);
    log_mask(text.data);
    log_write(LOG_ERROR, "no-go: %s", text.data);
    str_add(&r->reasons, r->n_reasons++ ? ", " : "");
    jsonfile_quote(&r->reasons, text.data);
    str_clear(&text);
}

/* ---- before anything is written ----------------------------------------------------------- */

/* The copy would take up what is half published there, without what the target did since. */
static int nothing_half_done(struct session *s)
{
    int code = pg_begin(s->pg, "READ ONLY", &s->err);
    int there = code ? 0 : state_exists(&s->state, &s->err);
    int64_t run = there == 1
                      ? state_newest(&s->state, s->project->name, "'partly', 'published'", &s->err)
                      : 0;
    pg_rollback(s->pg);
    if (run && !s->err.code) {
        error_set(&s->err, STATUS_BUSY, "run %lld of this project is published and not finished",
                  (long long)run);
        error_fix(&s->err, "finish it by --run, or take it back by --rollback");
    }
    return s->err.code;
}

static int compare_schemas(struct rehearse *r)
{
    struct schema there, here;
    struct error *err = &r->s->err;
    const char *without = r->s->project->target.state_schema;
    int code = pg_begin_anew(r->target.pg, "READ ONLY", err);
    if (!code)
        code = schema_read(r->target.pg, without, r->copy.mem, &there, err);
    pg_rollback(r->target.pg);
    if (!code)
        code = pg_begin_anew(r->place.pg, "READ ONLY", err);
    if (!code)
        code = schema_read(r->place.pg, without, r->copy.mem, &here, err);
    pg_rollback(r->place.pg);
    if (!code)
        schema_compare(&there, &here, r->copy.mem, &r->d);
    return code;
}

static int is_surrounding(const struct schema_difference *d)
{
    const char *kind = (d->a ? d->a : d->b)->kind;
    return str_equal(kind, SCHEMA_DATABASE) || str_equal(kind, SCHEMA_EXTENSION);
}

/* Another version or collation is not made equal by a copy. */
static int same_kind_of_server(struct rehearse *r)
{
    struct str text;
    str_init(&text, 0);
    for (size_t i = 0; i < r->d.n; i++) {
        const struct schema_difference *d = &r->d.items[i];
        if (d->a && d->b && str_equal(d->a->kind, SCHEMA_DATABASE))
            str_printf(&text, "%s%s %s, target has %s", text.len ? "; " : "", d->a->name,
                       d->b->definition, d->a->definition);
    }
    if (text.len && !r->cli->accept_differences) {
        error_set(&r->s->err, STATUS_PREFLIGHT, "the rehearsal server is of another kind: %.500s",
                  text.data);
        error_why(&r->s->err, "what passes there may fail on the target, or sort otherwise");
        error_fix(&r->s->err, "take a server of the same kind; or --accept-differences, which "
                              "stands in the report");
    } else if (text.len) {
        log_write(LOG_WARNING, "another kind of server, as --accept-differences says: %s",
                  text.data);
    }
    str_clear(&text);
    return r->s->err.code;
}

static int prepare(struct rehearse *r)
{
    struct session *s = r->s;
    int code = session_units(s);
    if (!code)
        code = session_target(s);
    if (!code)
        code = session_fit(s);
    if (!code)
        code = session_preflight(s);
    if (!code)
        code = bundle_check(s->project, &s->err);
    if (!code)
        code = nothing_half_done(s);
    if (!code)
        code = side_open(s, "target", &r->target);
    if (!code)
        code = side_open(s, "rehearsal", &r->place);
    if (!code)
        code = side_guard(s, &r->target, &r->place);
    if (!code)
        code = compare_schemas(r);
    if (!code)
        code = same_kind_of_server(r);
    if (!code)
        code = rehearsal_copy_tools(&r->copy, r->cli->skip_staging, &s->err);
    if (!code)
        rehearsal_plan_of(&s->job, &r->plan);
    return code;
}

/* ---- the copy ---------------------------------------------------------------------------- */

static int open_bundle(struct rehearse *r)
{
    char name[64], stamp[32];
    struct timespec now;
    struct tm tm;
    struct outdir *all = outdir_open(r->s->project->report_dir, &r->s->err);
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H-%M-%S", &tm);
    snprintf(name, sizeof name, "rehearsal-%s-%03ldZ", stamp, now.tv_nsec / 1000000);
    if (all)
        r->dir = outdir_sub(all, name, &r->s->err);
    outdir_close(all);
    return r->s->err.code;
}

/* Where the two servers print the same object in two ways, that it is there must do. */
static void judge_schema(struct rehearse *r)
{
    struct str text;
    str_init(&text, 0);
    schema_compare_text(&r->d, "the target", "the copy", &text);
    str_add(&r->told, text.data);
    size_t bad = 0;
    int other_major = 0;
    for (size_t i = 0; i < r->d.n; i++)
        other_major |= r->d.items[i].a && str_equal(r->d.items[i].a->name, "major version");
    for (size_t i = 0; i < r->d.n; i++) {
        const struct schema_difference *d = &r->d.items[i];
        int accepted =
            r->cli->accept_differences && (is_surrounding(d) || (other_major && d->a && d->b));
        bad += !d->within && !accepted;
    }
    if (bad)
        no_go(r, "the copy is made otherwise than the target: %zu %s, the first: %.*s", bad,
              plural(bad, "difference", "differences"), (int)strcspn(text.data, "\n"), text.data);
    str_clear(&text);
}

/* How what is there differs from the target, before it goes. */
static int tell_found(struct rehearse *r)
{
    struct str text;
    log_write(LOG_INFO, "%zu %s between the target and what is in the rehearsal database",
              r->d.told, plural(r->d.told, "difference", "differences"));
    str_init(&text, 0);
    schema_compare_text(&r->d, "the target", "what was there", &text);
    int code = outdir_put(r->dir, "differences.txt", text.data, text.len, &r->s->err);
    str_clear(&text);
    return code;
}

static int make_copy(struct rehearse *r)
{
    struct rehearsal_copy *c = &r->copy;
    c->others[0] = r->s->pg;
    c->others[1] = r->s->reader;
    int code = tell_found(r);
    if (code)
        return code;
    code = r->cli->skip_staging ? rehearsal_copy_use(c, &r->s->err)
                                : rehearsal_copy_make(c, &r->s->err);
    if (!code && !r->cli->skip_staging)
        code = compare_schemas(r);
    if (code)
        return code;
    judge_schema(r);
    if (c->different.len)
        no_go(r, "the copy holds other rows than the target: %s", c->different.data);
    return 0;
}

/* ---- the run ----------------------------------------------------------------------------- */

/* As the target's role where that can be taken: what it lacks there, it lacks in production. A URL
 * with settings of its own keeps them. */
static const char *run_url(struct rehearse *r)
{
    struct pg_where where;
    struct str url;
    const char *out = r->place.url;
    if (!r->copy.rights.role[0] || strstr(out, "options="))
        return out;
    pg_where(r->place.pg, &where);
    str_init(&url, 0);
    if (!pg_url_database(out, where.dbname, &url, &r->s->err)) {
        str_printf(&url, " options='-c role=%s'", r->copy.rights.role);
        out = arena_strdup(r->copy.mem, url.data);
    }
    explicit_bzero(url.data, url.len);
    str_clear(&url);
    return out;
}

/* The same project with another target, and places of its own for what it writes. */
static int open_session(struct rehearse *r)
{
    struct session *x = &r->x;
    r->options = *r->s->options;
    r->options.overrides.target_url = run_url(r);
    r->options.overrides.report_dir = outdir_path(r->dir);
    r->options.overrides.backup_dir = rehearsal_copy_run_backups(r->s->project, r->copy.mem);
    session_init(x, &r->options);
    int code = session_project(x);
    if (!code)
        code = session_units(x);
    if (!code)
        code = session_ready(x);
    if (!code)
        code = empty_preflight(&x->job, &x->state, &x->faults, &x->err);
    if (code || x->faults.n) {
        session_report(x, "the target was only read");
        no_go(r, "the plan does not fit the copy: %s",
              x->faults.n ? x->faults.items[0].what : x->err.what);
    }
    return code;
}

static int is_stopped(int code)
{
    return code == STATUS_TEMPORARY || code == STATUS_INTERRUPTED || code == STATUS_TERMINATED ||
           code == STATUS_UNKNOWN;
}

static int run_there(struct rehearse *r)
{
    struct run_options options = {.full = r->cli->full,
                                  .yes = r->cli->yes,
                                  .limited = selection_is_part(&r->options.overrides)};
    progress_init(r->cli->quiet ? PROGRESS_NONE : r->cli->json ? PROGRESS_PLAIN : PROGRESS_AUTO);
    r->run_code = run_execute(&r->x, &options, &r->verdict);
    if (is_stopped(r->run_code))
        return error_set(&r->s->err, r->run_code, "the rehearsal was stopped: %s", r->verdict.text);
    if (r->run_code != STATUS_OK && r->run_code != STATUS_PARTIAL)
        no_go(r, "the run ended with %d: %s", r->run_code,
              r->verdict.cause[0] ? r->verdict.cause : r->verdict.text);
    return 0;
}

/* Before the undo: what the run did, and how long it took. */
static int look(struct rehearse *r)
{
    struct state *s = &r->x.state;
    struct error *err = &r->s->err;
    if (!s->run)
        return 0;
    int code = pg_begin_anew(s->pg, "READ ONLY", err);
    if (!code)
        code = state_attach(s, s->run, err);
    if (!code && !(r->measured = rehearsal_measure(s, &r->told, err)))
        code = err->code;
    r->was_published = state_undoable(s->at);
    if (!code && r->was_published)
        code = rehearsal_changes(s, &r->x.job, &r->changes, &r->told, err);
    pg_rollback(s->pg);
    return code;
}

static int undo(struct rehearse *r)
{
    struct tablesums now;
    struct str names;
    struct error err = {0};
    if (r->was_published &&
        rollback_run(&r->x.state, r->x.project, ROLLBACK_REFUSE, &r->undo, &err))
        no_go(r, "the run cannot be taken back: %s", err.what);
    else if (r->was_published && !r->undo.proven && !r->undo.nothing)
        no_go(r, "the undo is not proven by the fingerprint");
    str_init(&names, 0);
    int code = pg_begin_anew(r->place.pg, "READ ONLY", &r->s->err);
    if (!code)
        code = tablesums_read(r->place.pg, r->s->project->target.state_schema, r->copy.mem, &now,
                              &r->s->err);
    pg_rollback(r->place.pg);
    r->as_before = !code && !tablesums_differ(&r->copy.sums, &now, &names);
    if (!code && !r->as_before)
        no_go(r, "after the undo the copy is not as before: %s", names.data);
    str_clear(&names);
    return code;
}

static int try_out(struct rehearse *r)
{
    if (open_session(r))
        return 0; /* it is a reason for no-go */
    int code = run_there(r);
    if (!code)
        code = look(r);
    return code ? code : undo(r);
}

/* ---- the end ----------------------------------------------------------------------------- */

static const char *copy_way(const struct rehearse *r)
{
    return r->cli->skip_staging ? "none" : r->copy.by_template ? "template" : "dump";
}

static void write_json(const struct rehearse *r, struct str *out)
{
    const struct rehearsal_copy *c = &r->copy;
    struct pg_where where;
    pg_where(r->place.pg, &where);
    str_printf(out, "{\"rehearsal\": %lld, \"project\": ", (long long)r->id);
    jsonfile_quote(out, r->s->project->name);
    str_printf(out, ", \"go\": %s, \"tested\": %s, \"reasons\": [%s],\n\"database\": ",
               r->n_reasons ? "false" : "true", r->cli->skip_tests ? "false" : "true",
               r->reasons.data);
    jsonfile_quote(out, where.dbname);
    str_printf(out, ", \"differences_accepted\": %s, \"differences\": ",
               r->cli->accept_differences ? "true" : "false");
    schema_compare_json(&r->d, out);
    str_printf(out,
               ",\n\"copy\": {\"made\": %s, \"backup\": \"%s\", \"bytes\": %lld, \"rows\": %lld,"
               " \"way\": \"%s\", \"backup_seconds\": %.3f, \"copy_seconds\": %.3f, "
               "\"proof_seconds\": %.3f,"
               " \"rights_given\": %zu, \"rights_refused\": %zu, \"role\": ",
               r->cli->skip_staging ? "false" : "true", c->backup, (long long)c->bytes,
               (long long)c->rows, copy_way(r), c->backup_seconds, c->copy_seconds,
               c->proof_seconds, c->rights.given, c->rights.refused);
    jsonfile_quote(out, c->rights.role);
    str_add(out, "},\n");
    str_printf(out,
               "\"plan\": {\"project\": \"%s\", \"stages\": \"%s\", \"plugins\": \"%s\","
               " \"catalog\": \"%s\"},\n",
               r->plan.project, r->plan.stages, r->plan.plugins, r->plan.catalog);
    str_printf(out, "\"run\": {\"exit_code\": %d, \"message\": ", r->run_code);
    jsonfile_quote(out, r->verdict.text);
    str_printf(out, ", \"measured\": %s},\n", r->measured ? r->measured : "null");
    str_printf(out,
               "\"undo\": {\"seconds\": %.3f, \"proven\": %s, \"copy_as_before\": "
               "%s},\n\"changes\": %s}\n",
               r->undo.seconds, r->undo.proven ? "true" : "false", r->as_before ? "true" : "false",
               r->changes.len ? r->changes.data : "[]");
}

static void write_rights(const struct rehearsal_rights *x, struct str *out)
{
    if (x->refused)
        str_printf(out, "owners and privileges: %zu of %zu could not be given, the first: %s\n",
                   x->refused, x->given + x->refused, x->first);
    if (x->role[0])
        str_printf(out, "the run was made as role %s, as on the target\n", x->role);
}

static void write_text(const struct rehearse *r, struct str *out)
{
    const struct rehearsal_copy *c = &r->copy;
    int is_small = c->bytes >> 20 == 0;
    if (r->cli->skip_staging)
        str_add(out, "copy: the one that was there\n");
    else
        str_printf(out,
                   "copy: %lld %s, %lld %s; backup of what was there: %s (%.1f s); copied by %s "
                   "(%s) in %.1f s, proven in %.1f s\n",
                   (long long)c->rows, plural(c->rows, "row", "rows"),
                   (long long)(c->bytes >> (is_small ? 10 : 20)), is_small ? "kB" : "MB",
                   c->backup[0] ? c->backup : "nothing was", c->backup_seconds,
                   c->by_template ? "CREATE DATABASE ... TEMPLATE" : "pg_dump and pg_restore",
                   c->way, c->copy_seconds, c->proof_seconds);
    write_rights(&c->rights, out);
    if (!r->cli->skip_tests) {
        str_printf(out, "run: %s\n", r->verdict.text);
        if (r->was_published)
            str_printf(out, "undo: %.1f s, %s\n", r->undo.seconds,
                       r->as_before ? "the copy is as before the run"
                                    : "the copy is not as before the run");
    }
    str_add(out, r->told.data);
}

static int keep(struct rehearse *r)
{
    struct pg_where where;
    struct error *err = &r->s->err;
    pg_where(r->place.pg, &where);
    const struct rehearsal_record record = {.plan = &r->plan,
                                            .project = r->s->project->name,
                                            .place = where.dbname,
                                            .bundle = outdir_path(r->dir),
                                            .measured = r->measured,
                                            .go = !r->n_reasons};
    int code = pg_begin_anew(r->s->pg, "READ ONLY", err); /* it was long idle */
    pg_rollback(r->s->pg);
    if (!code)
        code = session_state(r->s);
    return code ? code : rehearsal_keep(&r->s->state, &record, &r->id, err);
}

static int conclude(struct rehearse *r)
{
    struct str json, text;
    str_init(&json, 0);
    str_init(&text, 0);
    int code = r->cli->skip_tests ? 0 : keep(r);
    if (!code) {
        write_json(r, &json);
        write_text(r, &text);
        code = outdir_put(r->dir, "rehearsal.json", json.data, json.len, &r->s->err);
    }
    if (!code)
        code = outdir_put(r->dir, "rehearsal.txt", text.data, text.len, &r->s->err);
    if (!code && r->cli->json) {
        output_text(json.data);
    } else if (!code) {
        output_text(text.data);
        if (r->cli->skip_tests)
            output_format("rehearsal copy: %s, nothing was tried; report: %s\n",
                          r->n_reasons ? "not as the target" : "as the target",
                          outdir_path(r->dir));
        else
            output_format("rehearsal %lld: %s; report: %s\n", (long long)r->id,
                          r->n_reasons ? "no-go" : "go", outdir_path(r->dir));
    }
    str_clear(&json);
    str_clear(&text);
    return code ? code : r->n_reasons ? STATUS_INVALID : 0;
}

static void clear(struct rehearse *r)
{
    rehearsal_plan_clear(&r->plan);
    session_clear(&r->x);
    side_clear(&r->target);
    side_clear(&r->place);
    rehearsal_copy_clear(&r->copy);
    outdir_close(r->dir);
    str_clear(&r->reasons);
    str_clear(&r->changes);
    str_clear(&r->told);
    free(r->measured);
}

int rehearse_run(const struct cli *cli, struct session *s)
{
    struct rehearse r = {.cli = cli, .s = s};
    session_init(&r.x, s->options);
    str_init(&r.reasons, 0);
    str_init(&r.changes, 0);
    str_init(&r.told, 0);
    str_init(&r.copy.different, 0);
    r.copy.project = s->project;
    r.copy.mem = arena_new();
    r.copy.target = &r.target;
    r.copy.copy = &r.place;
    r.copy.own_server = !s->project->rehearsal.url[0];
    int code = prepare(&r);
    if (!code)
        code = open_bundle(&r);
    if (!code)
        code = make_copy(&r);
    if (!code && !cli->skip_tests && !r.n_reasons)
        code = try_out(&r);
    if (!code)
        code = conclude(&r);
    int begun = r.dir != NULL;
    clear(&r);
    return s->err.code || s->faults.n ? failed(s, begun, code) : code;
}

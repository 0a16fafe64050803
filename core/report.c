/* report.c - report.json from the state schema. Holds names of stages, tables, fields, keys and
 * rules; no values of records. The lists are bounded; all rejects are in errors.csv. */
#include "report.h"

#include <jansson.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "backoff.h"
#include "config.h"
#include "fingerprint.h"
#include "highwater.h"
#include "mask.h"
#include "report_coverage.h"
#include "report_preserved.h"
#include "report_sources.h"
#include "report_verify.h"
#include "slow.h"
#include "sql.h"
#include "tell.h"
#include "vanished.h"
#include "workers.h"
#include "write.h"

#define MOST_LINES 300 /* of one list: memory is the same for any number of rejects */

static json_t *text_or_null(const struct pg_result *res, int row, int column)
{
    const char *text = pg_get(res, row, column);
    return text ? json_string(text) : json_null();
}

static json_t *count(const struct pg_result *res, int row, int column)
{
    return json_integer(pg_get_int(res, row, column));
}

/* ---- the run --------------------------------------------------------------------------- */

static json_t *plugins(const struct job *job)
{
    json_t *list = json_array();
    const struct registry *r = job->host ? job->host->registry : NULL;
    for (size_t i = 0; r && i < r->n; i++) {
        int seen = 0;
        for (size_t k = 0; k < i; k++)
            seen |= str_equal(r->units[k].path, r->units[i].path);
        if (!seen)
            json_array_append_new(list,
                                  json_pack("{s:s, s:s, s:s, s:s}", "id", r->units[i].plugin->id,
                                            "version", r->units[i].plugin->version, "path",
                                            r->units[i].path, "sha256", r->units[i].sha256));
    }
    return list;
}

/* The target's database; which server it is on is nobody's business who reads a report. */
static json_t *database(const struct state *s)
{
    struct pg_where where;
    pg_where(s->pg, &where);
    return json_string(where.dbname);
}

static json_t *run_part(const struct state *s, const struct job *job, const struct report_input *in,
                        const char *finished)
{
    char id[32], parent[32], host[128] = "";
    struct rusage usage;
    const struct passwd *user = getpwuid(geteuid());
    getrusage(RUSAGE_SELF, &usage);
    gethostname(host, sizeof host - 1);
    snprintf(id, sizeof id, "%lld", (long long)s->run);
    snprintf(parent, sizeof parent, "%lld", (long long)s->parent);
    json_t *steps = json_array();
    for (size_t i = 0; i < in->n_steps; i++)
        json_array_append_new(steps, json_pack("{s:s, s:f}", "name", in->steps[i].name, "seconds",
                                               in->steps[i].seconds));
    json_t *run = json_object();
    json_object_set_new(run, "id", json_string(id));
    json_object_set_new(run, "project", json_string(job->project->name));
    json_object_set_new(run, "action", json_string(in->action));
    json_object_set_new(run, "parent", s->parent ? json_string(parent) : json_null());
    json_object_set_new(run, "status", json_string(state_text(s->at)));
    json_object_set_new(run, "published", json_boolean(in->published));
    json_object_set_new(run, "exit_code", json_integer(in->exit_code));
    json_object_set_new(run, "started", json_string(in->started));
    json_object_set_new(run, "finished", json_string(finished));
    json_object_set_new(run, "seconds", json_real(in->seconds));
    json_object_set_new(run, "publish_seconds", json_real(in->publish_seconds));
    int64_t own = usage.ru_maxrss, most = job->worker_kb > own ? job->worker_kb : own;
    json_object_set_new(run, "peak_rss_kb", json_integer(most));
    json_object_set_new(run, "peak_rss_sum_kb", json_integer(own + job->workers_kb));
    json_object_set_new(run, "steps", steps);
    json_object_set_new(run, "user", json_string(user ? user->pw_name : "unknown"));
    json_object_set_new(run, "host", json_string(host));
    json_object_set_new(run, "version", json_string(PACKAGE_VERSION));
    json_object_set_new(run, "database", database(s));
    json_object_set_new(run, "backup", json_string(in->backup));
    json_object_set_new(run, "retries", json_integer(backoff_count()));
    json_object_set_new(run, "resumed", json_boolean(s->resumed));
    json_object_set_new(run, "plugins", plugins(job));
    return run;
}

/* ---- stages ---------------------------------------------------------------------------- */

/* The as-if counts of one stage in one table; they are facts once the run is published. */
static int stage_table(struct state *s, const struct job *job, const struct job_stage *st, size_t m,
                       json_t *tables, struct error *err)
{
    struct write_counts c;
    const struct job_table *t = &job->tables[st->tables[m]];
    int kept = (s->at == RUN_PUBLISHED || s->at == RUN_DONE) && t->n_stages == 1 &&
               job->project->publish != PUBLISH_BATCHED;
    if (kept ? write_kept(s, t, &c, err) : write_plan(s, t, st->no, &c, err))
        return err->code;
    json_t *columns = report_coverage_columns(s, job, st, m, err);
    if (!columns)
        return err->code;
    json_t *left = json_object();
    if (c.rejected)
        json_object_set_new(left, "rejected", json_integer(c.rejected));
    if (c.left_existing)
        json_object_set_new(left, "existing", json_integer(c.left_existing));
    char name[520];
    snprintf(name, sizeof name, "%s.%s", t->t->schema, t->t->name);
    /* Deletions belong to the table; they are told with the first stage that writes it. */
    json_object_set_new(tables, name,
                        json_pack("{s:I, s:I, s:I, s:I, s:o, s:I, s:o}", "staged",
                                  (json_int_t)c.staged, "inserted", (json_int_t)c.inserted,
                                  "updated", (json_int_t)c.updated, "unchanged",
                                  (json_int_t)c.unchanged, "left", left, "deleted",
                                  (json_int_t)c.deleted, "columns", columns));
    return 0;
}

static int stage_tables(struct state *s, const struct job *job, const struct job_stage *st,
                        json_t *tables, struct error *err)
{
    int code = 0;
    for (size_t m = 0; !code && st->tables && m < st->migrator->n_tables; m++) {
        const struct job_table *t = &job->tables[st->tables[m]];
        const char *const tables_of[] = {t->staging, t->match_table, t->delete_table};
        struct pg_result *res = pg_query(s->pg, err,
                                         "SELECT to_regclass($1) IS NOT NULL AND to_regclass($2)"
                                         " IS NOT NULL AND to_regclass($3) IS NOT NULL",
                                         3, tables_of);
        if (!res)
            return err->code;
        int there = pg_get(res, 0, 0)[0] == 't';
        pg_free(res);
        if (there)
            code = stage_table(s, job, st, m, tables, err);
        if (!code && there && job->tables[st->tables[m]].stages[0] != st->no - 1) {
            char name[520];
            snprintf(name, sizeof name, "%s.%s", t->t->schema, t->t->name);
            json_object_set_new(json_object_get(tables, name), "deleted", json_integer(0));
        }
    }
    return code;
}

static json_t *reasons(struct state *s, const char *stage, int outcome, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "SELECT code, count(*) FROM %s.reject WHERE run = %lld AND outcome = %d AND"
               " stage = ",
               s->q, (long long)s->run, outcome);
    sql_literal(&sql, stage);
    str_add(&sql, " GROUP BY code ORDER BY code");
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    json_t *object = json_object();
    for (int i = 0; res && i < pg_rows(res); i++)
        json_object_set_new(object, pg_get(res, i, 0), count(res, i, 1));
    pg_free(res);
    return object;
}

static int64_t sum_of(json_t *object)
{
    const char *key;
    json_t *value;
    int64_t sum = 0;
    json_object_foreach(object, key, value)
    {
        (void)key;
        sum += json_integer_value(value);
    }
    return sum;
}

static json_t *since(const struct job_stage *st)
{
    return st->high && st->high->has_since ? json_string(st->high->text) : json_null();
}

static int stage_part(struct state *s, const struct job *job, const struct job_stage *st,
                      const struct coverage *coverage, json_t *list, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(
        &sql,
        "SELECT coalesce(sum(c.read), 0), coalesce(bool_or(t.done), false),"
        " coalesce(max(t.seconds), 0), (SELECT count(*) FROM %s.source_change v WHERE v.run ="
        " t.run AND v.stage = t.name AND v.what IN ('vanished', 'deleted')), count(DISTINCT "
        "c.snapshot) FROM"
        " %s.run_stage t LEFT JOIN %s.chunk c ON c.run ="
        " t.run AND c.stage = t.name WHERE t.run = %lld AND t.name = ",
        s->q, s->q, s->q, (long long)s->run);
    sql_literal(&sql, st->p->name);
    str_add(&sql, " GROUP BY t.run, t.name");
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    if (!res)
        return err->code;
    json_t *tables = json_object();
    json_t *skipped = reasons(s, st->p->name, MIG_SKIP, err);
    json_t *rejected = reasons(s, st->p->name, MIG_REJECT, err);
    int there = pg_rows(res) > 0; /* the run may have ended before the stage began */
    int64_t read = there ? pg_get_int(res, 0, 0) : 0;
    int done = there && pg_get(res, 0, 1)[0] == 't';
    int code = err->code ? err->code : stage_tables(s, job, st, tables, err);
    json_array_append_new(
        list, json_pack("{s:s, s:s, s:f, s:I, s:{s:I, s:I, s:o, s:o, s:o, s:o}, s:o}", "name",
                        st->p->name, "status", done ? "complete" : "pending", "seconds",
                        there ? strtod(pg_get(res, 0, 2), NULL) : 0.0, "snapshots",
                        (json_int_t)(there ? pg_get_int(res, 0, 4) : 0), "records", "read",
                        (json_int_t)read, "loaded",
                        (json_int_t)(read - sum_of(skipped) - sum_of(rejected)), "skipped", skipped,
                        "rejected", rejected, "vanished",
                        done && vanished_is_known(job, st) ? count(res, 0, 3) : json_null(),
                        "since", since(st), "tables", tables));
    json_t *part = json_array_get(list, json_array_size(list) - 1);
    json_object_set_new(part, "needs", tell_needs(job, st));
    json_object_set_new(part, "fields", report_coverage_fields(coverage));
    pg_free(res);
    return code;
}

static int stages(struct state *s, const struct job *job, json_t *list, struct error *err)
{
    struct coverage *coverage = NULL;
    int code = coverage_read(s, job, &coverage, err);
    for (size_t i = 0; !code && i < job->n_stages; i++)
        code = stage_part(s, job, &job->stages[i], &coverage[i], list, err);
    for (size_t i = 0; !code && i < job->project->n_stages; i++)
        if (!job->project->stages[i].enabled)
            json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:{s:i, s:i, s:{}, s:{}}, s:{}}",
                                                  "name", job->project->stages[i].name, "status",
                                                  "disabled", "seconds", 0, "records", "read", 0,
                                                  "loaded", 0, "skipped", "rejected", "tables"));
    return code;
}

/* ---- lists ----------------------------------------------------------------------------- */

static json_t *column(const struct pg_result *res, int row, int k, char kind)
{
    return kind == '#'   ? count(res, row, k)
           : kind == '~' ? json_real(strtod(pg_get(res, row, k), NULL))
                         : text_or_null(res, row, k);
}

/* Rows of a query as objects with these members; a name that begins with '#' is a count, one with
 * '~' a number with a fraction. */
static int rows(struct state *s, json_t *list, const char *const *members, struct error *err,
                const char *sql)
{
    struct pg_result *res = pg_query(s->pg, err, sql, 0, NULL);
    if (!res)
        return err->code;
    for (int i = 0; i < pg_rows(res); i++) {
        json_t *object = json_object();
        for (int k = 0; members[k]; k++)
            json_object_set_new(object, members[k] + (members[k][0] == '#' || members[k][0] == '~'),
                                column(res, i, k, members[k][0]));
        json_array_append_new(list, object);
    }
    pg_free(res);
    return 0;
}

static void mask_errors(const struct project *p, json_t *list)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        const char *stage = json_string_value(json_object_get(item, "entity"));
        const char *reason = json_string_value(json_object_get(item, "message"));
        struct str text;
        if (!mask_keys(p, stage))
            continue;
        str_init(&text, 0);
        mask_reason(p, stage, reason ? reason : "", &text);
        json_object_set_new(item, "message", json_string(text.data));
        json_object_set_new(item, "id", json_string(MASK_TEXT));
        str_clear(&text);
    }
}

static int lists(struct state *s, json_t *root, struct error *err)
{
    static const char *const error_members[] = {"entity", "id",      "field", "message",
                                                "code",   "#number", NULL};
    static const char *const reject_members[] = {"stage", "code", "#count", "first_cause", NULL};
    static const char *const repair_members[] = {"stage", "field", "rule", "#count", NULL};
    static const char *const check_members[] = {
        "name", "kind", "status", "#violations", "phase", "sql", "validator", "~seconds", NULL};
    const struct {
        const char *name;
        const char *const *members;
        const char *sql;
    } parts[] = {
        {"errors", error_members,
         "SELECT stage, key, field, reason, code, number FROM %s.reject WHERE run = %lld ORDER BY"
         " record LIMIT %d"},
        {"rejects", reject_members,
         "SELECT stage, code, count(*), regexp_replace(first_cause, '^([^:]*):.* (.*)$',"
         " '\\1: \\2') AS began FROM %s.reject WHERE run = %lld GROUP BY stage, code, began"
         " ORDER BY count(*) DESC, stage, code, began LIMIT %d"},
        {"repairs", repair_members,
         "SELECT stage, field, rule, sum(count) FROM %s.repair WHERE run = %lld GROUP BY 1, 2, 3"
         " ORDER BY 1, 2, 3"},
        {"checks", check_members,
         "SELECT name, kind, status, violations, phase, sql, validator, seconds FROM "
         "%s.check_result"
         " WHERE"
         " run = %lld ORDER BY phase, validator, name"},
    };
    int code = 0;
    for (size_t i = 0; !code && i < sizeof parts / sizeof *parts; i++) {
        char sql[512];
        json_t *list = json_array();
        snprintf(sql, sizeof sql, parts[i].sql, s->q, (long long)s->run, MOST_LINES);
        json_object_set_new(root, parts[i].name, list);
        code = rows(s, list, parts[i].members, err, sql);
    }
    return code;
}

static json_t *warnings(const struct report_input *in)
{
    json_t *list = json_array();
    const char *p = in->notes ? in->notes->data : "";
    while (*p) {
        const char *end = strchr(p, '\n');
        size_t n = end ? (size_t)(end - p) : strlen(p);
        json_array_append_new(list, json_stringn(p, n));
        p += n + (end != NULL);
    }
    return list;
}

static json_t *statements(void)
{
    json_t *list = json_array();
    const struct slow_statement *s = slow_list();
    for (size_t i = 0; i < SLOW_MOST && s[i].seconds > 0; i++)
        json_array_append_new(list,
                              json_pack("{s:f, s:s}", "seconds", s[i].seconds, "sql", s[i].sql));
    return list;
}

static json_t *logins_part(const struct logins_list *l)
{
    json_t *list = json_array();
    for (size_t i = 0; i < l->n; i++) {
        const struct logins_result *r = &l->items[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I, s:I}", "stage", r->stage,
                                              "column", r->column, "proven", (json_int_t)r->proven,
                                              "failed", (json_int_t)r->failed, "nothing_to_prove",
                                              (json_int_t)r->open));
    }
    return list;
}

static int fingerprints(struct state *s, json_t *root, struct error *err)
{
    char before[65], after[65];
    int code = fingerprint_text(s, "before", before, err);
    if (!code)
        code = fingerprint_text(s, "after", after, err);
    json_t *part = json_object();
    json_object_set_new(part, "before", before[0] ? json_string(before) : json_null());
    json_object_set_new(part, "after", !code && after[0] ? json_string(after) : json_null());
    json_object_set_new(root, "fingerprint", part);
    return code;
}

/* ---- totals ---------------------------------------------------------------------------- */

static void add_totals(json_t *list, struct report_totals *t)
{
    size_t i;
    json_t *stage;
    json_array_foreach(list, i, stage)
    {
        json_t *records = json_object_get(stage, "records"), *table;
        const char *name;
        t->read += json_integer_value(json_object_get(records, "read"));
        t->migrated += json_integer_value(json_object_get(records, "loaded"));
        t->vanished += json_integer_value(json_object_get(records, "vanished"));
        t->skipped += sum_of(json_object_get(records, "skipped"));
        t->rejected += sum_of(json_object_get(records, "rejected"));
        json_object_foreach(json_object_get(stage, "tables"), name, table)
        {
            (void)name;
            t->staged += json_integer_value(json_object_get(table, "staged"));
            t->inserted += json_integer_value(json_object_get(table, "inserted"));
            t->updated += json_integer_value(json_object_get(table, "updated"));
            t->unchanged += json_integer_value(json_object_get(table, "unchanged"));
            t->left += sum_of(json_object_get(table, "left"));
            t->deleted += json_integer_value(json_object_get(table, "deleted"));
        }
    }
}

struct json_t *report_summary(const struct report_totals *t)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "read",
                     (json_int_t)t->read, "migrated", (json_int_t)t->migrated, "skipped",
                     (json_int_t)t->skipped, "rejected", (json_int_t)t->rejected, "remaining",
                     (json_int_t)(t->read - t->migrated), "staged", (json_int_t)t->staged,
                     "inserted", (json_int_t)t->inserted, "updated", (json_int_t)t->updated,
                     "unchanged", (json_int_t)t->unchanged, "left", (json_int_t)t->left, "deleted",
                     (json_int_t)t->deleted, "vanished", (json_int_t)t->vanished);
}

int report_totals(struct state *s, struct report_totals *out, struct error *err)
{
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "SELECT (SELECT coalesce(sum(read), 0) FROM %s.chunk WHERE run = %lld), count(*) FILTER"
        " (WHERE outcome = %d), count(*) FILTER (WHERE outcome = %d), count(*) FILTER (WHERE code ="
        " 'parent_rejected') FROM %s.reject WHERE run = %lld",
        s->q, (long long)s->run, MIG_SKIP, MIG_REJECT, s->q, (long long)s->run);
    if (!res)
        return err->code;
    memset(out, 0, sizeof *out);
    out->read = pg_get_int(res, 0, 0);
    out->skipped = pg_get_int(res, 0, 1);
    out->rejected = pg_get_int(res, 0, 2);
    out->waiting = pg_get_int(res, 0, 3);
    out->migrated = out->read - out->skipped - out->rejected;
    pg_free(res);
    return 0;
}

/* ---- all together ---------------------------------------------------------------------- */

static int server_time(struct state *s, char out[40], struct error *err)
{
    struct pg_result *res = pg_queryf(
        s->pg, err, "SELECT to_char(clock_timestamp(), 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')");
    if (!res)
        return err->code;
    snprintf(out, 40, "%s", pg_get(res, 0, 0));
    pg_free(res);
    return 0;
}

/* In how many states the sources were read: one each, unless the load was broken off. */
static int snapshots(struct state *s, json_t *run, struct error *err)
{
    struct pg_result *res =
        pg_queryf(s->pg, err, "SELECT count(DISTINCT snapshot) FROM %s.chunk WHERE run = %lld",
                  s->q, (long long)s->run);
    if (!res)
        return err->code;
    json_object_set_new(run, "snapshots", count(res, 0, 0));
    pg_free(res);
    return 0;
}

static json_t *undo_part(const struct report_undo *u)
{
    json_t *part = json_pack("{s:s, s:s}", "status", u->status, "cause", u->cause);
    if (u->reason[0])
        json_object_set_new(part, "reason", json_string(u->reason));
    if (!str_equal(u->status, "done"))
        return part;
    json_object_set_new(part, "proven", json_boolean(u->proven));
    json_object_set_new(part, "before", json_string(u->before));
    json_object_set_new(part, "after_undo", json_string(u->undone));
    json_object_set_new(part, "seconds", json_real(u->seconds));
    return part;
}

char *report_build(struct state *s, const struct job *job, report_tell *tell, void *arg,
                   struct report_totals *totals, struct error *err)
{
    char now[40] = "";
    struct report_input told, *in = &told;
    json_t *root = json_object(), *list = json_array();
    memset(totals, 0, sizeof *totals);
    int code = stages(s, job, list, err);
    add_totals(list, totals);
    tell(arg, in);
    if (!code)
        code = server_time(s, now, err);
    json_object_set_new(
        root, "success",
        json_boolean(in->exit_code == STATUS_OK || in->exit_code == STATUS_PARTIAL));
    json_object_set_new(root, "message", json_string(in->message));
    json_object_set_new(root, "run", run_part(s, job, in, now));
    if (!code)
        code = snapshots(s, json_object_get(root, "run"), err);
    json_object_set_new(root, "stages", list);
    json_object_set_new(root, "summary", report_summary(totals));
    json_object_set_new(root, "errors_total", json_integer(totals->skipped + totals->rejected));
    if (!code)
        code = lists(s, root, err);
    mask_errors(job->project, json_object_get(root, "errors"));
    if (!code)
        code = report_sources(s, job, root, err);
    if (!code)
        code = fingerprints(s, root, err);
    json_t *preserved = NULL;
    if (!code)
        code = report_preserved(s, job, &preserved, err);
    if (json_array_size(preserved))
        json_object_set(root, "preserved", preserved);
    json_decref(preserved);
    json_object_set_new(root, "statements", statements());
    json_object_set_new(root, "warnings", warnings(in));
    json_object_set_new(root, "verify", report_verify(in->verify));
    if (in->logins && in->logins->n)
        json_object_set_new(root, "logins", logins_part(in->logins));
    if (in->undo && in->undo->status)
        json_object_set_new(root, "undo", undo_part(in->undo));
    if (in->gate && in->gate[0])
        json_object_set_new(root, "rehearsal", json_loads(in->gate, 0, NULL));
    if (in->err && in->err->code)
        json_object_set_new(root, "failure",
                            json_pack("{s:i, s:s, s:s, s:s}", "code", in->err->code, "what",
                                      in->err->what, "why", in->err->why, "fix", in->err->fix));
    char *text = code ? NULL : json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    json_decref(root);
    if (!code && !text)
        error_set(err, STATUS_BUG, "the report is not valid text");
    return text;
}

int report_keep(struct state *s, const char *text, struct error *err)
{
    char run[32], sql[320];
    const char *const params[] = {text, run};
    snprintf(run, sizeof run, "%lld", (long long)s->run);
    snprintf(sql, sizeof sql,
             "UPDATE %s.run SET report = $1::text, totals = $1::text::json -> 'summary' WHERE id ="
             " $2::text::bigint",
             s->q);
    struct pg_result *res = pg_query(s->pg, err, sql, 2, params);
    pg_free(res);
    return res ? 0 : err->code;
}

/* validate.c - the project's validators and invariants. User SQL runs read-only on its own
 * connection; only invariants, which name live objects themselves, run inside publish. */
#include "validate.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "call.h"
#include "log.h"
#include "plural.h"
#include "reject.h"
#include "sql.h"

static int next_check(const struct job_validator *v, uint32_t number, mig_check_t *check,
                      struct error *err)
{
    int32_t got = call_check(v->unit, number, check);
    if (got == MIG_END)
        return MIG_END;
    return got == MIG_OK ? 0 : -host_error(v->unit, got, "check", err);
}

static size_t named_table(const struct job *job, const char *name)
{
    struct sql_name split;
    sql_split(name, job->project->target.schema, &split);
    return job_find_table(job, split.schema, split.table);
}

int validate_rules(struct job *job, size_t table, struct reject_rules *rules, struct error *err)
{
    int got = MIG_END;
    for (size_t i = 0; got == MIG_END && i < job->n_validators; i++) {
        mig_check_t check;
        for (uint32_t n = 0; (got = next_check(&job->validators[i], n, &check, err)) == 0; n++)
            if (check.kind == MIG_CHECK_ROW && check.severity == MIG_SEVERITY_ERROR &&
                named_table(job, check.table) == table)
                reject_rule_add(rules, &(struct reject_rule){check.sql, check.code, check.message,
                                                             check.column});
    }
    return got < 0 ? -got : 0;
}

/* Puts the view or the live table in the place of {table}. */
static int place_tables(const struct job *job, const char *sql, enum validate_phase phase,
                        struct str *out, struct error *err)
{
    for (const char *p = sql; *p;) {
        const char *open = strchr(p, '{');
        const char *close = open ? strchr(open, '}') : NULL;
        if (!open || !close) {
            str_add(out, p);
            break;
        }
        char name[300];
        str_add_n(out, p, (size_t)(open - p));
        snprintf(name, sizeof name, "%.*s", (int)(close - open - 1), open + 1);
        size_t t = named_table(job, name);
        struct sql_name split;
        sql_split(name, job->project->target.schema, &split);
        if (t != SIZE_MAX && phase == VALIDATE_AS_IF)
            str_add(out, job->tables[t].as_if);
        else
            sql_table(out, split.schema, split.table);
        p = close + 1;
    }
    return out->failed ? error_set(err, STATUS_CONFIG, "a check's SQL is too long") : 0;
}

/* The check as a query that gives one row per violation. */
static int check_query(const struct job *job, const mig_check_t *check, enum validate_phase phase,
                       struct str *out, struct error *err)
{
    if (check->kind == MIG_CHECK_QUERY)
        return place_tables(job, check->sql, phase, out, err);
    struct str table;
    str_init(&table, 0);
    str_printf(&table, "{%s}", check->table);
    str_add(out, "SELECT 1 FROM ");
    int code = place_tables(job, table.data, phase, out, err);
    str_printf(out, " WHERE (%s)", check->sql);
    str_clear(&table);
    return code;
}

/* A comment at the end of the SQL must not take the bracket with it. */
static struct pg_result *count_rows(struct pg *pg, const char *select, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "SELECT count(*) FROM (%s\n) violations", select);
    struct pg_result *res = sql.failed ? NULL : pg_query_one(pg, err, sql.data);
    if (sql.failed)
        error_set(err, STATUS_CONFIG, "the SQL of a check is too long");
    str_clear(&sql);
    return res;
}

static double seconds_since(const struct timespec *t)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - t->tv_sec) + (double)(now.tv_nsec - t->tv_nsec) / 1e9;
}

static int run_check(struct pg *reader, struct job *job, const struct job_validator *v,
                     const mig_check_t *check, enum validate_phase phase,
                     struct validate_result *out, struct error *err)
{
    struct str sql;
    struct timespec begun;
    str_init(&sql, 0);
    int code = check_query(job, check, phase, &sql, err);
    *out = (struct validate_result){v->p->name,
                                    arena_strdup(job->mem, check->name),
                                    check->kind == MIG_CHECK_ROW ? "row" : "query",
                                    check->severity == MIG_SEVERITY_WARNING ? "warning" : "error",
                                    arena_strdup(job->mem, sql.data),
                                    0,
                                    0,
                                    0};
    clock_gettime(CLOCK_MONOTONIC, &begun);
    struct pg_result *res = code ? NULL : count_rows(reader, sql.data, err);
    out->seconds = seconds_since(&begun);
    if (!code && !res) {
        char what[400];
        snprintf(what, sizeof what, "validator %s, check %s: %.300s", v->p->name, check->name,
                 err->what);
        snprintf(err->what, sizeof err->what, "%s", what);
        error_fix(err, "correct the check: one SELECT that reads only, tables named as {table}");
        code = err->code;
    }
    if (res)
        out->violations = pg_get_int(res, 0, 0);
    out->failed = out->violations > 0 && check->severity != MIG_SEVERITY_WARNING;
    pg_free(res);
    str_clear(&sql);
    return code;
}

void validate_add(struct job *job, struct validate_list *list, const struct validate_result *r)
{
    struct validate_result *items = arena_alloc(job->mem, (list->n + 1) * sizeof *items);
    if (list->n)
        memcpy(items, list->items, list->n * sizeof *items);
    items[list->n++] = *r;
    list->items = items;
    list->errors += (size_t)r->failed;
}

int validate_run(struct pg *reader, struct job *job, enum validate_phase phase,
                 struct validate_list *out, struct error *err)
{
    memset(out, 0, sizeof *out);
    int code = pg_begin_anew(reader, "READ ONLY", err);
    if (!code)
        code = pg_own_path(reader, err);
    for (size_t i = 0; !code && i < job->n_validators; i++) {
        mig_check_t check;
        int got = 0;
        for (uint32_t n = 0; !code && (got = next_check(&job->validators[i], n, &check, err)) == 0;
             n++) {
            struct validate_result r;
            code = run_check(reader, job, &job->validators[i], &check, phase, &r, err);
            if (!code)
                validate_add(job, out, &r);
        }
        if (got < 0)
            code = -got;
    }
    pg_rollback(reader);
    return code;
}

int validate_found(struct pg *reader, const struct validate_result *r, int most,
                   void (*tell)(const char *found), struct error *err)
{
    struct str sql;
    int code = pg_begin_anew(reader, "READ ONLY", err);
    if (!code)
        code = pg_own_path(reader, err);
    str_init(&sql, 0);
    str_printf(&sql, "SELECT * FROM (%s\n) violations LIMIT %d", r->sql, most);
    struct pg_result *res = code ? NULL : pg_query_one(reader, err, sql.data);
    for (int i = 0; res && i < pg_rows(res); i++)
        tell(pg_get(res, i, 0));
    pg_free(res);
    pg_rollback(reader);
    str_clear(&sql);
    return err->code;
}

static int keep_rows(struct state *s, const struct validate_list *list, const char *phase,
                     struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < list->n; i++) {
        const struct validate_result *r = &list->items[i];
        char run[32], violations[32], seconds[32], sql[256];
        snprintf(run, sizeof run, "%lld", (long long)s->run);
        snprintf(violations, sizeof violations, "%lld", (long long)r->violations);
        snprintf(seconds, sizeof seconds, "%.6f", r->seconds);
        snprintf(sql, sizeof sql,
                 "INSERT INTO %s.check_result VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)", s->q);
        const char *const params[] = {run,
                                      phase,
                                      r->validator,
                                      r->name,
                                      r->kind,
                                      r->severity,
                                      r->failed       ? "failed"
                                      : r->violations ? "warning"
                                                      : "passed",
                                      violations,
                                      r->sql,
                                      seconds};
        struct pg_result *res = pg_query(s->pg, err, sql, 10, params);
        code = res ? 0 : err->code;
        pg_free(res);
    }
    return code;
}

int validate_keep(struct state *s, const struct validate_list *list, const char *phase,
                  struct error *err)
{
    int code = state_begin(s, err);
    if (!code)
        code = keep_rows(s, list, phase, err);
    if (!code)
        code = state_commit(s, err);
    else
        pg_rollback(s->pg);
    return code;
}

void validate_failed(const struct validate_list *list, struct str *out)
{
    for (size_t i = 0, n = 0; i < list->n; i++)
        if (list->items[i].failed)
            str_printf(out, "%s%s", n++ ? ", " : "", list->items[i].name);
}

int validate_step(struct state *s, struct pg *reader, struct job *job, enum validate_phase phase,
                  struct error *err)
{
    struct validate_list list;
    int code = validate_run(reader, job, phase, &list, err);
    if (!code)
        code = validate_keep(s, &list, phase == VALIDATE_AS_IF ? "before" : "after", err);
    if (code || !list.errors)
        return code;
    for (size_t i = 0; i < list.n; i++)
        if (list.items[i].failed)
            log_write(LOG_INFO, "validator %s, check %s: %lld %s", list.items[i].validator,
                      list.items[i].name, (long long)list.items[i].violations,
                      plural(list.items[i].violations, "violation", "violations"));
    struct str names;
    str_init(&names, 0);
    validate_failed(&list, &names);
    error_set(err, STATUS_INVALID, "%zu %s %s: %.800s", list.errors,
              plural(list.errors, "check found faults in the", "checks found faults in the"),
              phase == VALIDATE_AS_IF ? "outcome" : "live tables", names.data);
    str_clear(&names);
    error_fix(err, "the checks and their SQL are in report.json of the bundle");
    return STATUS_INVALID;
}

int validate_invariants(struct state *s, const struct job *job, struct error *err)
{
    for (size_t i = 0; i < job->project->n_invariants; i++) {
        const struct project_invariant *v = &job->project->invariants[i];
        struct pg_result *res = count_rows(s->pg, v->sql, err);
        if (!res) {
            error_why(err, "invariant %s of the project", v->name);
            return err->code;
        }
        int64_t n = pg_get_int(res, 0, 0);
        pg_free(res);
        if (!n)
            continue;
        error_set(err, STATUS_INVALID, "invariant %s does not hold: %lld %s", v->name, (long long)n,
                  plural(n, "row", "rows"));
        error_fix(err, "its SQL is in the project under \"invariants\"; correct the data or the "
                       "mapping");
        return STATUS_INVALID;
    }
    return 0;
}

void validate_sql(struct job *job, struct str *out)
{
    for (size_t i = 0; i < job->n_validators; i++) {
        mig_check_t check;
        struct error err = {0};
        for (uint32_t n = 0; next_check(&job->validators[i], n, &check, &err) == 0; n++) {
            struct str sql;
            str_init(&sql, 0);
            if (check_query(job, &check, VALIDATE_LIVE, &sql, &err) == 0) {
                str_add(out, "SELECT ");
                sql_literal(out, job->validators[i].p->name);
                str_add(out, " AS validator, ");
                sql_literal(out, check.name);
                str_printf(out, " AS name, count(*) AS violations FROM (%s\n) violations;\n",
                           sql.data);
            }
            str_clear(&sql);
        }
    }
}

/* check.c - values, collisions and references of staged rows, as sets in the target.
 * Order of refusal: values, then collisions, then references, until nothing more is refused. A
 * loser of a collision does not come back when its winner falls later. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "collide.h"
#include "delta.h"
#include "fault.h"
#include "judge.h"
#include "lookup.h"
#include "merge.h"
#include "number.h"
#include "outcome.h"
#include "owner.h"
#include "pair.h"
#include "plural.h"
#include "refer.h"
#include "reject.h"
#include "rewrite.h"
#include "sql.h"
#include "taken.h"
#include "validate.h"
#include "vanished.h"

/* ---- values ---------------------------------------------------------------------------- */

static void not_null_rules(const struct job_table *t, struct reject_rules *rules)
{
    for (size_t i = 0; i < t->t->n_columns; i++) {
        const struct catalog_column *c = &t->t->columns[i];
        int staged = job_find_staged(t, c->name) != NULL;
        /* What a sequence will give is not known before publish. */
        if (!c->not_null || c->computed || (!staged && c->fallback_moves))
            continue;
        struct str condition;
        str_init(&condition, 0);
        if (!staged && c->fallback) { /* a live row has a value, and keeps it; new ones get this */
            str_printf(&condition,
                       "(SELECT (%s) IS NULL) AND NOT EXISTS (SELECT FROM %s m WHERE m._mig_id ="
                       " w._mig_id)",
                       c->fallback, t->match_table);
        } else {
            str_add(&condition, "w.");
            sql_ident(&condition, c->name);
            str_add(&condition, staged ? " IS NULL" : " IS NULL AND NOT w._mig_old");
        }
        if (staged && c->fallback_moves)
            str_printf(&condition,
                       " AND NOT EXISTS (SELECT FROM %s x WHERE x._mig_id = w._mig_id AND %d = ANY"
                       " (x._mig_absent) AND NOT w._mig_old)",
                       t->staging, c->attnum);
        lookup_spare(t, c, &condition);
        reject_rule_add(rules, &(struct reject_rule){condition.data, "required",
                                                     "a value is required (NOT NULL)", c->name});
        str_clear(&condition);
    }
}

/* The word VALUE of a domain's check stands for the column. Text in quotes is left alone. */
static void domain_condition(const struct catalog_column *c, struct str *out)
{
    char quote = 0;
    for (const char *p = c->domain_check; *p; p++) {
        if (quote) {
            quote = *p == quote ? 0 : quote;
        } else if (*p == '\'' || *p == '"') {
            quote = *p;
        } else if (strncmp(p, "VALUE", 5) == 0) {
            str_add(out, "w.");
            sql_ident(out, c->name);
            p += 4;
            continue;
        }
        str_add_char(out, *p);
    }
}

static void domain_rules(const struct job_table *t, struct reject_rules *rules)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct catalog_column *c = t->columns[i];
        if (!c->domain_check)
            continue;
        struct str condition;
        str_init(&condition, 0);
        str_add(&condition, "NOT (");
        domain_condition(c, &condition);
        str_add_char(&condition, ')');
        char reason[300];
        snprintf(reason, sizeof reason, "the value violates domain %s", c->declared);
        reject_rule_add(rules, &(struct reject_rule){condition.data, "domain", reason, c->name});
        str_clear(&condition);
    }
}

static void constraint_rules(const struct job_table *t, struct reject_rules *rules)
{
    for (size_t i = 0; i < t->t->n_checks; i++) {
        const struct catalog_check *c = &t->t->checks[i];
        struct reject_rule rule = {NULL, "no_partition", "no partition of the table takes the row",
                                   NULL};
        struct str condition;
        char reason[300];
        str_init(&condition, 0);
        str_printf(&condition, "NOT (%s)", c->sql);
        rule.condition = condition.data;
        if (c->name) {
            snprintf(reason, sizeof reason, "the row violates check constraint %s", c->name);
            rule.code = "check_constraint";
            rule.reason = reason;
            rule.field = c->column;
        }
        reject_rule_add(rules, &rule);
        str_clear(&condition);
    }
}

/* What the target's own rules say of a row that is as its live row is known: the server took it.
 * The project's rules are asked of each. */
static int check_table(struct state *s, struct job *job, size_t i, struct error *err)
{
    const struct job_table *t = &job->tables[i];
    struct reject_rules rules;
    reject_rules_init(&rules);
    not_null_rules(t, &rules);
    domain_rules(t, &rules);
    constraint_rules(t, &rules);
    merge_rules(t, &rules);
    int code = 0;
    if (t->has_rest) {
        code = reject_rows(s, t, &rules, 1, err);
        reject_rules_clear(&rules);
        reject_rules_init(&rules);
    }
    if (!code)
        code = validate_rules(job, i, &rules, err);
    if (!code)
        code = reject_rows(s, t, &rules, 0, err);
    reject_rules_clear(&rules);
    return code;
}

static int check_values(struct state *s, struct job *job, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++)
        code = check_table(s, job, i, err);
    return code ? code : reject_spread(s, job, err);
}

static int count_rejects(struct state *s, int64_t *n, struct error *err)
{
    struct pg_result *res =
        pg_queryf(s->pg, err, "SELECT count(*) FROM %s.reject WHERE run = %lld AND step = 'check'",
                  s->q, (long long)s->run);
    if (!res)
        return err->code;
    *n = pg_get_int(res, 0, 0);
    pg_free(res);
    return 0;
}

/* Live rows whose staged row fell: they stay, with keys that another staged row may want. */
static int count_returned(struct state *s, const struct job *job, int64_t *n, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_add(&sql, "SELECT 0");
    for (size_t i = 0; i < job->n_tables; i++)
        str_printf(&sql,
                   " + (SELECT count(*) FROM %s s %sJOIN %s m USING (_mig_id) WHERE s._mig_state <>"
                   " 0%s)",
                   job->tables[i].staging, job->tables[i].has_delta ? "LEFT " : "",
                   delta_or_all(&job->tables[i]),
                   job->tables[i].has_delta ? " AND (m._mig_id IS NULL OR m._mig_at IS NOT NULL)"
                                            : "");
    *n = pg_count(s->pg, &sql, err);
    return err->code;
}

struct fallen {
    int64_t rejects, returned;
    int64_t rows; /* of all tables, when `returned` was counted */
};

static int count_fallen(struct state *s, const struct job *job, struct fallen *out,
                        struct error *err)
{
    int64_t rows = 0;
    int code = count_rejects(s, &out->rejects, err);
    for (size_t i = 0; i < job->n_tables; i++)
        rows += job->tables[i].fallen;
    if (!code && rows != out->rows)
        code = count_returned(s, job, &out->returned, err);
    out->rows = rows;
    return code;
}

/* One pass settles all where references only lead forward, change no staged value, and no live
 * row came back. `now` is what the pass before left. */
static int to_fixed_point(struct state *s, struct job *job, struct fallen *now, struct error *err)
{
    struct fallen before;
    int64_t collided = 0;
    int again = refer_has_cycles(job) || refer_sets_null(job);
    now->rejects = -1;
    int code = again ? 0 : count_fallen(s, job, now, err);
    for (int first = 1; !code; first = 0) {
        before = *now;
        code = collide_with_live(s, job, err);
        if (!code && first)
            code = lookup_orphans(s, job, err);
        if (!code)
            code = count_rejects(s, &collided, err);
        if (!code && (first || collided != before.rejects || refer_has_cycles(job)))
            code = refer_check(s, job, REFER_ALL, err);
        if (!code)
            code = count_fallen(s, job, now, err);
        if (now->rejects == before.rejects || (!again && now->returned == before.returned))
            break;
    }
    return code;
}

/* Rows that stay because their owner is not migrated may be in the way of others. */
static int settle(struct state *s, struct job *job, struct error *err)
{
    struct fallen now = {.rows = -1};
    int64_t spared = 0;
    int code;
    owner_begin(job);
    do {
        code = to_fixed_point(s, job, &now, err);
        if (!code)
            code = owner_spare(s, job, &spared, err);
    } while (!code && spared);
    return code;
}

/* ---- deletions of replace -------------------------------------------------------------- */

struct deletions {
    int64_t deleted, all;
};

static int count_deletions(struct state *s, const struct job_table *t, struct deletions *out,
                           struct error *err)
{
    struct pg_result *res =
        pg_queryf(s->pg, err, "SELECT (SELECT count(*) FROM %s), (SELECT count(*) FROM %s)",
                  t->delete_table, t->t->quoted);
    if (!res)
        return err->code;
    out->deleted = pg_get_int(res, 0, 0);
    out->all = pg_get_int(res, 0, 1);
    pg_free(res);
    return 0;
}

static int check_share(const struct job *job, const struct job_table *t, const struct deletions *n,
                       const struct check_options *options, struct error *err)
{
    double percent = n->all ? 100.0 * (double)n->deleted / (double)n->all : 0;
    if (percent <= job->project->max_delete_percent || options->delete_confirmed)
        return 0;
    error_set(err, STATUS_INVALID,
              "policy replace would delete %lld of %lld %s of %s.%s (%.1f %%, allowed are %.1f %%)",
              (long long)n->deleted, (long long)n->all, plural(n->all, "row", "rows"), t->t->schema,
              t->t->name, percent, job->project->max_delete_percent);
    error_why(err, "a source that lost its rows looks just like this");
    error_fix(err, "see that the source is complete; then repeat with --yes, or raise "
                   "\"max_delete\"");
    return STATUS_INVALID;
}

static int check_deletions(struct state *s, const struct job *job,
                           const struct check_options *options, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        const struct job_table *t = &job->tables[i];
        if (t->policy != POLICY_REPLACE)
            continue;
        struct deletions n = {0};
        code = count_deletions(s, t, &n, err);
        if (!code)
            code = check_share(job, t, &n, options, err);
        for (size_t k = 0; !code && n.deleted && k < t->t->n_incoming; k++)
            code = refer_left_behind(s, job, t, &t->t->incoming[k], err);
    }
    return code;
}

/* ---- all together ---------------------------------------------------------------------- */

static int reset(struct state *s, struct job *job, struct error *err)
{
    int code = pg_execf(s->pg, err,
                        "DELETE FROM %s.reject WHERE run = %lld AND step = 'check'; DELETE FROM"
                        " %s.repair WHERE run = %lld AND chunk = 0; DELETE FROM %s.repaired WHERE"
                        " run = %lld AND chunk = 0; DELETE FROM %s.check_result"
                        " WHERE run = %lld; DELETE FROM %s.taken WHERE run = %lld",
                        s->q, (long long)s->run, s->q, (long long)s->run, s->q, (long long)s->run,
                        s->q, (long long)s->run, s->q, (long long)s->run);
    if (!code)
        code = judge_reset(s, err);
    reject_begin(s, job);
    refer_begin(job);
    collide_begin(job);
    owner_reset(job);
    /* What this process loaded and never checked is as it was loaded. */
    for (size_t i = 0; !code && i < job->n_tables && (s->resumed || job->checked); i++) {
        code = pg_execf(s->pg, err, "UPDATE %s SET _mig_state = 0 WHERE _mig_state <> 0",
                        job->tables[i].staging);
        if (!code)
            code = rewrite_reset(s, job, &job->tables[i], err);
    }
    job->checked = 1;
    return code;
}

static int count_changes(struct state *s, int64_t *n, struct error *err)
{
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "SELECT (SELECT count(*) FROM %s.reject WHERE run = %lld AND step = 'check') + (SELECT"
        " count(*) FROM %s.repair WHERE run = %lld AND chunk = 0)",
        s->q, (long long)s->run, s->q, (long long)s->run);
    if (!res)
        return err->code;
    *n = pg_get_int(res, 0, 0);
    pg_free(res);
    return 0;
}

/* Unique indexes and declared foreign keys are not looked at: the server does, as it writes. */
int check_again(struct state *s, struct job *job, struct error *err)
{
    int64_t before = 0, now = 0;
    int code = count_changes(s, &before, err);
    refer_begin(job);
    if (!code)
        code = refer_check(s, job, REFER_UNDECLARED, err);
    if (!code)
        code = count_changes(s, &now, err);
    for (size_t i = 0; !code && i < job->n_tables; i++)
        for (size_t k = 0; !code && k < job->tables[i].t->n_incoming; k++)
            if (job->tables[i].policy == POLICY_REPLACE)
                code =
                    refer_left_behind(s, job, &job->tables[i], &job->tables[i].t->incoming[k], err);
    if (code || now == before)
        return code;
    error_set(err, STATUS_DRIFT, "live rows changed since check: %lld %s",
              (long long)(now - before),
              plural(now - before, "more record is refused", "more records are refused"));
    error_fix(err, "run again when fewer writers are active");
    return STATUS_DRIFT;
}

int check_run(struct state *s, struct job *job, const struct check_options *options,
              struct str *notes, struct error *err)
{
    if (fault_point("check.begin"))
        return error_set(err, STATUS_TEMPORARY, "fault point check.begin");
    /* One snapshot: a live row that moves between two statements would look like another one. */
    int code = state_begin_snapshot(s, err);
    if (!code)
        code = reset(s, job, err);
    if (!code)
        code = pg_own_path(s->pg, err);
    if (!code)
        code = lookup_prepare(s, job, err);
    if (!code)
        code = number_run(s, job, err);
    if (!code)
        code = lookup_run(s, job, err);
    if (!code)
        code = outcome_make(s, job, options->may_delete, notes, err);
    if (!code)
        code = check_values(s, job, err);
    if (!code && fault_point("check.values"))
        code = error_set(err, STATUS_TEMPORARY, "fault point check.values");
    if (!code)
        code = taken_run(s, job, err);
    if (!code)
        code = collide_within(s, job, err);
    if (!code)
        code = settle(s, job, err);
    if (!code)
        code = refer_keep_keys(s, job, err);
    if (!code)
        code = vanished_find(s, job, notes, err);
    if (!code)
        code = judge_neither(s, job, options->may_delete, notes, err);
    if (!code)
        code = owner_drop(s, job, err);
    if (!code)
        code = pair_drop(s, job, err);
    if (!code && fault_point("check.references"))
        code = error_set(err, STATUS_TEMPORARY, "fault point check.references");
    if (!code)
        code = check_deletions(s, job, options, err);
    if (!code)
        code = state_heartbeat(s, "check", err);
    if (!code)
        code = state_commit(s, err);
    else
        pg_rollback(s->pg);
    if (!code && fault_point("check.done"))
        code = error_set(err, STATUS_TEMPORARY, "fault point check.done");
    return code;
}

/* reject.c - refusing staged records by sets: one line in the table of rejects per record, then
 * all rows of the record leave the accepted ones. Which records fall, others decide. */
#include "reject.h"

#include <stdio.h>

#include "found.h"
#include "match.h"
#include "sql.h"

int reject_run(struct state *s, struct str *sql, struct error *err)
{
    struct pg_result *res = pg_query_str(s->pg, sql, err);
    if (!res)
        return err->code;
    s->refused += pg_affected(res);
    pg_free(res);
    return 0;
}

/* INSERT INTO reject ... SELECT: one line per record, its first row counts. The record's
 * number in its entity comes from its chunk. */
void reject_head(const struct state *s, const struct job_table *t, int outcome, struct str *sql)
{
    str_printf(sql,
               "INSERT INTO %s.reject (run, record, stage, number, key, outcome, step, table_name,"
               " field, code, reason, cause, first_cause) SELECT DISTINCT ON (w._mig_record) %lld,"
               " w._mig_record, c.stage, c.first_record + (w._mig_record & 1048575) - 1,"
               " w._mig_key, %d, 'check', ",
               s->q, (long long)s->run, outcome);
    char name[520];
    snprintf(name, sizeof name, "%s.%s", t->t->schema, t->t->name);
    sql_literal(sql, name);
}

void reject_join(const struct state *s, struct str *sql)
{
    str_printf(sql, " JOIN %s.chunk c ON c.run = %lld AND c.no = w._mig_record >> 20", s->q,
               (long long)s->run);
}

void reject_text(struct str *sql, const char *text)
{
    if (text && text[0])
        sql_literal(sql, text);
    else
        str_add(sql, "NULL");
}

void reject_for(const struct reject_rule *rule, const char *winner, struct str *sql)
{
    str_add(sql, ", ");
    reject_text(sql, rule->field);
    str_add(sql, ", ");
    sql_literal(sql, rule->code);
    str_add(sql, ", ");
    sql_literal(sql, rule->reason);
    if (winner)
        str_printf(sql, " || '" REJECT_WINNER "' || %s || '" REJECT_STAYS "'", winner);
    str_add(sql, ", NULL::bigint, NULL ");
}

void reject_reason(const struct reject_rule *rule, struct str *sql)
{
    reject_for(rule, NULL, sql);
}

void reject_rules_init(struct reject_rules *rules)
{
    rules->n = 0;
    str_init(&rules->cases, 0);
    str_init(&rules->texts, 0);
}

void reject_rule_add(struct reject_rules *rules, const struct reject_rule *rule)
{
    str_printf(&rules->cases, " WHEN (%s\n) THEN %zu", rule->condition, ++rules->n);
    str_printf(&rules->texts, "%s(%zu, ", rules->n > 1 ? ", " : "", rules->n);
    reject_text(&rules->texts, rule->field);
    str_add(&rules->texts, ", ");
    sql_literal(&rules->texts, rule->code);
    str_add(&rules->texts, ", ");
    sql_literal(&rules->texts, rule->reason);
    str_add_char(&rules->texts, ')');
}

void reject_rules_clear(struct reject_rules *rules)
{
    str_clear(&rules->cases);
    str_clear(&rules->texts);
}

int reject_rows(struct state *s, const struct job_table *t, const struct reject_rules *rules,
                int rest, struct error *err)
{
    struct str sql;
    struct found broken;
    if (!rules->n || (rest && !t->rest_rows))
        return 0;
    str_init(&sql, 0);
    sql.failed = rules->cases.failed || rules->texts.failed;
    /* Inside, only the row's own columns can be meant by the conditions' names. First what breaks
     * a rule, which is little; then its chunk and words. */
    str_printf(&sql,
               "SELECT * FROM (SELECT _mig_id, _mig_record, _mig_key, CASE%s END AS rule FROM %s w",
               rules->cases.data, t->will_be);
    if (rest) {
        str_add(&sql, " WHERE ");
        match_not_same(t, &sql);
    }
    str_add(&sql, ") w WHERE rule IS NOT NULL");
    int code = found_make(s, &sql, &broken, err);
    if (!code && broken.rows) {
        reject_head(s, t, MIG_REJECT, &sql);
        str_printf(&sql,
                   ", r.field, r.code, r.reason, NULL::bigint, NULL FROM %s w JOIN (VALUES %s) AS"
                   " r (no, field, code, reason) ON r.no = w.rule",
                   broken.table, rules->texts.data);
        reject_join(s, &sql);
        str_add(&sql, " ORDER BY w._mig_record, w.rule, w._mig_id ON CONFLICT DO NOTHING");
        code = reject_run(s, &sql, err);
    }
    return code ? code : found_drop(s, &broken, err);
}

void reject_begin(struct state *s, struct job *job)
{
    s->refused = 0;
    for (size_t i = 0; i < job->n_tables; i++)
        job->tables[i].spread = job->tables[i].fallen = 0;
}

/* So many of the rows are looked for by all workers of the server first, and written by place; an
 * UPDATE meets the table by one. */
#define FEW_OF 10

static int64_t mark(struct state *s, const struct job_table *t, struct str *from, int few,
                    struct error *err)
{
    struct str sql;
    struct found fallen;
    str_init(&sql, 0);
    str_add(from, " AND r.record = s._mig_record AND s._mig_state = 0");
    if (few) {
        str_printf(&sql, "SELECT s.ctid AS at FROM %s s JOIN %s.reject r ON %s", t->staging, s->q,
                   from->data);
        if (found_make(s, &sql, &fallen, err))
            return 0;
        str_printf(&sql, "UPDATE %s SET _mig_state = 1 WHERE ctid = ANY (ARRAY(SELECT at FROM %s))",
                   t->staging, fallen.table);
    } else {
        str_printf(&sql, "UPDATE %s s SET _mig_state = 1 FROM %s.reject r WHERE %s", t->staging,
                   s->q, from->data);
    }
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    int64_t n = res ? pg_affected(res) : 0;
    pg_free(res);
    if (few && !err->code)
        found_drop(s, &fallen, err);
    return n;
}

/* All rows of records that were rejected since the last time, of the stages that write the table.
 */
static int spread_table(struct state *s, const struct job *job, struct job_table *t,
                        struct error *err)
{
    struct str from;
    str_init(&from, 0);
    str_printf(&from, "r.run = %lld AND r.step = 'check' AND r.stage IN (''", (long long)s->run);
    for (size_t i = 0; i < t->n_stages; i++) {
        str_add(&from, ", ");
        sql_literal(&from, job->stages[t->stages[i]].p->name);
    }
    str_add_char(&from, ')');
    struct pg_result *res =
        pg_queryf(s->pg, err, "SELECT count(*) FROM %s.reject r WHERE %s", s->q, from.data);
    int64_t rejects = res ? pg_get_int(res, 0, 0) : 0;
    pg_free(res);
    if (!err->code && rejects > t->spread) {
        t->fallen += mark(s, t, &from, FEW_OF * rejects < t->staged, err);
        t->spread = rejects;
    }
    str_clear(&from);
    return err->code;
}

int reject_spread_table(struct state *s, struct job *job, size_t table, struct error *err)
{
    return s->refused ? spread_table(s, job, &job->tables[table], err) : 0;
}

int reject_spread(struct state *s, const struct job *job, struct error *err)
{
    int code = 0;
    for (size_t i = 0; s->refused && !code && i < job->n_tables; i++)
        code = spread_table(s, job, &job->tables[i], err);
    s->refused = 0;
    return code;
}

/* reject.c - refusing staged records by sets: one line in the table of rejects per record, then
 * all rows of the record leave the accepted ones. Which records fall, others decide. */
#include "reject.h"

#include <stdio.h>

#include "sql.h"

int reject_run(struct state *s, struct str *sql, struct error *err)
{
    int code = sql->failed ? error_set(err, STATUS_BUG, "a statement is too long")
                           : pg_exec(s->pg, err, sql->data);
    str_clear(sql);
    return code;
}

/* As reject_run; adds the number of rows to `affected`. */
static int count_sql(struct state *s, struct str *sql, int64_t *affected, struct error *err)
{
    struct pg_result *res = pg_query(s->pg, err, sql->data, 0, NULL);
    str_clear(sql);
    if (!res)
        return err->code;
    *affected += pg_affected(res);
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
               " w._mig_record, c.stage, c.first_record + (w._mig_record & 4294967295) - 1,"
               " w._mig_key, %d, 'check', ",
               s->q, (long long)s->run, outcome);
    char name[520];
    snprintf(name, sizeof name, "%s.%s", t->t->schema, t->t->name);
    sql_literal(sql, name);
}

void reject_join(const struct state *s, struct str *sql)
{
    str_printf(sql, " JOIN %s.chunk c ON c.run = %lld AND c.no = w._mig_record >> 32", s->q,
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
        str_printf(sql, " || ': the one with the source key ' || %s || ' stays'", winner);
    str_add(sql, ", NULL::bigint, NULL ");
}

void reject_reason(const struct reject_rule *rule, struct str *sql)
{
    reject_for(rule, NULL, sql);
}

int reject_rows(struct state *s, const struct job_table *t, const struct reject_rule *rule,
                struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    reject_head(s, t, MIG_REJECT, &sql);
    reject_reason(rule, &sql);
    /* Inside, only the row's own columns can be meant by the condition's names. */
    str_printf(&sql, "FROM (SELECT _mig_id, _mig_record, _mig_key FROM %s w WHERE (%s)) w",
               t->will_be, rule->condition);
    reject_join(s, &sql);
    str_add(&sql, " ORDER BY w._mig_record, w._mig_id ON CONFLICT DO NOTHING");
    return reject_run(s, &sql, err);
}

/* All rows of rejected records leave the accepted ones. */
int reject_spread(struct state *s, const struct job *job, int64_t *changed, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        struct str sql;
        str_init(&sql, 0);
        str_printf(&sql,
                   "UPDATE %s s SET _mig_state = 1 FROM %s.reject r WHERE r.run = %lld AND r.step ="
                   " 'check' AND r.record = s._mig_record AND s._mig_state = 0",
                   job->tables[i].staging, s->q, (long long)s->run);
        code = count_sql(s, &sql, changed, err);
    }
    return code;
}

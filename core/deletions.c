/* deletions.c - which live rows policy replace will delete: those whose key was not among the keys
 * read, rejected and skipped ones included. Only found here, into the delete tables; remove.c
 * deletes them, and vanished.c tells of records, whatever the policy. */
#include "deletions.h"

#include "highwater.h"
#include "match.h"
#include "owner.h"
#include "sql.h"

/* A source key that the column's type may write otherwise ("07", 1.0, {uuid}) cannot be compared
 * as text; neither can one that was never read. */
static void key_is_vague(const struct job_table *t, struct str *sql)
{
    const struct catalog_column *c =
        t->match && t->match->n == 1 ? catalog_column(t->t, t->match->columns[0]) : NULL;
    str_add(sql, "final_key IS NULL OR ");
    if (c && c->type.category == 'S')
        str_add(sql, "false");
    else if (c && c->type.oid == 2950) /* uuid */
        str_add(sql, "final_key !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'");
    else if (c && (c->type.oid == 20 || c->type.oid == 21 || c->type.oid == 23)) /* integers */
        str_add(sql, "final_key ~ '[0-9]' AND final_key !~ '^(0|-?[1-9][0-9]*)$'");
    else
        str_add(sql, "true");
}

/* Rows of records that the load rejected are not in staging: their live rows must stay. The
 * first table of a stage can be told by the record's own key; of other tables nothing is
 * deleted while their stage rejected a record. 1: deletes must be left out, 0: fine. */
static int unknown_rows(struct state *s, const struct job *job, const struct job_table *t,
                        int *unknown, struct error *err)
{
    *unknown = 0;
    for (size_t i = 0; i < t->n_stages; i++) {
        const struct job_stage *st = &job->stages[t->stages[i]];
        struct str sql;
        str_init(&sql, 0);
        str_printf(&sql,
                   "SELECT EXISTS (SELECT FROM %s.reject WHERE run = %lld AND step = 'load' AND"
                   " stage = ",
                   s->q, (long long)s->run);
        sql_literal(&sql, st->p->name);
        str_printf(&sql,
                   "), own_keys AND NOT EXISTS (SELECT FROM %s.reject WHERE run = %lld AND"
                   " step = 'load' AND stage = ",
                   s->q, (long long)s->run);
        sql_literal(&sql, st->p->name);
        str_add(&sql, " AND (");
        key_is_vague(t, &sql);
        str_printf(&sql, ")) FROM %s.run_stage WHERE run = %lld AND name = ", s->q,
                   (long long)s->run);
        sql_literal(&sql, st->p->name);
        struct pg_result *res = pg_query_str(s->pg, &sql, err);
        if (!res)
            return err->code;
        int rejects = pg_rows(res) && pg_get(res, 0, 0)[0] == 't';
        int own = pg_rows(res) && pg_get(res, 0, 1)[0] == 't';
        pg_free(res);
        if (rejects && (!own || &job->tables[st->tables[0]] != t))
            *unknown = 1;
    }
    return 0;
}

static void not_rejected(const struct state *s, const struct job *job, const struct job_table *t,
                         struct str *sql)
{
    if (!t->match || t->match->n != 1)
        return;
    str_printf(sql,
               " AND NOT EXISTS (SELECT FROM %s.reject r WHERE r.run = %lld AND r.final_key ="
               " l.",
               s->q, (long long)s->run);
    sql_ident(sql, t->match->columns[0]);
    str_add(sql, "::text AND r.stage IN (''");
    for (size_t i = 0; i < t->n_stages; i++) {
        str_add(sql, ", ");
        sql_literal(sql, job->stages[t->stages[i]].p->name);
    }
    str_add(sql, "))");
}

/* What an incremental read passed over looks as if it were gone. */
static int read_whole(const struct job *job, const struct job_table *t)
{
    int whole = 1;
    for (size_t i = 0; i < t->n_stages; i++)
        whole &= highwater_is_whole(&job->stages[t->stages[i]]);
    return whole;
}

void deletions_unread(const struct state *s, const struct job *job, const struct job_table *t,
                      struct str *sql)
{
    str_printf(sql, " AND NOT EXISTS (SELECT FROM %s s WHERE ", t->staging);
    match_condition(t->match, "s", "l", sql);
    str_add_char(sql, ')');
    if (t->also) /* also those that were refused for fitting several */
        str_printf(sql, " AND NOT EXISTS (SELECT FROM %s p WHERE p._mig_at = %s)", t->pair,
                   match_at(t));
    not_rejected(s, job, t, sql);
}

int deletions_known(struct state *s, const struct job *job, const struct job_table *t, int *known,
                    struct error *err)
{
    int unknown = 0;
    int code = unknown_rows(s, job, t, &unknown, err);
    *known = !unknown && read_whole(job, t);
    return code;
}

int deletions_find(struct state *s, const struct job *job, struct job_table *t, int may_delete,
                   struct str *notes, struct error *err)
{
    int unknown = 0;
    if (t->policy == POLICY_REPLACE && unknown_rows(s, job, t, &unknown, err))
        return err->code;
    int deletes = t->policy == POLICY_REPLACE && may_delete && !unknown && read_whole(job, t);
    if (unknown)
        str_printf(notes,
                   "%s.%s: no live row is deleted, because rows of rejected records cannot be told "
                   "from rows that the source no longer has\n",
                   t->t->schema, t->t->name);
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "DROP TABLE IF EXISTS %s; CREATE TABLE %s AS SELECT %s AS _mig_at,"
               " l.xmin AS _mig_xmin, false AS _mig_late FROM %s l WHERE ",
               t->delete_table, t->delete_table, match_at(t), t->t->quoted);
    if (deletes && !match_takes_all(t)) {
        str_printf(&sql, "(%s)", t->scope ? t->scope : "true");
        owner_may_delete(s, job, t, &sql);
        deletions_unread(s, job, t, &sql);
    } else {
        str_add(&sql, "false");
    }
    int code = pg_exec_str(s->pg, &sql, err);
    struct pg_result *res = code ? NULL
                                 : pg_queryf(s->pg, err, "ANALYZE %s; SELECT count(*) FROM %s",
                                             t->delete_table, t->delete_table);
    t->deletes = res ? pg_get_int(res, 0, 0) : 0;
    pg_free(res);
    return err->code;
}

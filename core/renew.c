/* renew.c - what of a half run may stay when the plan or the target changed since. Chunks carry
 * the numbers of their stages and staging tables the columns of the plan that made them: only
 * where both are the same can stages be loaded again one by one. */
#include "renew.h"

#include "log.h"
#include "sql.h"
#include "staging.h"

/* "what the run has" EXCEPT "what the plan wants": a row says that something does not fit. A half
 * run has not begun all its stages, but it has all its tables. */
static void shape_query(const struct state *s, const struct job *job, struct str *sql)
{
    str_printf(sql,
               "SELECT r.plan_hash = '%s', r.catalog_hash = '%s' AND NOT EXISTS (SELECT no, name"
               " FROM %s.run_stage WHERE run = r.id EXCEPT VALUES (0, '')",
               job->hash, job->catalog.hash, s->q);
    for (size_t i = 0; i < job->n_stages; i++) {
        str_printf(sql, ", (%zu, ", job->stages[i].no);
        sql_literal(sql, job->stages[i].p->name);
        str_add_char(sql, ')');
    }
    str_printf(sql,
               ") AND NOT EXISTS (SELECT no, oid::bigint, policy, columns, key_columns FROM"
               " %s.run_table WHERE run = r.id EXCEPT VALUES (0, 0::bigint, '', '{}'::text[],"
               " '{}'::text[])",
               s->q);
    for (size_t i = 0; i < job->n_tables; i++) {
        str_add(sql, ", ");
        staging_shape(&job->tables[i], sql);
    }
    str_printf(sql,
               ") AND (SELECT count(*) FROM %s.run_table WHERE run = r.id) IN (0, %zu) FROM"
               " %s.run r WHERE r.id = %lld",
               s->q, job->n_tables, s->q, (long long)s->run);
}

static int drop_all(struct state *s, struct error *err)
{
    static const char *const tables[] = {"run_table",   "run_stage", "chunk",         "part",
                                         "reject",      "repair",    "source_change", "taken",
                                         "source_fact", "repaired",  "waiting"};
    int code = staging_drop_run(s, s->run, err);
    for (size_t i = 0; !code && i < sizeof tables / sizeof *tables; i++)
        code = pg_execf(s->pg, err, "DELETE FROM %s.%s WHERE run = %lld", s->q, tables[i],
                        (long long)s->run);
    return code;
}

int renew_half_run(struct state *s, const struct job *job, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    shape_query(s, job, &sql);
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    if (!res)
        return err->code;
    int same_plan = pg_get(res, 0, 0)[0] == 't', same_shape = pg_get(res, 0, 1)[0] == 't';
    pg_free(res);
    if (same_plan && same_shape)
        return 0;
    log_write(LOG_INFO, "the plan changed since the run began: %s",
              same_shape ? "only what changed is loaded again" : "everything is loaded anew");
    int code = same_shape ? 0 : drop_all(s, err);
    return code
               ? code
               : pg_execf(s->pg, err,
                          "UPDATE %s.run SET plan_hash = '%s', catalog_hash = '%s' WHERE id = %lld",
                          s->q, job->hash, job->catalog.hash, (long long)s->run);
}

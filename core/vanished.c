/* vanished.c - the id map of earlier runs against the keys that this run read, as one anti-join a
 * stage. A key whose live row is gone already is no news: so nothing need be taken from the map,
 * and a rollback finds it as it was. */
#include "vanished.h"

#include <stdio.h>

#include "highwater.h"
#include "log.h"
#include "match.h"
#include "sql.h"

int vanished_is_known(const struct job *job, const struct job_stage *st)
{
    return st->tables && highwater_is_whole(st) && job_find_row_key(&job->tables[st->tables[0]]);
}

/* Keys that earlier runs published, and that no record of this run has. A record may have rows in
 * some of the stage's tables only. */
static void not_read(const struct state *s, const struct job *job, const struct job_stage *st,
                     struct str *sql)
{
    str_printf(sql,
               "SELECT DISTINCT ON (g.source_key COLLATE \"C\") g.source_key, g.final_key FROM"
               " %s.id_map_rows(",
               s->q);
    sql_literal(sql, st->p->name);
    str_printf(sql, ") g WHERE g.project = %lld", (long long)s->project);
    for (size_t m = 0; m < st->migrator->n_tables; m++) {
        const struct job_table *t = &job->tables[st->tables[m]];
        str_printf(sql, " AND NOT EXISTS (SELECT FROM %s s WHERE s._mig_key = g.source_key",
                   t->staging);
        if (t->n_stages > 1)
            str_printf(sql, " AND s._mig_record >> 52 = %zu", st->no);
        str_add_char(sql, ')');
    }
    str_printf(sql,
               " AND NOT EXISTS (SELECT FROM %s.reject r WHERE r.run = %lld AND r.stage = ", s->q,
               (long long)s->run);
    sql_literal(sql, st->p->name);
    str_add(sql, " AND r.key = g.source_key) ORDER BY g.source_key COLLATE \"C\", g.run, g.at");
}

/* The key as the id map has it. */
static void live_key(const struct catalog_key *k, struct str *sql)
{
    str_add(sql, "concat_ws(E'\\x1f'");
    for (size_t i = 0; i < k->n; i++) {
        str_add(sql, ", l.");
        sql_ident(sql, k->columns[i]);
    }
    str_add_char(sql, ')');
}

static int find_of(struct state *s, const struct job *job, const struct job_stage *st,
                   int64_t *found, struct error *err)
{
    const struct job_table *t = &job->tables[st->tables[0]];
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "INSERT INTO %s.source_change SELECT %lld, ", s->q, (long long)s->run);
    sql_literal(&sql, st->p->name);
    str_printf(&sql,
               ", CASE WHEN EXISTS (SELECT FROM %s d WHERE d._mig_at = %s) THEN 'deleted' ELSE"
               " 'vanished' END, m.source_key, m.final_key FROM (",
               t->delete_table, match_at(t));
    not_read(s, job, st, &sql);
    str_printf(&sql, ") m JOIN %s l ON ", t->t->quoted);
    live_key(job_find_row_key(t), &sql);
    str_add(&sql, " = m.final_key");
    struct pg_result *res = pg_query(s->pg, err, sql.data, 0, NULL);
    str_clear(&sql);
    *found = res ? pg_affected(res) : 0;
    pg_free(res);
    return err->code;
}

/* A record whose key could not be read may be any of them. */
static int without_key(struct state *s, const struct job_stage *st, int64_t *n, struct error *err)
{
    char run[32], sql[300];
    snprintf(run, sizeof run, "%lld", (long long)s->run);
    const char *const params[] = {run, st->p->name};
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM %s.reject WHERE run = $1 AND stage = $2 AND key IS NULL", s->q);
    struct pg_result *res = pg_query(s->pg, err, sql, 2, params);
    *n = res ? pg_get_int(res, 0, 0) : 0;
    pg_free(res);
    return err->code;
}

int vanished_find(struct state *s, const struct job *job, struct str *notes, struct error *err)
{
    int code = pg_execf(s->pg, err,
                        "DELETE FROM %s.source_change WHERE run = %lld AND what IN ('vanished',"
                        " 'deleted')",
                        s->q, (long long)s->run);
    for (size_t i = 0; !code && i < job->n_stages; i++) {
        const struct job_stage *st = &job->stages[i];
        int64_t found = 0, keyless = 0;
        if (!vanished_is_known(job, st))
            continue;
        code = find_of(s, job, st, &found, err);
        if (!code && found)
            code = without_key(s, st, &keyless, err);
        if (!code && keyless)
            str_printf(notes,
                       "stage %s: %lld records had no key that could be read; they may be among"
                       " those that seem to have vanished\n",
                       st->p->name, (long long)keyless);
    }
    return code;
}

/* vanished.c - the id map of earlier runs against the keys that this run read, as one anti-join a
 * stage. A key whose live row is gone already is no news: so nothing need be taken from the map,
 * and a rollback finds it as it was. */
#include "vanished.h"

#include <stdio.h>

#include "highwater.h"
#include "match.h"
#include "plural.h"
#include "sql.h"

int vanished_is_known(const struct job *job, const struct job_stage *st)
{
    return st->tables && highwater_is_whole(st) && job_find_stage_key(job, st);
}

/* The stage's part of the id map as its runs left it (see id_map_rows in state_schema.c), not as
 * the view has it: straight from the tables, so that the server can work on it in parallel. */
struct search {
    struct state *s;
    const struct job *job;
    const struct job_stage *st;
    struct pg_result *maps; /* run, statement that gives its source_key, final_key, at */
    int any;                /* earlier runs left something */
    char keys[200];         /* table of source keys that were not read; within the transaction */
};

static int read_maps(struct search *x, struct error *err)
{
    char project[32], sql[600];
    snprintf(project, sizeof project, "%lld", (long long)x->s->project);
    const char *const params[] = {project, x->st->p->name};
    snprintf(sql, sizeof sql,
             "SELECT r.id, t.map_sql FROM %s.run_stage t JOIN %s.run r ON r.id = t.run WHERE"
             " r.project = $1 AND t.name = $2 AND r.state IN ('published', 'done',"
             " 'partly_rolled_back') AND t.map_sql IS"
             " NOT NULL ORDER BY 1",
             x->s->q, x->s->q);
    x->maps = pg_query(x->s->pg, err, sql, 2, params);
    if (!x->maps)
        return err->code;
    x->any = pg_rows(x->maps) > 0;
    if (x->any)
        return 0;
    snprintf(sql, sizeof sql,
             "SELECT EXISTS (SELECT FROM %s.id_map_kept WHERE project = $1 AND stage = $2)",
             x->s->q);
    struct pg_result *kept = pg_query(x->s->pg, err, sql, 2, params);
    x->any = kept && pg_get(kept, 0, 0)[0] == 't';
    pg_free(kept);
    return err->code;
}

/* A SELECT of these columns of m for each map, all together; `condition` on m may be empty. */
static void all_maps(const struct search *x, const char *columns, const char *condition,
                     struct str *sql)
{
    str_printf(sql,
               "SELECT %s FROM (SELECT source_key, final_key, run, 0::bigint AS at FROM"
               " %s.id_map_kept WHERE project = %lld AND stage = ",
               columns, x->s->q, (long long)x->s->project);
    sql_literal(sql, x->st->p->name);
    str_printf(sql, ") m%s", condition);
    for (int i = 0; i < pg_rows(x->maps); i++)
        str_printf(sql, " UNION ALL SELECT %s FROM (SELECT x.*, %s::bigint AS run FROM (%s) x) m%s",
                   columns, pg_get(x->maps, i, 0), pg_get(x->maps, i, 1), condition);
}

/* The map has numbers by what they were made for, of which a record may have several. */
static void own_not_read(const struct search *x, struct str *sql)
{
    const struct job_table *t = &x->job->tables[x->st->tables[0]];
    const struct job_wait *own = job_find_own_wait(t, x->st);
    struct str prefix;
    if (!own)
        return;
    str_init(&prefix, 0);
    str_printf(&prefix, "%s:", x->st->p->name);
    str_printf(sql, " AND NOT EXISTS (SELECT FROM %s s WHERE s._mig_ref_%d = ", t->staging,
               own->column->attnum);
    sql_literal(sql, prefix.data);
    str_add(sql, " || g.source_key)");
    str_clear(&prefix);
}

/* Keys that no record of this run has. A record may have rows in some of the stage's tables only.
 */
static int not_read(struct search *x, int64_t *found, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "CREATE TABLE %s AS SELECT g.source_key FROM (", x->keys);
    all_maps(x, "m.source_key", "", &sql);
    str_add(&sql, ") g WHERE true");
    for (size_t m = 0; m < x->st->migrator->n_tables; m++) {
        const struct job_table *t = &x->job->tables[x->st->tables[m]];
        str_printf(&sql, " AND NOT EXISTS (SELECT FROM %s s WHERE s._mig_key = g.source_key",
                   t->staging);
        if (t->n_stages > 1)
            str_printf(&sql, " AND s._mig_record >> 52 = %zu", x->st->no);
        str_add_char(&sql, ')');
    }
    own_not_read(x, &sql);
    str_printf(&sql, " AND NOT EXISTS (SELECT FROM %s.reject r WHERE r.run = %lld AND r.stage = ",
               x->s->q, (long long)x->s->run);
    sql_literal(&sql, x->st->p->name);
    str_add(&sql, " AND r.key = g.source_key)");
    struct pg_result *res = pg_query_str(x->s->pg, &sql, err);
    *found = res ? pg_affected(res) : 0;
    pg_free(res);
    return err->code;
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

static int keep(struct search *x, struct error *err)
{
    const struct job_table *t = &x->job->tables[x->st->tables[0]];
    char condition[300];
    struct str sql;
    str_init(&sql, 0);
    snprintf(condition, sizeof condition, " WHERE m.source_key IN (SELECT source_key FROM %s)",
             x->keys);
    str_printf(&sql, "ANALYZE %s; INSERT INTO %s.source_change SELECT %lld, ", x->keys, x->s->q,
               (long long)x->s->run);
    sql_literal(&sql, x->st->p->name);
    str_printf(&sql,
               ", CASE WHEN EXISTS (SELECT FROM %s d WHERE d._mig_at = %s) THEN 'deleted' ELSE"
               " 'vanished' END, f.source_key, f.final_key FROM (SELECT DISTINCT ON (g.source_key"
               " COLLATE \"C\") g.source_key, g.final_key FROM (",
               t->delete_table, match_at(t));
    all_maps(x, "m.source_key, m.final_key, m.run, m.at", condition, &sql);
    str_printf(&sql, ") g ORDER BY g.source_key COLLATE \"C\", g.run DESC, g.at) f JOIN %s l ON ",
               t->t->quoted);
    live_key(job_find_stage_key(x->job, x->st), &sql);
    str_add(&sql, " = f.final_key");
    return pg_exec_str(x->s->pg, &sql, err);
}

static int find_of(struct state *s, const struct job *job, const struct job_stage *st,
                   int64_t *found, struct error *err)
{
    struct search x = {.s = s, .job = job, .st = st};
    snprintf(x.keys, sizeof x.keys, "%s.vanished_%lld", s->q, (long long)s->run);
    int code = read_maps(&x, err);
    if (!code && x.any)
        code = not_read(&x, found, err);
    if (!code && *found)
        code = keep(&x, err);
    if (!code && x.any)
        code = pg_execf(s->pg, err, "DROP TABLE %s", x.keys);
    pg_free(x.maps);
    return code;
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

/* Where a live row is found by the key that its record's own makes, each has been read again. */
static int all_read(const struct job *job, const struct job_stage *st)
{
    const struct job_table *t = &job->tables[st->tables[0]];
    return t->n_stages == 1 && !project_ids_wait(st->p->ids) &&
           job_find_stage_key(job, st) == t->match && match_takes_all(t);
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
        if (!vanished_is_known(job, st) || all_read(job, st))
            continue;
        code = find_of(s, job, st, &found, err);
        if (!code && found)
            code = without_key(s, st, &keyless, err);
        if (!code && keyless)
            str_printf(notes,
                       "stage %s: %lld %s had no key that could be read and may be among those "
                       "that seem to have vanished\n",
                       st->p->name, (long long)keyless, plural(keyless, "record", "records"));
    }
    return code;
}

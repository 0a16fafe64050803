/* lineage.c - xmin of a live row as if the runs that were rolled back had never been. An undo
 * writes rows back, so that their xmin is the undo's; the before-images of that run remember
 * what it was. Without this a run could not be rolled back once a later one was. What --purge
 * took of a rolled-back run's before-images is not known any more: such rows count as changed. */
#include "lineage.h"

#include <stdio.h>

#include "match.h"
#include "sql.h"

const char *lineage_xmin(const struct job_table *t)
{
    return t->xmin ? t->xmin : "l.xmin::text::bigint";
}

/* xmin has 32 bits of the xid8. As an array the server asks for them once, and may then use several
 * workers; and a number is compared where no text need be made of each row's. */
void lineage_wrote(const struct state *s, const struct job_table *t, struct str *sql)
{
    int as_number = t && t->xmin;
    str_printf(sql,
               "(%s = ANY (ARRAY(SELECT %s FROM (SELECT publish_xid AS xid FROM %s.run WHERE id ="
               " %lld UNION SELECT xid FROM %s.batch WHERE run = %lld) x WHERE xid IS NOT NULL)))",
               as_number ? t->xmin : "l.xmin",
               as_number ? "(xid::text::numeric % 4294967296)::bigint" : "xid::xid", s->q,
               (long long)s->run, s->q, (long long)s->run);
}

static int stages_all(const struct job_table *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->t->n_columns; i++)
        n += !t->t->columns[i].computed;
    return n == t->n_columns && !t->t->row_triggers;
}

void lineage_as_left(const struct state *s, const struct job_table *t, struct str *sql)
{
    str_add_char(sql, '(');
    lineage_wrote(s, t, sql);
    if (stages_all(t)) {
        str_add(sql, " OR record_image_eq(ROW(");
        for (size_t i = 0; i < t->n_columns; i++) {
            str_add(sql, i ? ", s." : "s.");
            sql_ident(sql, t->columns[i]->name);
            str_printf(sql, "::%s", t->columns[i]->declared);
        }
        str_add(sql, "), ROW(");
        for (size_t i = 0; i < t->n_columns; i++) {
            str_add(sql, i ? ", l." : "l.");
            sql_ident(sql, t->columns[i]->name);
        }
        str_add(sql, "))");
    }
    str_add_char(sql, ')');
}

static void add_run(const struct job_table *t, const char *before, const char *xid, struct str *sql)
{
    str_add(sql, sql->len ? "" : "(CASE");
    str_printf(sql, " WHEN l.xmin::text::bigint = %s THEN (SELECT b._mig_xmin FROM %s b WHERE ",
               xid, before);
    match_condition(t->match, "b", "l", sql);
    str_add_char(sql, ')');
}

/* Does a live row still stand as this undo left it? Once none does, none ever will again. */
static int still_seen(struct state *s, const struct job_table *t, const char *before,
                      const char *xid, int *seen, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "SELECT EXISTS (SELECT FROM %s b JOIN %s l ON ", before, t->t->quoted);
    match_condition(t->match, "b", "l", &sql);
    str_printf(&sql, " WHERE l.xmin::text::bigint = %s)", xid);
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    if (!res)
        return err->code;
    *seen = pg_get(res, 0, 0)[0] == 't';
    pg_free(res);
    return 0;
}

static int add_if_seen(struct state *s, const struct job_table *t, const struct pg_result *res,
                       int row, int forget, struct str *sql, struct error *err)
{
    char name[64];
    struct str before;
    int seen = 0;
    str_init(&before, 0);
    snprintf(name, sizeof name, "before_%s_%s", pg_get(res, row, 0), pg_get(res, row, 1));
    sql_table(&before, s->schema, name);
    int code = still_seen(s, t, before.data, pg_get(res, row, 2), &seen, err);
    if (!code && seen)
        add_run(t, before.data, pg_get(res, row, 2), sql);
    else if (!code && forget)
        code = pg_execf(s->pg, err, "DROP TABLE %s", before.data);
    str_clear(&before);
    return code;
}

static int read_table(struct state *s, struct job *job, struct job_table *t, int forget,
                      struct error *err)
{
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "SELECT r.id, t.no, r.undo_xid::text::numeric %% 4294967296 FROM %s.run r JOIN"
        " %s.run_table t ON t.run = r.id WHERE t.oid = %u AND r.undo_xid IS NOT NULL AND r.id <>"
        " %lld AND to_regclass(format('%%I.%%I', $mig$%s$mig$::text, 'before_' || r.id || '_' ||"
        " t.no)) IS NOT NULL ORDER BY r.id DESC",
        s->q, s->q, t->t->oid, (long long)s->run, s->schema);
    if (!res)
        return err->code;
    int code = 0;
    struct str sql;
    str_init(&sql, 0);
    for (int i = 0; !code && t->match && i < pg_rows(res); i++)
        code = add_if_seen(s, t, res, i, forget, &sql, err);
    if (!code && sql.len) {
        str_add(&sql, " ELSE l.xmin::text::bigint END)");
        t->xmin = arena_strdup(job->mem, sql.data);
    }
    str_clear(&sql);
    pg_free(res);
    return code;
}

int lineage_read(struct state *s, struct job *job, int forget, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++)
        code = read_table(s, job, &job->tables[i], forget, err);
    return code;
}

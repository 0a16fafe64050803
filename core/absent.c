/* absent.c - values that no stage gave: what an update leaves and an insert takes from the catalog
 * is written into the staged rows, so that whoever asks for the row as it will be finds it there.
 * Defaults that take from a sequence are publish's (write.c). */
#include "absent.h"

#include "match.h"
#include "sql.h"

/* Absent on update: the live value stays; absent on insert: the catalog's default, unless it
 * takes from a sequence, which publish does. */
static void resolved(const struct catalog_column *c, int live, struct str *sql)
{
    str_printf(sql, "(CASE WHEN NOT %d = ANY (s._mig_absent) THEN s.", c->attnum);
    sql_ident(sql, c->name);
    if (live) {
        str_add(sql, " ELSE l.");
        sql_ident(sql, c->name);
    } else if (c->fallback && !c->fallback_moves) {
        str_printf(sql, " ELSE %s", c->fallback);
    }
    str_printf(sql, " END)::%s", c->base);
}

/* Rows that hold the outcome already, as NULL mostly does, are not written again. */
static int resolve_rows(struct state *s, const struct job_table *t, int live, int *changed,
                        struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "UPDATE %s s SET ", t->staging);
    for (size_t i = 0; i < t->n_columns; i++) {
        str_add(&sql, i ? ", " : "");
        sql_ident(&sql, t->columns[i]->name);
        str_add(&sql, " = ");
        resolved(t->columns[i], live, &sql);
    }
    if (live)
        str_printf(&sql,
                   " FROM %s m JOIN %s l ON %s = m._mig_at WHERE m._mig_id = s._mig_id"
                   " AND NOT m._mig_same",
                   t->match_table, t->t->quoted, match_at(t));
    else
        str_printf(&sql, " WHERE NOT EXISTS (SELECT FROM %s m WHERE m._mig_id = s._mig_id)",
                   t->match_table);
    str_add(&sql, " AND s._mig_absent IS NOT NULL AND record_image_ne(ROW(");
    for (size_t i = 0; i < t->n_columns; i++) {
        str_add(&sql, i ? ", s." : "s.");
        sql_ident(&sql, t->columns[i]->name);
    }
    str_add(&sql, "), ROW(");
    for (size_t i = 0; i < t->n_columns; i++) {
        str_add(&sql, i ? ", " : "");
        resolved(t->columns[i], live, &sql);
    }
    str_add(&sql, "))");
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    *changed |= res && pg_affected(res) > 0;
    pg_free(res);
    return err->code;
}

int absent_resolve(struct state *s, const struct job_table *t, int *changed, struct error *err)
{
    if (!t->any_absent)
        return 0;
    int code = resolve_rows(s, t, 0, changed, err);
    return code ? code : resolve_rows(s, t, 1, changed, err);
}

/* write.c - the writes of publish, table by table, as INSERT/UPDATE/DELETE ... SELECT from
 * staging. Live rows are met by the ctid that publish has just compared under lock. */
#include "write.h"

#include <stdio.h>
#include <string.h>

#include "match.h"
#include "sql.h"

static int run_counted(struct state *s, struct str *sql, int64_t expected, const char *what,
                       const struct job_table *t, struct error *err)
{
    struct pg_result *res = sql->failed ? NULL : pg_query(s->pg, err, sql->data, 0, NULL);
    if (sql->failed)
        error_set(err, STATUS_BUG, "a statement is too long");
    str_clear(sql);
    if (!res)
        return err->code;
    int64_t n = pg_affected(res);
    pg_free(res);
    if (n == expected)
        return 0;
    error_set(err, STATUS_INVALID, "%s of %s.%s: %lld of %lld rows were written", what,
              t->t->schema, t->t->name, (long long)n, (long long)expected);
    error_why(err, "a BEFORE trigger that returns NULL swallows rows without an error%s%s",
              t->t->triggers[0] ? "; triggers there: " : "", t->t->triggers);
    error_fix(err, "correct the trigger, or disable it for the migration");
    return STATUS_INVALID;
}

int write_plan(struct state *s, const struct job_table *t, struct write_counts *out,
               struct error *err)
{
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "SELECT count(*), count(*) FILTER (WHERE s._mig_state <> 0), count(*) FILTER (WHERE"
        " s._mig_state = 0 AND m._mig_id IS NULL), count(*) FILTER (WHERE s._mig_state = 0 AND"
        " m._mig_id IS NOT NULL AND NOT m._mig_same), count(*) FILTER (WHERE s._mig_state = 0 AND"
        " m._mig_same), (SELECT count(*) FROM %s), NOT EXISTS (SELECT FROM %s)"
        " FROM %s s LEFT JOIN %s m USING (_mig_id)",
        t->delete_table, t->t->quoted, t->staging, t->match_table);
    if (!res)
        return err->code;
    int overwrites = match_overwrites(t);
    out->staged = pg_get_int(res, 0, 0);
    out->rejected = pg_get_int(res, 0, 1);
    out->inserted = pg_get_int(res, 0, 2);
    out->updated = overwrites ? pg_get_int(res, 0, 3) : 0;
    out->left_existing = overwrites ? 0 : pg_get_int(res, 0, 3);
    out->unchanged = pg_get_int(res, 0, 4);
    out->deleted = pg_get_int(res, 0, 5);
    out->was_empty = pg_get(res, 0, 6)[0] == 't';
    pg_free(res);
    return 0;
}

int write_before_images(struct state *s, const struct job_table *t, struct error *err)
{
    /* Typed as the live table is: values never pass through text. */
    return pg_execf(s->pg, err,
                    "DROP TABLE IF EXISTS %s; CREATE TABLE %s AS SELECT 'D'::\"char\" AS _mig_op,"
                    " l.* FROM %s l JOIN %s d ON d._mig_ctid = l.ctid UNION ALL SELECT"
                    " 'U'::\"char\", l.* FROM %s l JOIN %s m ON m._mig_ctid = l.ctid JOIN %s s"
                    " USING (_mig_id) WHERE s._mig_state = 0 AND NOT m._mig_same AND %s",
                    t->before, t->before, t->t->quoted, t->delete_table, t->t->quoted,
                    t->match_table, t->staging, match_overwrites(t) ? "true" : "false");
}

int write_deletes(struct state *s, const struct job_table *t, const struct write_counts *c,
                  struct error *err)
{
    if (!c->deleted)
        return 0;
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "DELETE FROM %s l USING %s d WHERE l.ctid = d._mig_ctid", t->t->quoted,
               t->delete_table);
    return run_counted(s, &sql, c->deleted, "deletion", t, err);
}

int write_moving_defaults(struct state *s, const struct job_table *t, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < t->n_columns; i++) {
        const struct catalog_column *c = t->columns[i];
        if (!c->fallback_moves)
            continue;
        struct str sql;
        str_init(&sql, 0);
        str_printf(&sql, "UPDATE %s s SET ", t->staging);
        sql_ident(&sql, c->name);
        if (c->fallback) {
            str_printf(&sql, " = %s", c->fallback);
        } else {
            str_add(&sql, " = nextval(");
            sql_literal(&sql, c->sequence);
            str_add_char(&sql, ')');
        }
        str_printf(&sql,
                   " WHERE s._mig_state = 0 AND %d = ANY (s._mig_absent) AND NOT EXISTS (SELECT"
                   " FROM %s m WHERE m._mig_id = s._mig_id)",
                   c->attnum, t->match_table);
        code = pg_exec(s->pg, err, sql.data);
        str_clear(&sql);
    }
    return code;
}

static int is_second_pass(const struct job_table *t, const char *column)
{
    for (size_t i = 0; i < t->n_references; i++)
        for (size_t k = 0; t->references[i].cycle == CYCLE_TWO_PASS && k < t->references[i].key.n;
             k++)
            if (str_equal(t->references[i].key.columns[k], column))
                return 1;
    return 0;
}

static int updates(struct state *s, const struct job_table *t, const struct write_counts *c,
                   struct error *err)
{
    if (!c->updated)
        return 0;
    struct str sql;
    size_t n = 0;
    str_init(&sql, 0);
    str_printf(&sql, "UPDATE %s l SET ", t->t->quoted);
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct catalog_column *k = t->columns[i];
        if (k->identity == 'a') /* only DEFAULT may be set there */
            continue;
        str_add(&sql, n++ ? ", " : "");
        sql_ident(&sql, k->name);
        str_add(&sql, " = s.");
        sql_ident(&sql, k->name);
        str_printf(&sql, "::%s", k->declared);
    }
    str_printf(&sql,
               " FROM %s s JOIN %s m USING (_mig_id) WHERE l.ctid = m._mig_ctid AND s._mig_state ="
               " 0 AND NOT m._mig_same",
               t->staging, t->match_table);
    return run_counted(s, &sql, c->updated, "update", t, err);
}

static int inserts(struct state *s, const struct job_table *t, const struct write_counts *c,
                   struct error *err)
{
    if (!c->inserted)
        return 0;
    struct str sql;
    int always = 0;
    str_init(&sql, 0);
    str_printf(&sql, "INSERT INTO %s (", t->t->quoted);
    for (size_t i = 0; i < t->n_columns; i++) {
        always |= t->columns[i]->identity == 'a';
        str_add(&sql, i ? ", " : "");
        sql_ident(&sql, t->columns[i]->name);
    }
    str_printf(&sql, ")%s SELECT ", always ? " OVERRIDING SYSTEM VALUE" : "");
    for (size_t i = 0; i < t->n_columns; i++) {
        str_add(&sql, i ? ", " : "");
        if (is_second_pass(t, t->columns[i]->name)) {
            str_printf(&sql, "NULL::%s", t->columns[i]->declared);
            continue;
        }
        str_add(&sql, "s.");
        sql_ident(&sql, t->columns[i]->name);
        str_printf(&sql, "::%s", t->columns[i]->declared);
    }
    str_printf(&sql,
               " FROM %s s WHERE s._mig_state = 0 AND NOT EXISTS (SELECT FROM %s m WHERE m._mig_id"
               " = s._mig_id) ORDER BY s._mig_id",
               t->staging, t->match_table);
    return run_counted(s, &sql, c->inserted, "insertion", t, err);
}

int write_rows(struct state *s, const struct job_table *t, const struct write_counts *c,
               struct error *err)
{
    int code = updates(s, t, c, err);
    return code ? code : inserts(s, t, c, err);
}

int write_second_pass(struct state *s, const struct job_table *t, struct error *err)
{
    struct str sql;
    size_t n = 0;
    str_init(&sql, 0);
    str_printf(&sql, "UPDATE %s l SET ", t->t->quoted);
    for (size_t i = 0; i < t->n_columns; i++) {
        if (!is_second_pass(t, t->columns[i]->name))
            continue;
        str_add(&sql, n++ ? ", " : "");
        sql_ident(&sql, t->columns[i]->name);
        str_add(&sql, " = s.");
        sql_ident(&sql, t->columns[i]->name);
        str_printf(&sql, "::%s", t->columns[i]->declared);
    }
    if (!n || !t->match) {
        str_clear(&sql);
        return 0;
    }
    str_printf(&sql,
               " FROM %s s WHERE s._mig_state = 0 AND NOT EXISTS (SELECT FROM %s m WHERE"
               " m._mig_id = s._mig_id) AND ",
               t->staging, t->match_table);
    match_condition(t->match, "s", "l", &sql);
    int code = pg_exec(s->pg, err, sql.data);
    str_clear(&sql);
    return code;
}

/* One line per source key of the stage: the key of the row in the stage's first table. */
int write_id_map(struct state *s, const struct job *job, const struct job_stage *st,
                 struct error *err)
{
    const struct job_table *t = &job->tables[st->tables[0]];
    if (!t->match)
        return 0;
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "INSERT INTO %s.id_map SELECT DISTINCT ON (s._mig_key COLLATE \"C\") %lld, ",
               s->q, (long long)s->project);
    sql_literal(&sql, st->p->name);
    str_add(&sql, ", s._mig_key, concat_ws(E'\\x1f'");
    for (size_t i = 0; i < t->match->n; i++) {
        const struct catalog_key *k = t->t->n_keys && t->t->keys[0].primary && t->match->n == 1 &&
                                              t->t->keys[0].n == 1 &&
                                              job_staged(t, t->t->keys[0].columns[0])
                                          ? &t->t->keys[0]
                                          : t->match;
        str_add(&sql, ", s.");
        sql_ident(&sql, k->columns[i]);
    }
    str_printf(&sql,
               "), NULL, %lld FROM %s s WHERE s._mig_state = 0 AND s._mig_record >> 52 = %zu ORDER"
               " BY s._mig_key COLLATE \"C\", s._mig_id ON CONFLICT DO NOTHING",
               (long long)s->run, t->staging, st->no);
    int code = pg_exec(s->pg, err, sql.data);
    str_clear(&sql);
    return code;
}

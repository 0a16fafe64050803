/* undo.c - the statements that take a published run back. They retrace publish backwards: per
 * table from the last to the first, inserted rows go, updated ones get their before-image;
 * then deleted rows return, first table first. So every state on the way is one that publish
 * passed too, and foreign keys hold. Sequences go back only where nobody moved them since. */
#include "undo.h"

#include <stdio.h>
#include <string.h>

#include "match.h"
#include "sql.h"

/* The run's transaction as live rows show it in xmin (32 bits of the xid8). */
static void run_xid(const struct state *s, struct str *sql)
{
    str_printf(sql,
               "(SELECT publish_xid::text::numeric %% 4294967296 FROM %s.run WHERE id = %lld)"
               "::bigint",
               s->q, (long long)s->run);
}

static int stages_all(const struct job_table *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->t->n_columns; i++)
        n += !t->t->columns[i].computed;
    return n == t->n_columns && !t->t->row_triggers;
}

/* A live row is as the run left it: by xmin, or, where staging holds the whole row, by its
 * after-image (xmin says nothing after a dump and restore). */
static void untouched(const struct state *s, const struct job_table *t, struct str *sql)
{
    str_add(sql, "(l.xmin::text::bigint = ");
    run_xid(s, sql);
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

/* ---- drift ----------------------------------------------------------------------------- */

static void query_head(const struct job_table *t, struct str *out)
{
    str_add(out, "SELECT ");
    sql_literal(out, t->t->quoted);
    str_add(out, ", count(*) FROM ");
}

static void drift_written(const struct state *s, const struct job_table *t, struct str *out)
{
    query_head(t, out);
    str_printf(out, "%s s LEFT JOIN %s m ON m._mig_id = s._mig_id LEFT JOIN %s l ON ", t->staging,
               t->match_table, t->t->quoted);
    match_condition(t->match, "s", "l", out);
    str_printf(out,
               " WHERE s._mig_state = 0 AND (m._mig_id IS NULL OR %s) AND (l.ctid IS NULL OR"
               " NOT ",
               match_overwrites(t) ? "NOT m._mig_same" : "false");
    untouched(s, t, out);
    str_add(out, ")\n");
    query_head(t, out);
    str_printf(out, "%s b JOIN %s l ON ", t->before, t->t->quoted);
    match_condition(t->match, "b", "l", out);
    str_add(out, " WHERE b._mig_op = 'D'\n");
}

/* Without a key rows can only be told by the transaction that wrote them, and only where the
 * table was empty before is that the whole truth. */
static void drift_keyless(const struct state *s, const struct job_table *t, struct str *out)
{
    query_head(t, out);
    str_printf(out,
               "%s l, %s.run_table x WHERE x.run = %lld AND x.no = %zu AND x.inserted > 0 AND"
               " (NOT x.was_empty OR l.xmin::text::bigint <> ",
               t->t->quoted, s->q, (long long)s->run, t->no);
    run_xid(s, out);
    str_add(out, ")\n");
}

/* Rows that the application added below a row that the run inserted. */
static void drift_children(const struct state *s, const struct job_table *t,
                           const struct catalog_reference *k, struct str *out)
{
    for (size_t i = 0; i < k->n; i++)
        if (!job_staged(t, k->parent_columns[i]))
            return;
    str_add(out, "SELECT ");
    struct str child;
    str_init(&child, 0);
    sql_table(&child, k->child_schema, k->child_table);
    sql_literal(out, child.data);
    str_printf(out, ", count(*) FROM %s c JOIN %s s ON ", child.data, t->staging);
    for (size_t i = 0; i < k->n; i++) {
        str_printf(out, "%ss.", i ? " AND " : "");
        sql_ident(out, k->parent_columns[i]);
        str_printf(out, " %s c.", k->operators[i]);
        sql_ident(out, k->columns[i]);
    }
    str_printf(out,
               " WHERE s._mig_state = 0 AND NOT EXISTS (SELECT FROM %s m WHERE m._mig_id ="
               " s._mig_id) AND c.xmin::text::bigint <> ",
               t->match_table);
    run_xid(s, out);
    str_add_char(out, '\n');
    str_clear(&child);
}

int undo_drift_queries(struct state *s, const struct job *job, struct str *out, struct error *err)
{
    for (size_t i = 0; i < job->n_tables; i++) {
        const struct job_table *t = &job->tables[i];
        if (t->match)
            drift_written(s, t, out);
        else
            drift_keyless(s, t, out);
        for (size_t k = 0; k < t->t->n_incoming; k++)
            drift_children(s, t, &t->t->incoming[k], out);
    }
    return out->failed ? error_set(err, STATUS_BUG, "rollback statements are too long") : 0;
}

/* ---- triggers -------------------------------------------------------------------------- */

/* Triggers fired at publish; what they did to the rows is undone with the rows. Firing again
 * would falsify a restored row. Only what is enabled now is disabled, and enabled again. */
static int triggers(struct state *s, const struct job_table *t, struct str *off, struct str *on,
                    struct error *err)
{
    if (!t->t->row_triggers)
        return 0;
    struct pg_result *res =
        pg_queryf(s->pg, err,
                  "SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = %u AND NOT"
                  " tgisinternal AND tgenabled IN ('O', 'A') ORDER BY tgname",
                  t->t->oid);
    if (!res)
        return err->code;
    for (int i = 0; i < pg_rows(res); i++) {
        struct str name;
        str_init(&name, 0);
        sql_ident(&name, pg_get(res, i, 0));
        str_printf(off, "ALTER TABLE %s DISABLE TRIGGER %s;\n", t->t->quoted, name.data);
        str_printf(on, "ALTER TABLE %s ENABLE %sTRIGGER %s;\n", t->t->quoted,
                   pg_get(res, i, 1)[0] == 'A' ? "ALWAYS " : "", name.data);
        str_clear(&name);
    }
    pg_free(res);
    return 0;
}

/* ---- rows ------------------------------------------------------------------------------ */

static void inserted_rows(const struct job_table *t, struct str *out)
{
    str_add(out, "s._mig_state = 0 AND NOT EXISTS (SELECT FROM ");
    str_printf(out, "%s m WHERE m._mig_id = s._mig_id) AND ", t->match_table);
    match_condition(t->match, "s", "l", out);
}

static void undo_table(const struct state *s, const struct job_table *t, struct str *out)
{
    if (!t->match) {
        str_printf(out, "DELETE FROM %s l WHERE l.xmin::text::bigint = ", t->t->quoted);
        run_xid(s, out);
        str_add(out, ";\n");
        return;
    }
    str_printf(out, "DELETE FROM %s l USING %s s WHERE ", t->t->quoted, t->staging);
    inserted_rows(t, out);
    str_add(out, ";\n");
    if (!match_overwrites(t))
        return;
    size_t n = 0;
    str_printf(out, "UPDATE %s l SET ", t->t->quoted);
    for (size_t i = 0; i < t->n_columns; i++) {
        if (t->columns[i]->identity == 'a')
            continue;
        str_add(out, n++ ? ", " : "");
        sql_ident(out, t->columns[i]->name);
        str_add(out, " = b.");
        sql_ident(out, t->columns[i]->name);
    }
    str_printf(out, " FROM %s b WHERE b._mig_op = 'U' AND ", t->before);
    match_condition(t->match, "b", "l", out);
    str_add(out, ";\n");
}

static void restore_deleted(const struct job_table *t, struct str *out)
{
    struct str columns;
    size_t n = 0;
    str_init(&columns, 0);
    for (size_t i = 0; i < t->t->n_columns; i++)
        if (!t->t->columns[i].computed) {
            str_add(&columns, n++ ? ", " : "");
            sql_ident(&columns, t->t->columns[i].name);
        }
    str_printf(out,
               "INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM %s WHERE _mig_op ="
               " 'D';\n",
               t->t->quoted, columns.data, columns.data, t->before);
    str_clear(&columns);
}

/* A foreign key to a table that was published later was a broken cycle: nullable ones are cut
 * first, others deferred or dropped for the time being. */
static int cycles(struct state *s, const struct job *job, struct str *before, struct str *after,
                  struct error *err)
{
    for (size_t i = 0; i < job->n_tables; i++) {
        const struct job_table *t = &job->tables[i];
        for (size_t k = 0; k < t->t->n_references; k++) {
            const struct catalog_reference *r = &t->t->references[k];
            size_t parent = job_find_table(job, r->parent_schema, r->parent_table);
            if (parent == SIZE_MAX || parent <= i || r->deferrable || !t->match)
                continue;
            struct str name;
            str_init(&name, 0);
            sql_ident(&name, r->name);
            struct pg_result *res = pg_queryf(s->pg, err,
                                              "SELECT pg_get_constraintdef(oid) FROM pg_constraint "
                                              "WHERE conrelid = %u AND contype"
                                              " = 'f' AND confrelid = %u ORDER BY conname LIMIT 1",
                                              t->t->oid, r->parent_oid);
            if (res && pg_rows(res)) {
                str_printf(before, "ALTER TABLE %s DROP CONSTRAINT %s;\n", t->t->quoted, name.data);
                str_printf(after, "ALTER TABLE %s ADD CONSTRAINT %s %s;\n", t->t->quoted, name.data,
                           pg_get(res, 0, 0));
            }
            pg_free(res);
            str_clear(&name);
            if (err->code)
                return err->code;
        }
    }
    return 0;
}

/* ---- the rest -------------------------------------------------------------------------- */

static void sequences(const struct state *s, const struct job *job, struct str *out)
{
    for (size_t i = 0; i < job->n_tables; i++)
        for (size_t k = 0; k < job->tables[i].t->n_sequences; k++) {
            const struct catalog_sequence *q = &job->tables[i].t->sequences[k];
            struct str name;
            str_init(&name, 0);
            sql_table(&name, q->schema, q->name);
            str_add(out, "DO $mig$ DECLARE q record; BEGIN SELECT x.* INTO q FROM ");
            str_printf(out, "%s.sequence x, %s c WHERE x.run = %lld AND x.schema_name = ", s->q,
                       name.data, (long long)s->run);
            sql_literal(out, q->schema);
            str_add(out, " AND x.sequence_name = ");
            sql_literal(out, q->name);
            str_printf(out,
                       " AND c.last_value = x.after_last AND c.is_called = x.after_called; IF FOUND"
                       " THEN ALTER SEQUENCE %s RESTART; PERFORM setval(",
                       name.data);
            sql_literal(out, name.data);
            str_add(out, ", q.before_last, q.before_called); END IF; END $mig$;\n");
            str_clear(&name);
        }
}

static int hooks(struct state *s, struct str *out, struct error *err)
{
    struct pg_result *res =
        pg_queryf(s->pg, err, "SELECT sql FROM %s.undo_sql WHERE run = %lld ORDER BY no DESC", s->q,
                  (long long)s->run);
    if (!res)
        return err->code;
    for (int i = 0; i < pg_rows(res); i++)
        str_printf(out, "%s;\n", pg_get(res, i, 0));
    pg_free(res);
    return 0;
}

static void settle_state(const struct state *s, struct str *out)
{
    str_printf(out, "DELETE FROM %s.id_map WHERE run = %lld;\n", s->q, (long long)s->run);
    str_printf(out,
               "UPDATE %s.run SET state = 'rolled_back', rolled_back = clock_timestamp() WHERE id ="
               " %lld AND state IN ('published', 'done');\n",
               s->q, (long long)s->run);
    state_event_sql(s, "rolled_back", out);
    str_add(out, ";\n");
}

int undo_statements(struct state *s, const struct job *job, struct str *out, struct error *err)
{
    struct str off, on, cut, mend;
    str_init(&off, 0);
    str_init(&on, 0);
    str_init(&cut, 0);
    str_init(&mend, 0);
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++)
        code = triggers(s, &job->tables[i], &off, &on, err);
    if (!code)
        code = cycles(s, job, &cut, &mend, err);
    str_add(out, "SET CONSTRAINTS ALL DEFERRED;\n");
    str_add(out, off.data);
    str_add(out, cut.data);
    if (!code)
        code = hooks(s, out, err);
    for (size_t i = job->n_tables; !code && i-- > 0;)
        undo_table(s, &job->tables[i], out);
    for (size_t i = 0; !code && i < job->n_tables; i++)
        restore_deleted(&job->tables[i], out);
    str_add(out, "SET CONSTRAINTS ALL IMMEDIATE;\n");
    str_add(out, mend.data);
    str_add(out, on.data);
    sequences(s, job, out);
    settle_state(s, out);
    str_clear(&off);
    str_clear(&on);
    str_clear(&cut);
    str_clear(&mend);
    if (!code && out->failed)
        code = error_set(err, STATUS_BUG, "rollback statements are too long");
    return code;
}

static void guard(const char *query, struct str *out)
{
    str_printf(
        out,
        "DO $mig$ DECLARE t text; n bigint; BEGIN %s INTO t, n; IF n > 0 THEN RAISE EXCEPTION"
        " 'mighost: %% rows of %% are no longer as the run left them; nothing was undone',"
        " n, t; END IF; END $mig$;\n",
        query);
}

int undo_script(struct state *s, const struct job *job, struct str *out, struct error *err)
{
    struct str drift;
    str_init(&drift, 0);
    int code = undo_drift_queries(s, job, &drift, err);
    str_printf(
        out,
        "-- Takes run %lld back. One transaction: all or nothing. Needs the schema %s as the\n"
        "-- run left it. mighost --rollback %lld does the same and proves the result.\n"
        "BEGIN;\nSET LOCAL search_path = pg_catalog, pg_temp;\nSET LOCAL row_security = off;\n"
        "SET LOCAL standard_conforming_strings = on;\n",
        (long long)s->run, s->q, (long long)s->run);
    str_printf(out,
               "DO $mig$ BEGIN PERFORM FROM %s.run WHERE id = %lld AND state IN ('published',"
               " 'done') FOR UPDATE; IF NOT FOUND THEN RAISE EXCEPTION 'mighost: run %lld is not"
               " published, nothing was undone'; END IF; END $mig$;\n",
               s->q, (long long)s->run, (long long)s->run);
    for (size_t i = 0; i < job->n_tables; i++)
        str_printf(out, "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE;\n", job->tables[i].t->quoted);
    for (char *p = drift.data, *end; (end = strchr(p, '\n')); p = end + 1) {
        *end = '\0';
        guard(p, out);
    }
    if (!code)
        code = undo_statements(s, job, out, err);
    str_add(out, "COMMIT;\n");
    str_clear(&drift);
    return code;
}

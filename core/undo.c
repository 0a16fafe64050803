/* undo.c - the statements that take a published run back. They retrace publish backwards: late
 * deletions return, then the second pass is undone, then per table from the last to the first
 * inserted rows go and updated ones get their before-image; then early deletions return. So every
 * state on the way is one that publish passed too, and unique and foreign keys hold. Sequences go
 * back only where nobody moved them since. What must not be taken back is undo_drift.c's. */
#include "undo.h"

#include <stdio.h>
#include <string.h>

#include "lineage.h"
#include "match.h"
#include "refindex.h"
#include "sql.h"
#include "undo_drift.h"

/* ---- triggers -------------------------------------------------------------------------- */

/* Triggers fired at publish; what they did to the rows is undone with the rows. Firing again
 * would falsify a restored row. Only what is enabled now is disabled, and enabled again. */
static int triggers(struct state *s, const struct job_table *t, int by_owner, struct str *off,
                    struct str *on, struct error *err)
{
    if (!t->t->row_triggers || !(by_owner || t->t->owned))
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

/* What an UPDATE may set and the before-image holds. */
static int restorable(const struct catalog_column *c)
{
    return !c->computed && c->identity != 'a';
}

static void restore_updated(const struct job_table *t, struct str *out)
{
    /* All columns, not only those that were staged: a trigger may have changed others. */
    size_t n = 0;
    str_printf(out, "UPDATE %s l SET ", t->t->quoted);
    for (size_t i = 0; i < t->t->n_columns; i++) {
        if (!restorable(&t->t->columns[i]))
            continue;
        str_add(out, n++ ? ", " : "");
        sql_ident(out, t->t->columns[i].name);
        str_add(out, " = b.");
        sql_ident(out, t->t->columns[i].name);
    }
    str_printf(out, " FROM %s b WHERE b._mig_op = 'U' AND ", t->before);
    match_condition(t->match, "b", "l", out);
}

/* One statement where it updates, too: its rows may refer to each other, and foreign keys are
 * looked at when it ends. The updates wait for the deletions, whose unique keys they take back. */
static void undo_table(const struct state *s, const struct job_table *t, struct str *out)
{
    if (!t->match) {
        str_printf(out, "DELETE FROM %s l WHERE ", t->t->quoted);
        lineage_wrote(s, NULL, out);
        str_add(out, ";\n");
        return;
    }
    int both = match_overwrites(t);
    str_printf(out, "%sDELETE FROM %s l USING %s s WHERE ", both ? "WITH d AS (" : "", t->t->quoted,
               t->staging);
    undo_drift_inserted(t, out);
    if (both) {
        str_add(out, " RETURNING 1) ");
        restore_updated(t, out);
        str_add(out, " AND (SELECT count(*) FROM d) >= 0");
    }
    str_add(out, ";\n");
}

static void restore_table(const struct job_table *t, char op, struct str *out)
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
               " '%c'",
               t->t->quoted, columns.data, columns.data, t->before, op);
    str_clear(&columns);
}

/* As they were deleted, all tables in one statement: rows may refer to each other in a circle. */
static void restore_deleted(const struct job *job, char op, struct str *out)
{
    const struct job_table *last = NULL;
    size_t n = 0;
    for (size_t i = 0; i < job->n_tables; i++) {
        if (!job->tables[i].match || !match_overwrites(&job->tables[i]))
            continue;
        if (last) {
            str_printf(out, "%sr%zu AS (", n ? ", " : "WITH ", n);
            restore_table(last, op, out);
            str_add_char(out, ')');
            n++;
        }
        last = &job->tables[i];
    }
    if (!last)
        return;
    str_add(out, n ? " " : "");
    restore_table(last, op, out);
    str_add(out, ";\n");
}

/* ---- cycles ---------------------------------------------------------------------------- */

/* A foreign key to a table that was published later is one at which a cycle was broken. One that
 * can wait need not be, but that its CASCADE or SET NULL does not wait: rows must have let go
 * before. */
static int broken(const struct job *job, size_t table, const struct catalog_reference *r)
{
    size_t parent = job_find_table(job, r->parent_schema, r->parent_table);
    return parent != SIZE_MAX && parent > table && (!r->deferrable || strchr("cnd", r->on_delete));
}

static int in_second_pass(const struct job *job, size_t table, const char *column)
{
    const struct catalog_table *t = job->tables[table].t;
    for (size_t k = 0; k < t->n_references; k++)
        for (size_t i = 0; i < t->references[k].n; i++)
            if (str_equal(t->references[k].columns[i], column) &&
                broken(job, table, &t->references[k]))
                return 1;
    return 0;
}

/* Takes back the second pass: rows that it wrote are again as the first pass left them. */
static void undo_second_pass(const struct job *job, size_t table, struct str *out)
{
    const struct job_table *t = &job->tables[table];
    struct str old, none;
    str_init(&old, 0);
    str_init(&none, 0);
    for (size_t i = 0; t->match && i < t->n_columns; i++) {
        if (!in_second_pass(job, table, t->columns[i]->name))
            continue;
        str_add(&old, old.len ? ", " : "");
        sql_ident(&old, t->columns[i]->name);
        str_add(&old, " = b.");
        sql_ident(&old, t->columns[i]->name);
        if (t->columns[i]->not_null) /* these rows go anyway */
            continue;
        str_add(&none, none.len ? ", " : "");
        sql_ident(&none, t->columns[i]->name);
        str_add(&none, " = NULL");
    }
    if (old.len && match_overwrites(t)) {
        str_printf(out, "UPDATE %s l SET %s FROM %s b WHERE b._mig_op = 'U' AND ", t->t->quoted,
                   old.data, t->before);
        match_condition(t->match, "b", "l", out);
        str_add(out, ";\n");
    }
    if (none.len) {
        str_printf(out, "UPDATE %s l SET %s FROM %s s WHERE ", t->t->quoted, none.data, t->staging);
        undo_drift_inserted(t, out);
        str_add(out, ";\n");
    }
    str_clear(&old);
    str_clear(&none);
}

/* Keys that are neither deferrable nor nullable are deferrable for the time being. */
static void loosen(const struct job *job, struct str *before, struct str *after)
{
    for (size_t i = 0; i < job->n_tables; i++)
        for (size_t k = 0; k < job->tables[i].t->n_references; k++) {
            const struct catalog_reference *r = &job->tables[i].t->references[k];
            if (r->nullable || r->deferrable || !broken(job, i, r))
                continue;
            struct str name;
            str_init(&name, 0);
            sql_ident(&name, r->name);
            str_printf(before, "ALTER TABLE %s ALTER CONSTRAINT %s DEFERRABLE;\n",
                       job->tables[i].t->quoted, name.data);
            str_printf(after, "ALTER TABLE %s ALTER CONSTRAINT %s NOT DEFERRABLE;\n",
                       job->tables[i].t->quoted, name.data);
            str_clear(&name);
        }
}

/* ---- the rest -------------------------------------------------------------------------- */

static void sequences(const struct state *s, const struct job *job, struct str *out)
{
    for (size_t i = 0; i < job->n_tables; i++)
        for (size_t k = 0; k < job->tables[i].t->n_sequences; k++) {
            const struct catalog_sequence *q = &job->tables[i].t->sequences[k];
            struct str name;
            if (!q->usable)
                continue;
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
                       " THEN %s%s%s PERFORM setval(",
                       q->owned ? "ALTER SEQUENCE " : "", q->owned ? name.data : "",
                       q->owned ? " RESTART;" : "");
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
    for (int i = 0; i < pg_rows(res); i++) {
        sql_do(out, pg_get(res, i, 0));
        str_add(out, ";\n");
    }
    pg_free(res);
    return 0;
}

static void settle_state(const struct state *s, enum run_state to, struct str *out)
{
    str_printf(out,
               "UPDATE %s.run SET state = '%s', rolled_back = clock_timestamp(), undo_xid "
               "= pg_current_xact_id() WHERE id ="
               " %lld AND state IN (" STATE_UNDOABLE ");\n",
               s->q, state_text(to), (long long)s->run);
    state_event_sql(s, state_text(to), out);
    str_add(out, ";\n");
}

int undo_statements(struct state *s, const struct job *job, const struct undo_options *options,
                    struct str *out, size_t *marks, struct error *err)
{
    struct str off, on, cut, mend;
    str_init(&off, 0);
    str_init(&on, 0);
    str_init(&cut, 0);
    str_init(&mend, 0);
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++)
        code = triggers(s, &job->tables[i], options->by_owner, &off, &on, err);
    loosen(job, &cut, &mend);
    if (!code)
        code = refindex_statements(s->pg, job, &cut, &mend, err);
    str_add(out, cut.data);
    str_add(out, "SET CONSTRAINTS ALL DEFERRED;\n" PG_OWN_PATH ";\n");
    str_add(out, off.data);
    if (!code)
        code = hooks(s, out, err);
    restore_deleted(job, 'L', out);
    for (size_t i = 0; i < job->n_tables; i++)
        undo_second_pass(job, i, out);
    for (size_t i = job->n_tables; i-- > 0;) {
        if (marks)
            marks[i + 1] = out->len;
        undo_table(s, &job->tables[i], out);
    }
    if (marks)
        marks[0] = out->len;
    restore_deleted(job, 'D', out);
    str_add(out, "SET CONSTRAINTS ALL IMMEDIATE;\n");
    str_add(out, mend.data);
    str_add(out, on.data);
    str_add(out, "SET LOCAL search_path = pg_catalog, pg_temp;\n");
    if (options->to == RUN_ROLLED_BACK) /* else keys of rows that stay may be behind */
        sequences(s, job, out);
    settle_state(s, options->to, out);
    str_clear(&off);
    str_clear(&on);
    str_clear(&cut);
    str_clear(&mend);
    if (!code && out->failed)
        code = error_set(err, STATUS_BUG, "rollback statements are too long");
    return code;
}

static void guard(const char *query, const char *what, struct str *out)
{
    str_printf(
        out,
        "DO $mig$ DECLARE t text; n bigint; BEGIN %s INTO t, n; IF n > 0 THEN RAISE EXCEPTION"
        " 'mighost: %% %s of %% are no longer as the run left them; nothing was undone',"
        " n, t; END IF; END $mig$;\n",
        query, what);
}

static void guard_columns(const struct job_table *t, struct str *out)
{
    struct str query;
    str_init(&query, 0);
    undo_drift_columns(t, &query);
    guard(query.data, "columns", out);
    str_clear(&query);
}

int undo_script(struct state *s, const struct job *job, struct str *out, struct error *err)
{
    const struct undo_options options = {.by_owner = 1, .to = RUN_ROLLED_BACK};
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
               "DO $mig$ BEGIN PERFORM FROM %s.run WHERE id = %lld AND state IN (" STATE_UNDOABLE
               ") FOR UPDATE; IF NOT FOUND THEN RAISE EXCEPTION 'mighost: run "
               "%lld is not"
               " published, nothing was undone'; END IF; END $mig$;\n",
               s->q, (long long)s->run, (long long)s->run);
    const struct job_table *const *locks = job_lock_order(job);
    for (size_t i = 0; i < job->n_tables; i++)
        str_printf(out, "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE;\n", locks[i]->t->quoted);
    for (size_t i = 0; i < job->n_tables; i++)
        guard_columns(&job->tables[i], out);
    for (char *p = drift.data, *end; (end = strchr(p, '\n')); p = end + 1) {
        *end = '\0';
        guard(p, "rows", out);
    }
    if (!code)
        code = undo_statements(s, job, &options, out, NULL, err);
    str_add(out, "COMMIT;\n");
    str_clear(&drift);
    return code;
}

/* undo_left.c - the rows of a run that an undo must leave as they are. First those that others
 * changed, deleted or made again, and the parents of rows that others added. Then, to a fixed
 * point, what would break with them: a parent of a row that stays stays; a row does not come back
 * whose parent is gone, or whose unique key a row holds that stays. So after the undo all foreign
 * keys, unique keys and exclusions hold, and the rest of the run is as if it had never been. */
#include "undo_left.h"

#include <stdio.h>
#include <string.h>

#include "lineage.h"
#include "match.h"
#include "sql.h"
#include "undo_drift.h"

#define STATE_UNDONE 2 /* _mig_state of staged rows: 0 accepted, 1 refused */

struct work {
    struct state *s;
    const struct job *job;
    int64_t added; /* since it was set to 0 */
    struct error *err;
};

static void own_name(const struct state *s, const struct job_table *t, const char *kind,
                     char out[JOB_NAME_SIZE])
{
    char raw[64];
    struct str name;
    str_init(&name, 0);
    snprintf(raw, sizeof raw, "%s_%lld_%zu", kind, (long long)s->run, t->no);
    sql_table(&name, s->schema, raw);
    snprintf(out, JOB_NAME_SIZE, "%s", name.data);
    str_clear(&name);
}

void undo_left_name(const struct state *s, const struct job_table *t, char out[JOB_NAME_SIZE])
{
    own_name(s, t, "left", out);
}

static void key_columns(const struct job_table *t, const char *alias, struct str *out)
{
    for (size_t i = 0; i < t->match->n; i++) {
        str_printf(out, "%s%s", i ? ", " : "", alias);
        sql_ident(out, t->match->columns[i]);
    }
}

/* "[NOT] EXISTS (...)": row `alias` of the table, by its key, is among those that stay. */
static void is_left(const struct work *w, const struct job_table *t, const char *alias, int not,
                    struct str *out)
{
    char left[JOB_NAME_SIZE];
    undo_left_name(w->s, t, left);
    str_printf(out, "%sEXISTS (SELECT FROM %s k WHERE ", not ? "NOT " : "", left);
    match_condition(t->match, "k", alias, out);
    str_add_char(out, ')');
}

static int make_table(const struct work *w, const struct job_table *t)
{
    char left[JOB_NAME_SIZE];
    struct str sql;
    undo_left_name(w->s, t, left);
    str_init(&sql, 0);
    str_printf(&sql, "DROP TABLE IF EXISTS %s; CREATE TABLE %s AS SELECT ", left, left);
    key_columns(t, "b.", &sql);
    str_printf(&sql, ", ''::text AS _mig_why FROM %s b WITH NO DATA; CREATE INDEX ON %s (",
               t->before, left);
    key_columns(t, "", &sql);
    str_add_char(&sql, ')');
    return pg_exec_str(w->s->pg, &sql, w->err);
}

/* `select` gives keys and a reason each; it is cleared. */
static int add(struct work *w, const struct job_table *t, struct str *select)
{
    char left[JOB_NAME_SIZE];
    struct str sql;
    undo_left_name(w->s, t, left);
    str_init(&sql, 0);
    str_printf(&sql, "INSERT INTO %s SELECT DISTINCT ON (", left);
    for (size_t i = 0; i < t->match->n; i++)
        str_printf(&sql, "%s%zu", i ? ", " : "", i + 1);
    str_printf(&sql, ") * FROM (%s) x", select->data);
    sql.failed |= select->failed;
    str_clear(select);
    struct pg_result *res = pg_query_str(w->s->pg, &sql, w->err);
    w->added += res ? pg_affected(res) : 0;
    pg_free(res);
    return w->err->code;
}

/* ---- what others touched ------------------------------------------------------------------------
 */

static int touched(struct work *w, const struct job_table *t)
{
    struct str sql;
    str_init(&sql, 0);
    str_add(&sql, "SELECT ");
    key_columns(t, "s.", &sql);
    str_add(&sql, ", CASE WHEN l.ctid IS NULL THEN 'deleted since' ELSE 'changed since' END FROM ");
    undo_drift_written(w->s, t, &sql);
    int code = add(w, t, &sql);
    if (code)
        return code;
    str_add(&sql, "SELECT ");
    key_columns(t, "b.", &sql);
    str_add(&sql, ", 'made again since' FROM ");
    undo_drift_returned(t, &sql);
    return add(w, t, &sql);
}

/* ---- what hangs together with it ----------------------------------------------------------------
 */

/* Live row c of this table is one that the undo takes away, or sets back. */
static void is_undone(const struct work *w, const struct job_table *t, const char *alias,
                      struct str *out)
{
    if (!t->match) {
        str_printf(out, "EXISTS (SELECT FROM (SELECT %s.xmin) l WHERE ", alias);
        lineage_wrote(w->s, NULL, out);
        str_add_char(out, ')');
        return;
    }
    str_printf(out,
               "(EXISTS (SELECT FROM %s s LEFT JOIN %s m ON m._mig_id = s._mig_id WHERE"
               " s._mig_state = 0 AND (m._mig_id IS NULL OR %s) AND ",
               t->staging, t->match_table, match_overwrites(t) ? "NOT m._mig_same" : "false");
    match_condition(t->match, "s", alias, out);
    str_add(out, ") AND ");
    is_left(w, t, alias, 1, out);
    str_add_char(out, ')');
}

/* Inserted rows to which a row refers that stays. */
static int parents(struct work *w, const struct job_table *t, const struct catalog_reference *k)
{
    size_t own = job_find_table(w->job, k->child_schema, k->child_table);
    struct str sql, child;
    str_init(&sql, 0);
    str_init(&child, 0);
    sql_table(&child, k->child_schema, k->child_table);
    str_add(&sql, "SELECT ");
    key_columns(t, "l.", &sql);
    str_add(&sql, ", ");
    sql_literal(&sql, "rows refer to it that stay, of ");
    str_add(&sql, " || ");
    sql_literal(&sql, child.data);
    str_printf(&sql, " FROM %s c JOIN %s l ON ", child.data, t->t->quoted);
    match_reference(k, "l", "c", &sql);
    str_printf(&sql, " JOIN %s s ON ", t->staging);
    undo_drift_inserted(t, &sql);
    str_add(&sql, " WHERE ");
    is_left(w, t, "l", 1, &sql);
    if (own != SIZE_MAX) {
        str_add(&sql, " AND NOT ");
        is_undone(w, &w->job->tables[own], "c", &sql);
    }
    str_clear(&child);
    return add(w, t, &sql);
}

/* Before-images whose parent is not there any more, and does not come back. */
static int orphans(struct work *w, const struct job_table *t, const struct catalog_reference *k)
{
    size_t own = job_find_table(w->job, k->parent_schema, k->parent_table);
    struct str sql, parent;
    str_init(&sql, 0);
    str_init(&parent, 0);
    sql_table(&parent, k->parent_schema, k->parent_table);
    str_add(&sql, "SELECT ");
    key_columns(t, "b.", &sql);
    str_add(&sql, ", ");
    sql_literal(&sql, "what it referred to is gone, of ");
    str_add(&sql, " || ");
    sql_literal(&sql, parent.data);
    str_printf(&sql, " FROM %s b WHERE b._mig_op IN ('U', 'D', 'L') AND ", t->before);
    is_left(w, t, "b", 1, &sql);
    for (size_t i = 0; i < k->n; i++) {
        str_add(&sql, " AND b.");
        sql_ident(&sql, k->columns[i]);
        str_add(&sql, " IS NOT NULL");
    }
    str_printf(&sql, " AND NOT EXISTS (SELECT FROM %s p WHERE ", parent.data);
    match_reference(k, "p", "b", &sql);
    str_add_char(&sql, ')');
    if (own != SIZE_MAX && w->job->tables[own].match) {
        const struct job_table *p = &w->job->tables[own];
        str_printf(&sql,
                   " AND NOT EXISTS (SELECT FROM %s p WHERE p._mig_op IN ('U', 'D', 'L') AND ",
                   p->before);
        match_reference(k, "p", "b", &sql);
        str_add(&sql, " AND ");
        is_left(w, p, "p", 1, &sql);
        str_add_char(&sql, ')');
    }
    str_clear(&parent);
    return add(w, t, &sql);
}

/* " FROM b JOIN l": before-images and live rows with the same unique key, or that exclude each
 * other. Of more than plain columns each side is worked out first. */
static void same_key(const struct job_table *t, const struct catalog_key *u, struct str *sql)
{
    if (u->simple) {
        str_printf(sql, " FROM %s b JOIN %s l ON ", t->before, t->t->quoted);
        match_condition(u, "b", "l", sql);
        return;
    }
    str_add(sql, " FROM ");
    match_key_rows(u, "ctid AS at", t->before, sql);
    str_add(sql, " x JOIN ");
    match_key_rows(u, "tableoid AS of, ctid AS at", t->t->quoted, sql);
    str_add(sql, " y ON ");
    match_key_equal(u, "x", "y", sql);
    str_printf(sql, " JOIN %s b ON b.ctid = x.at JOIN %s l ON l.ctid = y.at AND l.tableoid = y.of",
               t->before, t->t->quoted);
}

/* Before-images whose unique key, or excluded place, a live row holds that stays as it is. */
static int taken(struct work *w, const struct job_table *t, const struct catalog_key *u)
{
    struct str sql;
    if (u == t->match)
        return 0;
    str_init(&sql, 0);
    str_add(&sql, "SELECT ");
    key_columns(t, "b.", &sql);
    str_add(&sql, ", ");
    sql_literal(&sql,
                u->like ? "another row is in its way, by " : "another row has its unique key ");
    str_add(&sql, " || ");
    sql_literal(&sql, u->name);
    same_key(t, u, &sql);
    str_add(&sql, " WHERE b._mig_op IN ('U', 'D', 'L') AND ");
    is_left(w, t, "b", 1, &sql);
    str_add(&sql, " AND NOT (");
    match_condition(t->match, "b", "l", &sql);
    str_add(&sql, ") AND NOT ");
    is_undone(w, t, "l", &sql);
    return add(w, t, &sql);
}

static int spread(struct work *w, const struct job_table *t, int all)
{
    int code = 0;
    for (size_t k = 0; !code && k < t->t->n_incoming; k++)
        code = parents(w, t, &t->t->incoming[k]);
    for (size_t k = 0; all && !code && k < t->t->n_references; k++)
        code = orphans(w, t, &t->t->references[k]);
    for (size_t k = 0; all && !code && k < t->t->n_keys; k++)
        code = taken(w, t, &t->t->keys[k]);
    for (size_t k = 0; all && !code && k < t->t->n_exclusions; k++)
        code = taken(w, t, &t->t->exclusions[k]);
    return code;
}

int undo_left_make(struct state *s, const struct job *job, enum undo_left_scope scope, int64_t *n,
                   struct error *err)
{
    struct work w = {s, job, 0, err};
    int code = 0, all = scope == UNDO_LEFT_ALL;
    *n = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++)
        if (job->tables[i].match)
            code = make_table(&w, &job->tables[i]);
    for (size_t i = 0; !code && i < job->n_tables; i++)
        if (job->tables[i].match)
            code = touched(&w, &job->tables[i]);
    do {
        *n += w.added;
        w.added = 0;
        for (size_t i = job->n_tables; !code && i-- > 0;)
            if (job->tables[i].match)
                code = spread(&w, &job->tables[i], all);
    } while (!code && w.added && all);
    *n += w.added;
    return code;
}

void undo_left_sql(const struct state *s, const struct job *job, struct str *out)
{
    size_t n = 0;
    for (size_t i = 0; i < job->n_tables; i++) {
        const struct job_table *t = &job->tables[i];
        char left[JOB_NAME_SIZE];
        if (!t->match)
            continue;
        undo_left_name(s, t, left);
        str_add(out, n++ ? " UNION ALL SELECT " : "SELECT ");
        sql_literal(out, t->t->quoted);
        str_add(out, "::text, concat_ws(', ', ");
        key_columns(t, "k.", out);
        str_printf(out, "), k._mig_why FROM %s k", left);
    }
}

/* ---- the undo without them ----------------------------------------------------------------------
 */

static int narrow_table(const struct work *w, struct job_table *t)
{
    char staging[JOB_NAME_SIZE], before[JOB_NAME_SIZE];
    struct str sql;
    own_name(w->s, t, "undo_staging", staging);
    own_name(w->s, t, "undo_before", before);
    str_init(&sql, 0);
    str_printf(&sql, "CREATE VIEW %s AS SELECT * FROM %s s WHERE ", staging, t->staging);
    is_left(w, t, "s", 1, &sql);
    str_printf(&sql, "; CREATE VIEW %s AS SELECT * FROM %s b WHERE ", before, t->before);
    is_left(w, t, "b", 1, &sql);
    memcpy(t->staging, staging, sizeof staging);
    memcpy(t->before, before, sizeof before);
    return pg_exec_str(w->s->pg, &sql, w->err);
}

int undo_left_narrow(struct state *s, const struct job *job, struct job *part, struct error *err)
{
    struct work w = {s, job, 0, err};
    int code = 0;
    *part = *job;
    part->tables = arena_alloc(job->mem, (job->n_tables + 1) * sizeof *part->tables);
    memcpy(part->tables, job->tables, job->n_tables * sizeof *part->tables);
    for (size_t i = 0; !code && i < part->n_tables; i++)
        if (part->tables[i].match)
            code = narrow_table(&w, &part->tables[i]);
    return code;
}

int undo_left_widen(struct state *s, const struct job *part, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < part->n_tables; i++)
        if (part->tables[i].match)
            code = pg_execf(s->pg, err, "DROP VIEW %s, %s", part->tables[i].staging,
                            part->tables[i].before);
    return code;
}

/* Staged rows that were the same as their live row stay accepted: the id map has them. */
static int settle_table(const struct work *w, const struct job_table *t)
{
    char left[JOB_NAME_SIZE], all[JOB_NAME_SIZE];
    struct str sql;
    undo_left_name(w->s, t, left);
    own_name(w->s, t, "staging", all);
    str_init(&sql, 0);
    if (w->s->at == RUN_PARTLY) /* the rest will not be published any more */
        str_printf(&sql,
                   "UPDATE %s s SET _mig_state = %d WHERE NOT EXISTS (SELECT FROM %s d WHERE"
                   " d._mig_id = s._mig_id); ",
                   all, STATE_UNDONE, t->staging);
    str_printf(&sql,
               "UPDATE %s s SET _mig_state = %d WHERE s._mig_state = 0 AND NOT EXISTS (SELECT FROM"
               " %s m WHERE m._mig_id = s._mig_id%s) AND ",
               t->staging, STATE_UNDONE, t->match_table,
               match_overwrites(t) ? " AND m._mig_same" : "");
    is_left(w, t, "s", 1, &sql);
    str_printf(&sql, "; UPDATE %s b SET _mig_op = lower(b._mig_op::text)::\"char\" WHERE ",
               t->before);
    is_left(w, t, "b", 1, &sql);
    str_printf(&sql, "; DROP TABLE %s", left);
    return pg_exec_str(w->s->pg, &sql, w->err);
}

int undo_left_settle(struct state *s, const struct job *job, struct error *err)
{
    struct work w = {s, job, 0, err};
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++)
        if (job->tables[i].match)
            code = settle_table(&w, &job->tables[i]);
    return code;
}

int undo_left_drop(struct state *s, const struct job *job, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        char left[JOB_NAME_SIZE];
        undo_left_name(s, &job->tables[i], left);
        code = pg_execf(s->pg, err, "DROP TABLE IF EXISTS %s", left);
    }
    return code;
}

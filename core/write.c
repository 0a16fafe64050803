/* write.c - the writes of publish, table by table, as INSERT/UPDATE/DELETE ... SELECT from
 * staging. Live rows are met by the ctid that publish has just compared under lock. */
#include "write.h"

#include <stdio.h>
#include <string.h>

#include "lineage.h"
#include "lookup.h"
#include "match.h"
#include "plural.h"
#include "sequence.h"
#include "sql.h"
#include "staging.h"

int write_swallowed(const struct job_table *t, const char *what, int64_t written, int64_t expected,
                    struct error *err)
{
    error_set(err, STATUS_INVALID, "%s of %s.%s: %lld of %lld %s", what, t->t->schema, t->t->name,
              (long long)written, (long long)expected,
              plural(expected, "row was written", "rows were written"));
    error_why(err, "a BEFORE trigger that returns NULL swallows rows without an error%s%s",
              t->t->triggers[0] ? "; triggers there: " : "", t->t->triggers);
    error_fix(err, "correct the trigger, or disable it for the migration");
    return STATUS_INVALID;
}

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
    return n == expected ? 0 : write_swallowed(t, what, n, expected, err);
}

/* SELECT staged, refused, to insert, that differ, that are the same. Few rows are refused: only
 * they are met with their match, all others are counted where they are; unless those that are not
 * as their live rows are few. */
static void count_rows(const struct job_table *t, size_t stage, struct str *sql)
{
    char of[64] = "true";
    if (stage && t->n_stages > 1)
        snprintf(of, sizeof of, "s._mig_record >> 52 = %zu", stage);
    if (t->has_delta) {
        str_printf(sql,
                   "SELECT count(*), count(*) FILTER (WHERE s._mig_state <> 0), count(*) FILTER"
                   " (WHERE s._mig_state = 0 AND f._mig_id IS NOT NULL AND f._mig_at IS NULL),"
                   " count(*) FILTER (WHERE s._mig_state = 0 AND f._mig_at IS NOT NULL), count(*)"
                   " FILTER (WHERE s._mig_state = 0 AND f._mig_id IS NULL) FROM %s s LEFT JOIN %s f"
                   " ON f._mig_id = s._mig_id WHERE %s",
                   t->staging, t->delta, of);
        return;
    }
    str_printf(sql,
               "SELECT a.staged, a.refused, a.staged - a.refused - (m.same - r.same) - (m.other -"
               " r.other), m.other - r.other, m.same - r.same FROM (SELECT count(*) AS staged,"
               " count(*) FILTER (WHERE _mig_state <> 0) AS refused FROM %s s WHERE %s) a, (SELECT"
               " count(*) FILTER (WHERE _mig_same) AS same, count(*) FILTER (WHERE NOT _mig_same)"
               " AS other FROM %s s WHERE %s) m, (SELECT count(*) FILTER (WHERE _mig_same) AS same,"
               " count(*) FILTER (WHERE NOT _mig_same) AS other FROM %s s WHERE _mig_id IN (SELECT"
               " _mig_id FROM %s WHERE _mig_state <> 0) AND %s) r",
               t->staging, of, t->match_table, of, t->match_table, t->staging, of);
}

int write_plan(struct state *s, const struct job_table *t, size_t stage, struct write_counts *out,
               struct error *err)
{
    struct str sql;
    char empty[JOB_NAME_SIZE + 64] = "false";
    if (!stage)
        snprintf(empty, sizeof empty, "NOT EXISTS (SELECT FROM %s)", t->t->quoted);
    str_init(&sql, 0);
    str_add(&sql, "SELECT n.*, (SELECT count(*) FROM ");
    str_printf(&sql, "%s), %s FROM (", t->delete_table, empty);
    count_rows(t, stage, &sql);
    str_add(&sql, ") AS n (staged, refused, inserted, other, same)");
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
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

int write_kept(struct state *s, const struct job_table *t, struct write_counts *out,
               struct error *err)
{
    struct pg_result *res =
        pg_queryf(s->pg, err,
                  "SELECT staged, rejected, inserted, updated, unchanged, skipped, deleted FROM"
                  " %s.run_table WHERE run = %lld AND no = %zu",
                  s->q, (long long)s->run, t->no);
    if (!res)
        return err->code;
    *out = (struct write_counts){.staged = pg_get_int(res, 0, 0),
                                 .rejected = pg_get_int(res, 0, 1),
                                 .inserted = pg_get_int(res, 0, 2),
                                 .updated = pg_get_int(res, 0, 3),
                                 .unchanged = pg_get_int(res, 0, 4),
                                 .left_existing = pg_get_int(res, 0, 5),
                                 .deleted = pg_get_int(res, 0, 6)};
    pg_free(res);
    return 0;
}

/* ---- before-images ------------------------------------------------------------------------- */

static void image_of(const struct job_table *t, const char *op, struct str *sql)
{
    str_printf(sql, "SELECT %s::\"char\" AS _mig_op, %s AS _mig_xmin, l.* FROM %s l JOIN ", op,
               lineage_xmin(t), t->t->quoted);
}

static void updated_images(const struct job_table *t, struct str *sql)
{
    image_of(t, "'U'", sql);
    str_printf(sql,
               "%s m ON m._mig_at = %s JOIN %s s USING (_mig_id) WHERE s._mig_state = 0 AND NOT"
               " m._mig_same AND %s",
               t->match_table, match_at(t), t->staging, match_overwrites(t) ? "true" : "false");
}

static void deleted_images(const struct job_table *t, struct str *sql)
{
    image_of(t, "CASE WHEN d._mig_late THEN 'L' ELSE 'D' END", sql);
    str_printf(sql, "%s d ON d._mig_at = %s", t->delete_table, match_at(t));
}

static void make_images(const struct job_table *t, struct str *sql)
{
    str_printf(sql, "DROP TABLE IF EXISTS %s; CREATE TABLE %s AS ", t->before, t->before);
}

/* Typed as the live table is: values never pass through text. */
int write_before_images(struct state *s, const struct job_table *t, enum write_images which,
                        struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    if (which == IMAGES_MORE)
        str_printf(&sql, "INSERT INTO %s ", t->before);
    else
        make_images(t, &sql);
    deleted_images(t, &sql);
    str_add(&sql, " UNION ALL ");
    updated_images(t, &sql);
    str_add(&sql, which == IMAGES_NONE ? " WITH NO DATA" : "");
    return pg_exec_str(s->pg, &sql, err);
}

/* A hook may change a row before it is written: its image is the one behind the hook. */
int write_images_ahead(struct state *s, struct job *job, struct error *err)
{
    if (job->project->publish == PUBLISH_BATCHED || job->project->n_hooks)
        return 0;
    int code = staging_tune(s, job, err);
    if (!code)
        code = lineage_read(s, job, 0, err);
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        struct job_table *t = &job->tables[i];
        struct str sql;
        if (!match_overwrites(t))
            continue;
        str_init(&sql, 0);
        make_images(t, &sql);
        updated_images(t, &sql);
        struct pg_result *res = pg_query_str(s->pg, &sql, err);
        t->has_images = res != NULL;
        t->images = res ? pg_affected(res) : 0;
        pg_free(res);
        code = err->code;
    }
    return code;
}

int write_images_again(struct state *s, struct job_table *t, const struct job_table *part,
                       struct error *err)
{
    struct str sql;
    if (!t->has_images)
        return 0;
    str_init(&sql, 0);
    str_printf(&sql, "DELETE FROM %s b USING %s s WHERE b._mig_op = 'U' AND ", t->before,
               part->staging);
    match_condition(t->match, "s", "b", &sql);
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    t->images -= res ? pg_affected(res) : 0;
    pg_free(res);
    if (err->code)
        return err->code;
    str_printf(&sql, "INSERT INTO %s ", t->before);
    updated_images(part, &sql);
    res = pg_query_str(s->pg, &sql, err);
    t->images += res ? pg_affected(res) : 0;
    pg_free(res);
    return err->code;
}

int write_images_rest(struct state *s, const struct job_table *t, const struct write_counts *c,
                      struct error *err)
{
    if (!t->has_images || t->images != c->updated)
        return write_before_images(s, t, IMAGES_ALL, err);
    if (!c->deleted)
        return 0;
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "INSERT INTO %s ", t->before);
    deleted_images(t, &sql);
    return pg_exec_str(s->pg, &sql, err);
}

/* ---- writes ------------------------------------------------------------------------------- */

int write_moving_defaults(struct state *s, const struct job_table *t, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < t->n_columns; i++) {
        const struct catalog_column *c = t->columns[i];
        if (!c->fallback_moves)
            continue;
        if (sequence_pass(s, t, c, err))
            return err->code;
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
        code = pg_exec_str(s->pg, &sql, err);
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

/* Columns of the second pass keep their old value here: what they will refer to may come later. In
 * the order in which the live rows lie: each of their pages is then met once. */
static void update_sql(const struct job_table *t, struct str *sql)
{
    size_t n = 0;
    str_printf(sql, "UPDATE %s l SET ", t->t->quoted);
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct catalog_column *k = t->columns[i];
        /* 'a': only DEFAULT may be set */
        if (k->identity == 'a' || is_second_pass(t, k->name) ||
            (t->merge && t->merge[i] == MERGE_KEEP))
            continue;
        str_add(sql, n++ ? ", " : "");
        sql_ident(sql, k->name);
        str_add(sql, " = s.");
        sql_ident(sql, k->name);
        str_printf(sql, "::%s", k->declared);
    }
    str_printf(
        sql,
        " FROM (SELECT s.*, m._mig_at FROM %s s JOIN %s m USING (_mig_id) WHERE s._mig_state ="
        " 0 AND NOT m._mig_same%s) s WHERE %s = s._mig_at",
        t->staging, t->match_table, t->t->many_files ? "" : " ORDER BY m._mig_at", match_at(t));
}

/* Where something numbers or watches the rows as they come, they come in the source's order. */
static int order_matters(const struct job_table *t)
{
    int matters = t->t->row_triggers;
    for (size_t i = 0; i < t->t->n_columns; i++)
        matters |= t->t->columns[i].fallback_moves && !job_find_staged(t, t->t->columns[i].name);
    return matters;
}

static void insert_sql(const struct job_table *t, const struct write_counts *c,
                       const char *condition, struct str *sql)
{
    int always = 0;
    str_printf(sql, "INSERT INTO %s (", t->t->quoted);
    for (size_t i = 0; i < t->n_columns; i++) {
        always |= t->columns[i]->identity == 'a';
        str_add(sql, i ? ", " : "");
        sql_ident(sql, t->columns[i]->name);
    }
    str_printf(sql, ")%s SELECT ", always ? " OVERRIDING SYSTEM VALUE" : "");
    for (size_t i = 0; i < t->n_columns; i++) {
        str_add(sql, i ? ", " : "");
        if (is_second_pass(t, t->columns[i]->name)) {
            str_printf(sql, "NULL::%s", t->columns[i]->declared);
            continue;
        }
        str_add(sql, "s.");
        sql_ident(sql, t->columns[i]->name);
        str_printf(sql, "::%s", t->columns[i]->declared);
    }
    str_printf(sql, " FROM %s s WHERE s._mig_state = 0%s", t->staging, condition);
    if (t->has_delta)
        str_printf(sql, " AND s._mig_id IN (SELECT _mig_id FROM %s WHERE _mig_at IS NULL)",
                   t->delta);
    else if (c->inserted + c->rejected < c->staged)
        str_printf(sql, " AND NOT EXISTS (SELECT FROM %s m WHERE m._mig_id = s._mig_id)",
                   t->match_table);
    if (order_matters(t))
        str_add(sql, " ORDER BY s._mig_id");
}

static int refers_to_itself(const struct job_table *t)
{
    for (size_t i = 0; i < t->t->n_references; i++)
        if (t->t->references[i].parent_oid == t->t->oid)
            return 1;
    return 0;
}

/* An updated row may refer to an inserted one of the same table: foreign keys are looked at when
 * the statement ends. The insertion waits for the updates, whose unique keys it may take over. */
static int rows_together(struct state *s, const struct job_table *t, const struct write_counts *c,
                         struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_add(&sql, "WITH u AS (");
    update_sql(t, &sql);
    str_add(&sql, " RETURNING 1), i AS (");
    insert_sql(t, c, " AND (SELECT count(*) FROM u) >= 0", &sql);
    str_add(&sql, " RETURNING 1) SELECT (SELECT count(*) FROM u), (SELECT count(*) FROM i)");
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    if (!res)
        return err->code;
    int64_t updated = pg_get_int(res, 0, 0), inserted = pg_get_int(res, 0, 1);
    pg_free(res);
    if (updated != c->updated)
        return write_swallowed(t, "update", updated, c->updated, err);
    return inserted == c->inserted ? 0
                                   : write_swallowed(t, "insertion", inserted, c->inserted, err);
}

int write_rows(struct state *s, const struct job_table *t, const struct write_counts *c,
               struct error *err)
{
    struct str sql;
    if (c->updated && c->inserted && refers_to_itself(t))
        return rows_together(s, t, c, err);
    str_init(&sql, 0);
    update_sql(t, &sql);
    int code = c->updated ? run_counted(s, &sql, c->updated, "update", t, err) : 0;
    str_clear(&sql);
    insert_sql(t, c, "", &sql);
    if (!code && c->inserted)
        code = run_counted(s, &sql, c->inserted, "insertion", t, err);
    str_clear(&sql);
    return code;
}

static void second_pass_columns(const struct job_table *t, const char *alias, struct str *sql)
{
    size_t n = 0;
    str_add(sql, "ROW(");
    for (size_t i = 0; i < t->n_columns; i++)
        if (is_second_pass(t, t->columns[i]->name)) {
            str_printf(sql, "%s%s.", n++ ? ", " : "", alias);
            sql_ident(sql, t->columns[i]->name);
            if (alias[0] == 's')
                str_printf(sql, "::%s", t->columns[i]->declared);
        }
    str_add_char(sql, ')');
}

/* FROM staging WHERE: rows that publish wrote and whose second pass is still to come. */
static void second_pass_rows(const struct job_table *t, struct str *sql)
{
    str_printf(sql,
               " %s s LEFT JOIN %s m ON m._mig_id = s._mig_id WHERE s._mig_state = 0 AND"
               " (m._mig_id IS NULL OR %s) AND NOT record_image_eq(",
               t->staging, t->match_table, match_overwrites(t) ? "NOT m._mig_same" : "false");
    second_pass_columns(t, "l", sql);
    str_add(sql, ", ");
    second_pass_columns(t, "s", sql);
    str_add(sql, ") AND ");
    match_condition(t->match, "s", "l", sql);
}

int write_second_pass(struct state *s, const struct job_table *t, struct error *err)
{
    struct str sql;
    size_t n = 0;
    str_init(&sql, 0);
    str_printf(&sql, "WITH u AS (UPDATE %s l SET ", t->t->quoted);
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
    str_add(&sql, " FROM");
    second_pass_rows(t, &sql);
    /* The whole statement sees the table as it was before: the rows to be written. */
    str_printf(&sql, " RETURNING 1) SELECT (SELECT count(*) FROM u), count(*) FROM %s l,",
               t->t->quoted);
    second_pass_rows(t, &sql);
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    if (!res)
        return err->code;
    int64_t written = pg_get_int(res, 0, 0), wanted = pg_get_int(res, 0, 1);
    pg_free(res);
    return written == wanted ? 0 : write_swallowed(t, "second pass", written, wanted, err);
}

/* The stage's part of the id map stays in its staging table until the run is finalized; what is
 * kept here is how to read it (state_schema.c): source key -> key of the row in the stage's
 * first table. */
int write_id_map(struct state *s, const struct job *job, const struct job_stage *st,
                 struct error *err)
{
    const struct job_table *t = &job->tables[st->tables[0]];
    const struct catalog_key *key = job_find_stage_key(job, st);
    const struct job_wait *own = job_find_own_wait(t, st);
    struct str map, sql;
    if (!key)
        return 0;
    str_init(&map, 0);
    str_add(&map, "SELECT ");
    if (own) /* a record may make several rows, each with a number of its own */
        str_printf(&map, "substr(s._mig_ref_%d, %zu)", own->column->attnum,
                   strlen(st->p->name) + 2);
    else
        str_add(&map, "s._mig_key");
    str_add(&map, " AS source_key, concat_ws(E'\\x1f'");
    for (size_t i = 0; i < key->n; i++) {
        str_add(&map, ", s.");
        sql_ident(&map, key->columns[i]);
    }
    str_printf(&map,
               ") AS final_key, s._mig_id AS at FROM %s s WHERE s._mig_state = 0 AND s._mig_record"
               " >> 52 = %zu",
               t->staging, st->no);
    if (own) {
        str_add(&map, " AND ");
        lookup_waits(own, "s", &map);
    }
    str_init(&sql, 0);
    str_printf(&sql, "UPDATE %s.run_stage SET map_sql = ", s->q);
    sql_literal(&sql, map.data);
    str_printf(&sql, " WHERE run = %lld AND name = ", (long long)s->run);
    sql_literal(&sql, st->p->name);
    int code = pg_exec_str(s->pg, &sql, err);
    str_clear(&map);
    return code;
}
